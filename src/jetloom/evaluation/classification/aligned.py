"""Several models on the same jets: their predictions read side by side, after a look that they belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import ConfigurationError, CorruptFileError, MissingObjectError, StaleError
from jetloom.evaluation.classification.roc import discriminant
from jetloom.evaluation.density.files import by_head
from jetloom.evaluation.statistics.bootstrap import KEYS, Draws, event_keys
from jetloom.io.hdf5.tables import TableReader

Rows = npt.NDArray[np.void]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """``predictions.h5`` of one task's best model."""

    path: Path
    rows: Rows
    classes: list[str]
    fold: int | None
    dataset: str
    """Fingerprint of the dataset."""
    draws: Draws
    """Of the replicas that all figures of these predictions share."""

    @classmethod
    def read(cls, path: Path) -> Predictions:
        """Read a file; it must have been written by ``jetloom evaluate``.

        Raises
        ------
        MissingFileError, CorruptFileError, MissingObjectError
            If it is not there or cannot be read.
        """
        with TableReader(path) as reader:
            facts = [reader.attribute(name) for name in ("classes", "fold", "dataset")]
            classes, fold, dataset = facts
            return cls(path, reader.read("jets"), classes, fold, dataset, draws_of(reader))

    def column(self, name: str, what: str) -> Floats:
        """Return a column.

        Raises
        ------
        ConfigurationError
            If the model does not give it.
        """
        if name not in (self.rows.dtype.names or ()):
            raise ConfigurationError(f"has no column '{name}': its model is no {what}", path=self.path)
        return self.rows[name].astype(np.float64)


def draws_of(reader: TableReader) -> Draws:
    """Return what the replicas of stored predictions are drawn from.

    Raises
    ------
    StaleError
        If the predictions were made by an older jetloom, which did not store it.
    """
    try:
        return Draws(**reader.attribute("bootstrap"))
    except (MissingObjectError, TypeError):
        raise StaleError(
            "does not say of what the replicas of its uncertainties are drawn",
            path=reader.path,
            advice="evaluate it again",
        ) from None


@dataclass(frozen=True)
class Compared:
    """Jets of the test part and what each model says of them. All arrays have one entry a jet.

    Attributes
    ----------
    classes : list of str
        Background and signal: the first two classes of the labels.
    rows : structured array
        Labels, keys, weights and spectators.
    log_ratios : dict of str to float64 array
        By model, log(P_signal / P_background): of a classifier from its probabilities, of a pair of density models the
        difference of log P.
    log_p : dict of str to (array, array)
        By pair of density models, log P of the signal's and of the background's.
    heads : dict of str to (array, array)
        The same by head, arrays of shape (n, 6).
    fold : int or None
        The fold whose test part the jets are.
    dataset : str
        Fingerprint of the dataset.
    draws : Draws
        Of the replicas that all figures of these jets share.
    """

    classes: list[str]
    rows: Rows
    log_ratios: dict[str, Floats]
    log_p: dict[str, tuple[Floats, Floats]]
    heads: dict[str, tuple[Floats, Floats]]
    fold: int | None
    dataset: str
    draws: Draws

    @property
    def events(self) -> npt.NDArray[np.uint64]:
        """The key of each jet's event, for the bootstrap."""
        return event_keys(*(self.rows[key] for key in KEYS))

    def chosen(self, labels: str) -> npt.NDArray[np.bool_]:
        """Say which jets are signal or background by ``label``, or by ``true_label``: then those with a truth alone."""
        return np.isin(self.rows[labels], (0, 1))


def compared(tasks: Mapping[str, Path], ratios: Mapping[str, tuple[Path, Path]]) -> Compared:
    """Read the predictions of several models of the same jets.

    Parameters
    ----------
    tasks : mapping of str to Path
        Predictions of classifiers by name.
    ratios : mapping of str to (Path, Path)
        Predictions of the density models of signal and background, by the name of the pair.

    Raises
    ------
    StaleError
        If they were made of different datasets.
    ConfigurationError
        If they were made of different folds, have fewer than two classes, or a model is not of the kind it should be.
    CorruptFileError
        If their jets are not the same, in the same order.
    """
    read = {path: Predictions.read(path) for path in [*tasks.values(), *(p for pair in ratios.values() for p in pair)]}
    first, *others = read.values()
    for other in others:
        _require_same(first, other)
    if len(first.classes) < 2:
        raise ConfigurationError("a comparison needs two classes", path=first.path)
    background, signal = first.classes[:2]
    log_ratios, log_p, heads = {}, {}, {}
    for name, path in tasks.items():
        columns = [read[path].column(f"score_{kind}", "classifier") for kind in (background, signal)]
        log_ratios[name] = discriminant(np.stack(columns, axis=1), 1, 0)
    for name, (of_signal, of_background) in ratios.items():
        pair = tuple(read[path].column("log_p", "density model") for path in (of_signal, of_background))
        log_ratios[name], log_p[name] = pair[0] - pair[1], (pair[0], pair[1])
        heads[name] = by_head(read[of_signal].rows), by_head(read[of_background].rows)
    return Compared([background, signal], first.rows, log_ratios, log_p, heads, first.fold, first.dataset, first.draws)


def _require_same(first: Predictions, other: Predictions) -> None:
    """See that two files hold the same jets of the same dataset in the same order."""
    if other.dataset != first.dataset:
        raise StaleError(
            f"was made of another dataset than '{first.path}'", path=other.path, advice="evaluate it again"
        )
    if other.fold != first.fold:
        words = f"its model tests fold {other.fold}, that of '{first.path}' fold {first.fold}"
        raise ConfigurationError(words, path=other.path, advice="compare models of a dataset without folds")
    if other.draws != first.draws:
        raise StaleError(
            f"its uncertainties were drawn otherwise than those of '{first.path}'",
            path=other.path,
            advice="evaluate both again",
        )
    if other.classes != first.classes or len(other.rows) != len(first.rows):
        raise CorruptFileError(f"its jets or classes are not those of '{first.path}'", path=other.path)
    for name in (*KEYS, "label", "true_label", "weight"):
        if (wrong := np.flatnonzero(_column(first, name) != _column(other, name))).size:
            raise CorruptFileError(
                f"its jets are not those of '{first.path}': row {wrong[0]} has another {name}", path=other.path
            )


def _column(predictions: Predictions, name: str) -> npt.NDArray[Any]:
    if name not in (predictions.rows.dtype.names or ()):
        raise StaleError(f"has no column '{name}'", path=predictions.path, advice="evaluate it again")
    return predictions.rows[name]
