"""What is known of the best classifier: ``metrics.json`` for people and programs, ``figures.json`` for its figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetloom.evaluation.classification.binned import Performance
from jetloom.evaluation.classification.calibration import Calibration
from jetloom.evaluation.classification.confusion import Confusion
from jetloom.evaluation.classification.roc import Roc
from jetloom.evaluation.statistics.histogram import Distribution
from jetloom.io.records import read_record
from jetloom.io.stored import Stored, read_content

METRICS, FIGURES = "metrics.json", "figures.json"
AGAIN, FIRST = "run jetloom evaluate again", "run jetloom evaluate first"


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
    """

    train: list[list[Distribution]]
    test: list[list[Distribution]]
    roc: list[Roc]
    used: Confusion
    true: Confusion
    alike: bool
    calibration: list[Calibration]
    performance: dict[str, list[Performance]]


class Metrics(Stored):
    """What the page of metrics reads."""

    point: str
    run: str
    ranked_by: str
    jets: int
    effective_jets: float
    metrics: dict[str, dict[str, Any]]
    true_labels: dict[str, Any]
    classes: dict[str, dict[str, Any]]
    roc: list[dict[str, Any]]


def read_figures(directory: Path) -> Figures:
    """Read what the figures show.

    Raises
    ------
    MissingFileError, CorruptFileError
        If it is not there, damaged, or of another shape.
    """
    return read_record(directory / FIGURES, Figures, AGAIN, FIRST)


def read_metrics(directory: Path) -> dict[str, Any]:
    """Read the metrics.

    Raises
    ------
    MissingFileError, CorruptFileError
        If they are not there, damaged, or of another shape.
    """
    return read_content(directory / METRICS, Metrics, AGAIN, FIRST)
