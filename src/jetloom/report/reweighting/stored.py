"""What is known of a reweighting: ``reweighting.json`` and what its figure shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetloom.evaluation.density.spectra import Curve
from jetloom.evaluation.statistics.agreement import Agreement
from jetloom.io.records import read_record
from jetloom.io.stored import Stored, read_content

NUMBERS, FIGURES, WEIGHTS = "reweighting.json", "figures.json", "weights.h5"
AGAIN, FIRST = "run jetloom reweight again", "run jetloom reweight first"


@dataclass(frozen=True)
class Figures:
    """What the figure of a reweighting shows.

    Attributes
    ----------
    target, plain, weighted : dict of str to Curve
        By spectrum: of the class that is aimed at, and of the other one as it is and reweighted.
    before, after : dict of str to Agreement
        By spectrum: of both with the class that is aimed at.
    """

    target: dict[str, Curve]
    plain: dict[str, Curve]
    weighted: dict[str, Curve]
    before: dict[str, Agreement]
    after: dict[str, Agreement]


class Numbers(Stored):
    """What figure and table read of ``reweighting.json``."""

    source: str
    target: str
    jets: int
    effective_jets_before: float
    effective_jets_after: float
    clipped: float
    limited: int
    limit: float
    spectra: dict[str, dict[str, Any]]


def read_figures(directory: Path) -> Figures:
    """Read what the figure shows.

    Raises
    ------
    MissingFileError, CorruptFileError
        If it is not there, damaged, or of another shape.
    """
    return read_record(directory / FIGURES, Figures, AGAIN, FIRST)


def read_numbers(directory: Path) -> dict[str, Any]:
    """Read the numbers.

    Raises
    ------
    MissingFileError, CorruptFileError
        If they are not there, damaged, or of another shape.
    """
    return read_content(directory / NUMBERS, Numbers, AGAIN, FIRST)
