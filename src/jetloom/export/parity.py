"""Parity: what an exported file says, held against Keras on the same rows. A miss is an error, and leaves no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jetloom.errors import ParityError
from jetloom.export.format import Format
from jetloom.export.subject import Subject

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """Rows on which a file is compared.

    Attributes
    ----------
    title : str
        What they are.
    features : mapping of str to array
        By input of the network.
    special : {"", "missing", "infinite"}
        What is in them that a format may not hold.
    """

    title: str
    features: Mapping[str, Array]
    special: Literal["", "missing", "infinite"] = ""

    def __len__(self) -> int:
        return len(next(iter(self.features.values())))


@dataclass(frozen=True)
class Comparison:
    """How far a file is from Keras on some rows."""

    title: str
    rows: int
    inputs: list[str]
    largest: float
    typical: float
    """The median over the rows."""
    beyond: int
    """Rows that deviate by more than the limit."""
    limit: float
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def deviations(expected: Sequence[Array], found: Sequence[Array]) -> Array:
    """Return the largest deviation of each row, over all outputs, relative to max(1, |output|).

    Values that are NaN, or infinite with one sign, in both are equal; in one of them, infinitely far.
    """
    total = np.zeros(len(expected[0]))
    for one, other in zip(expected, found, strict=True):
        if one.shape != other.shape:
            raise ParityError(f"gives outputs of shape {other.shape}, and Keras {one.shape}")
        first, second = one.astype(float), other.astype(float)
        same = (first == second) | (np.isnan(first) & np.isnan(second))
        with np.errstate(invalid="ignore"):
            far = np.abs(first - second) / np.maximum(1.0, np.abs(first))
        far = np.where(same, 0.0, np.where(np.isfinite(far), far, np.inf))
        total = np.maximum(total, far.reshape(len(far), -1).max(axis=1, initial=0.0))
    return total


def compare(form: Format, subject: Subject, path: Path, rows: Rows) -> Comparison:
    """Compare a file with Keras on some rows."""
    note, given, asked = "", dict(rows.features), dict(rows.features)
    if rows.special and not form.holds_missing:
        given, note = subject.filled(given), "after filling: the format holds no missing values"
        asked = given if rows.special == "infinite" else asked
    elif rows.special == "infinite" and form.replaces_infinities:
        asked, note = subject.filled(asked), "its replacer fills them; Keras was given the same values"
    far = deviations(subject.outputs(asked), form.evaluate(subject, path, given))
    limit = form.tolerance.limit
    beyond = int((far > limit).sum())
    names = list(subject.graph.inputs)
    return Comparison(rows.title, len(rows), names, float(far.max()), float(np.median(far)), beyond, limit, note)


def hold(form: Format, found: Comparison) -> None:
    """Refuse a comparison that is not within the tolerance of a format.

    Raises
    ------
    ParityError
        It names the format, the rows, the deviation and what is allowed.
    """
    tolerance = form.tolerance
    if found.largest <= tolerance.at_most and found.beyond <= tolerance.share * found.rows:
        return
    raise ParityError(
        f"differs from Keras by up to {found.largest:.2g} on {found.title} ({found.beyond} of {found.rows} rows are "
        f"beyond {tolerance.limit:g})",
        where=form.name,
        advice="no file was written; tell us of it, with the .keras file",
    )
