"""One call for notebooks: a task's dataset as arrays or a data frame, its scan, its best model and what that says.

>>> from jetloom.notebook import load
>>> task = load("my.yaml", "flavour")                                            # doctest: +SKIP
>>> task.frame("test").groupby("class")["pt"].mean()                             # doctest: +SKIP
>>> x, y, weights = task.arrays("train")                                         # doctest: +SKIP
>>> task.scores("test")[["class", "score_gluon"]]                                # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.config.load import find_task, load_analysis
from jetloom.data.dataset import Dataset
from jetloom.data.features import input_matrix
from jetloom.data.view import View
from jetloom.inference.prediction import load_model, predict
from jetloom.models.registry import find_model
from jetloom.scan.result_file import verify_file
from jetloom.scan.table.collected import Scan, best_of, read_scan

if TYPE_CHECKING:
    import pandas as pd

Role = Literal["train", "validation", "test"]
CLASS = "class"


@dataclass(frozen=True)
class Loaded:
    """A task with all that was made of it so far. What is asked for is read then, and checked.

    Attributes
    ----------
    analysis : Analysis
    name : str
        The task.
    fold : int or None
        The fold of a cross-validation whose parts are meant.
    """

    analysis: Analysis
    name: str
    fold: int | None = None

    @cached_property
    def dataset(self) -> Dataset:
        """The task's dataset, held against its digests."""
        found = Dataset.open(paths.dataset(self.analysis, self.name))
        found.verify()
        return found

    @property
    def view(self) -> View:
        """The parts by role, and what was fitted of them."""
        return self.dataset.view(self.fold)

    @property
    def classes(self) -> list[str]:
        """The classes, in the order of labels and scores."""
        return self.dataset.classes

    @property
    def inputs(self) -> list[str]:
        """The columns of the inputs, in their order."""
        return self.view.facts.rows.names

    def rows(self, role: Role) -> npt.NDArray[np.void]:
        """Return all rows of a part as a structured array: inputs, labels, weights, keys of events, spectators."""
        parts = list(self.view.jet_rows(role))
        return np.concatenate(parts)

    def frame(self, role: Role) -> pd.DataFrame:
        """Return all rows of a part as a data frame; ``class`` is the name of the label, empty where there is none."""
        import pandas as pd

        found = pd.DataFrame.from_records(self.rows(role))
        found[CLASS] = [self.classes[label] if label >= 0 else "" for label in found["label"]]
        return found

    def arrays(self, role: Role) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Return inputs, labels and weights of the rows of a part that have a class.

        Returns
        -------
        inputs : float32 array, shape (rows, inputs)
            NaN where a value is missing, which the models fill inside.
        labels : int32 array, shape (rows,)
        weights : float32 array, shape (rows,)
            Those of the training.
        """
        rows = self.rows(role)
        rows = rows[rows["label"] >= 0]
        return input_matrix(rows, self.inputs), rows["label"].copy(), rows[self.view.weight].copy()

    @cached_property
    def scan(self) -> Scan:
        """The collected scan: ``scan.points`` and ``scan.histories`` are data frames."""
        return read_scan(paths.scan(self.analysis, self.name))

    @cached_property
    def model(self) -> Any:
        """The best model of the scan: a Keras model with its preprocessing inside, or boosted trees."""
        task, directory = find_task(self.analysis, self.name), paths.scan(self.analysis, self.name)
        kind, best = find_model(task.model), best_of(self.scan.facts, directory)
        if kind.trainer == "network":
            from jetloom.training.backends.backend import use_backend

            use_backend(task.training.backend, task.training.threads)
        return load_model(verify_file(directory / best.point / best.run, kind.file))

    def scores(self, role: Role = "test") -> pd.DataFrame:
        """Return the data frame of a part with what the best model says of each row, a column an output."""
        kind, view = find_model(find_task(self.analysis, self.name).model), self.view
        outputs = [output for _, output in predict(self.model, kind, view, role)]
        found = self.frame(role)
        for name, values in zip(kind.objective.columns(view.facts), np.concatenate(outputs).T, strict=True):
            found[name] = values
        return found


def load(config: str | Path, task: str | None = None, fold: int | None = None) -> Loaded:
    """Return a task with its dataset, its scan and its best model, each read when it is asked for.

    Parameters
    ----------
    config : path-like
        The configuration of the analysis; its results are those below the working directory.
    task : str, optional
        The task; the only one if not given.
    fold : int, optional
        Of a cross-validation; that of the best model if not given and there is a scan, else the first.

    Raises
    ------
    ConfigurationError
        If there is no such task, or no such fold.
    """
    analysis = load_analysis(Path(config))
    name = task or (next(iter(analysis.tasks)) if len(analysis.tasks) == 1 else "")
    settings = find_task(analysis, name)
    if settings.split.folds and fold is None:
        directory = paths.scan(analysis, name)
        collected = (directory / "scan.json").is_file()
        fold = (best_of(read_scan(directory).facts, directory).fold if collected else None) or 0
    return Loaded(analysis, name, fold)
