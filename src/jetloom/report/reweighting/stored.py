"""What is known of a reweighting: ``reweighting.json`` and what its figure shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jetloom.evaluation.density.spectra import Curve
from jetloom.evaluation.statistics.agreement import Agreement
from jetloom.io.stored import Stored
from jetloom.report.stored import Left

NUMBERS, FIGURES, WEIGHTS = "reweighting.json", "figures.json", "weights.h5"


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


_LEFT = Left("reweight", NUMBERS, Numbers, FIGURES, Figures)
read_figures, read_numbers = _LEFT.read_figures, _LEFT.read_numbers
