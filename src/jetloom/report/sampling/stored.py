"""What is known of jets that were drawn from a model: ``closure.json`` and what its figures show."""

from __future__ import annotations

from dataclasses import dataclass

from jetloom.evaluation.density.depth import Drift
from jetloom.evaluation.density.spectra import Curve
from jetloom.evaluation.statistics.agreement import Agreement
from jetloom.io.stored import Stored
from jetloom.report.stored import Left

NUMBERS, FIGURES = "closure.json", "closure_figures.json"


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


_LEFT = Left("sample_jets", NUMBERS, Numbers, FIGURES, Figures)
read_figures, read_numbers = _LEFT.read_figures, _LEFT.read_numbers
