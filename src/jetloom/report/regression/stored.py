"""What is known of the best regression: ``metrics.json`` for people and programs, ``figures.json`` for its figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetloom.evaluation.regression.numbers import Plane, Profile
from jetloom.evaluation.statistics.histogram import Distribution
from jetloom.io.records import read_record
from jetloom.io.stored import Stored, read_content

METRICS, FIGURES, PREDICTIONS = "metrics.json", "figures.json", "predictions.h5"
AGAIN, FIRST = "run jetloom evaluate again", "run jetloom evaluate first"


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
    jets: int
    effective_jets: float
    metrics: dict[str, dict[str, Any]]
    classes: dict[str, dict[str, Any]]


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
