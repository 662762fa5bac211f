"""What is known of the best density model: metrics, predictions, and ``figures.json`` for its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jetloom.evaluation.density.heads import HeadShown
from jetloom.evaluation.statistics.histogram import Distribution
from jetloom.io.stored import Stored
from jetloom.report.stored import Left

METRICS, FIGURES, PREDICTIONS = "metrics.json", "figures.json", "predictions.h5"


@dataclass(frozen=True)
class Figures:
    """What the figures show, but for the trees: those are drawn from the predictions.

    Attributes
    ----------
    log_p, per_constituent : lists of Distribution
        Of -log P of the jets of each class, and of the same over the number of constituents, in nats.
    heads : dict of str to HeadShown
        Data against model; none of a model that cannot say what it expects.
    """

    log_p: list[Distribution]
    per_constituent: list[Distribution]
    heads: dict[str, HeadShown]


class Metrics(Stored):
    """What the page of metrics reads."""

    point: str
    run: str
    fold: int | None
    ranked_by: str
    warnings: list[str]
    jets: int
    learnt: list[str]
    classes: dict[str, dict[str, Any]]
    heads: dict[str, dict[str, Any]]


_LEFT = Left("evaluate", METRICS, Metrics, FIGURES, Figures)
read_figures, read_metrics = _LEFT.read_figures, _LEFT.read_numbers
