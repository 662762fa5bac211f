"""What is known of a comparison: ``comparison.json`` for people and programs, ``figures.json`` for its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jetloom.evaluation.classification.comparison import Areas, Contest, Correlations
from jetloom.evaluation.classification.confusion import Confusion
from jetloom.evaluation.classification.log_odds import LogOdds
from jetloom.evaluation.ratio.separation import Separation
from jetloom.evaluation.statistics.histogram import Distribution
from jetloom.io.stored import Stored
from jetloom.report.stored import Left

NUMBERS, FIGURES = "comparison.json", "figures.json"


@dataclass(frozen=True)
class PairShown:
    """What the figures of a pair of densities show; distributions are of background, then of signal jets.

    Attributes
    ----------
    under_background, under_signal : lists of Distribution
        -log P under the density of each class, in nats.
    log_ratio : list of Distribution
        log(P(signal) / P(background)).
    separation : Separation
    """

    under_background: list[Distribution]
    under_signal: list[Distribution]
    log_ratio: list[Distribution]
    separation: Separation


@dataclass(frozen=True)
class ModelShown:
    """What the figures of one model show.

    Attributes
    ----------
    odds : LogOdds
        What it says of the log ratio, and what is observed.
    scores : list of lists of Distribution
        Of its log ratio: by bin of the variable, then of background and signal jets.
    used, true : Confusion
        By the labels that were used, and of jets with a true label.
    """

    odds: LogOdds
    scores: list[list[Distribution]]
    used: Confusion
    true: Confusion


@dataclass(frozen=True)
class Figures:
    """What the figures show, but for the trees: those are drawn from the predictions.

    Attributes
    ----------
    fold : int or None
        The fold whose test part the jets are.
    order : list of str
        Names of the models, in the order of legends.
    contest : Contest
        By the labels that were used.
    areas : Areas
    correlations : list of Correlations
        Of background, then of signal jets.
    models : dict of str to ModelShown
    pairs : dict of str to PairShown
        By the name of the plainest ratio of each pair of densities.
    alike : bool
        Whether each jet has its true label.
    """

    fold: int | None
    order: list[str]
    contest: Contest
    areas: Areas
    correlations: list[Correlations]
    models: dict[str, ModelShown]
    pairs: dict[str, PairShown]
    alike: bool


class Numbers(Stored):
    """What the page of tables reads."""

    background: str
    signal: str
    labels: dict[str, dict[str, Any]]
    bins: dict[str, Any]
    log_odds: dict[str, dict[str, Any]]
    densities: dict[str, dict[str, Any]]
    head_weights: dict[str, dict[str, Any]]


_LEFT = Left("compare", NUMBERS, Numbers, FIGURES, Figures)
read_figures, read_numbers = _LEFT.read_figures, _LEFT.read_numbers
