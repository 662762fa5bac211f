"""What is known of the best regression: ``metrics.json`` for people and programs, ``figures.json`` for its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jetloom.evaluation.regression.numbers import Plane, Profile
from jetloom.evaluation.statistics.histogram import Distribution
from jetloom.io.stored import Stored
from jetloom.report.stored import Left

METRICS, FIGURES, PREDICTIONS = "metrics.json", "figures.json", "predictions.h5"


@dataclass(frozen=True)
class Figures:
    """What the figures show.

    Attributes
    ----------
    plane : Plane
        Predicted against true values.
    residuals : list of Distribution
        Of predicted less true values, one a class.
    profile : Profile
        Bias and resolution in bins of the true value.
    """

    plane: Plane
    residuals: list[Distribution]
    profile: Profile


class Metrics(Stored):
    """What the page of metrics reads."""

    point: str
    run: str
    ranked_by: str
    warnings: list[str]
    jets: int
    effective_jets: float
    metrics: dict[str, dict[str, Any]]
    classes: dict[str, dict[str, Any]]


_LEFT = Left("evaluate", METRICS, Metrics, FIGURES, Figures)
read_figures, read_metrics = _LEFT.read_figures, _LEFT.read_numbers
