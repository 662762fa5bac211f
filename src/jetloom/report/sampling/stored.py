"""What is known of jets that were drawn from a model: ``closure.json`` and what its figures show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetloom.evaluation.density.depth import Drift
from jetloom.evaluation.density.spectra import Curve
from jetloom.evaluation.statistics.agreement import Agreement
from jetloom.io.records import read_record
from jetloom.io.stored import Stored, read_content

NUMBERS, FIGURES = "closure.json", "closure_figures.json"
AGAIN, FIRST = "run jetloom sample_jets again", "run jetloom sample_jets first"


@dataclass(frozen=True)
class Figures:
    """What the figures of a sample show.

    Attributes
    ----------
    data, drawn : dict of str to Curve
        By spectrum: of the jets of the test part that the model learnt, and of those drawn from it.
    agreement : dict of str to Agreement
        By spectrum.
    depth : dict of str to Drift
        By quantity: both by step from the root on.
    """

    data: dict[str, Curve]
    drawn: dict[str, Curve]
    agreement: dict[str, Agreement]
    depth: dict[str, Drift]


class Numbers(Stored):
    """What the figures read of ``closure.json``."""

    jets: int
    learnt: list[str]
    constituents: dict[str, float]


def read_figures(directory: Path) -> Figures:
    """Read what the figures show.

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
