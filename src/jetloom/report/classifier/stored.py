"""What is known of the best classifier: ``metrics.json`` for people and programs, ``figures.json`` for its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jetloom.evaluation.classification.binned import Performance
from jetloom.evaluation.classification.calibration import Calibration
from jetloom.evaluation.classification.confusion import Confusion
from jetloom.evaluation.classification.roc import Roc
from jetloom.evaluation.classification.yields import Significance, Stacked
from jetloom.evaluation.statistics.histogram import Distribution
from jetloom.io.stored import Stored
from jetloom.report.stored import Left

METRICS, FIGURES = "metrics.json", "figures.json"


@dataclass(frozen=True)
class Figures:
    """What the figures show.

    Attributes
    ----------
    train, test : lists of lists of Distribution
        Of the scores of the training and of the test part: by the class that is scored, then by true class.
    roc : list of Roc
        One a pair of classes.
    used, true : Confusion
        By the labels that were used, and of jets with a true label.
    alike : bool
        Whether each jet has its true label.
    calibration : list of Calibration
        One a class.
    performance : dict of str to list of Performance
        By column of the variable, one a pair of classes.
    stacked : list of Stacked
        Of events: one a class that is scored. Of jets none.
    significance : list of Significance
        One, where there are conditions.
    """

    train: list[list[Distribution]]
    test: list[list[Distribution]]
    roc: list[Roc]
    used: Confusion
    true: Confusion
    alike: bool
    calibration: list[Calibration]
    performance: dict[str, list[Performance]]
    stacked: list[Stacked]
    significance: list[Significance]


class Metrics(Stored):
    """What the page of metrics reads."""

    point: str
    run: str
    ranked_by: str
    warnings: list[str]
    jets: int
    effective_jets: float
    metrics: dict[str, dict[str, Any]]
    true_labels: dict[str, Any]
    classes: dict[str, dict[str, Any]]
    roc: list[dict[str, Any]]


_LEFT = Left("evaluate", METRICS, Metrics, FIGURES, Figures)
read_figures, read_metrics = _LEFT.read_figures, _LEFT.read_numbers
