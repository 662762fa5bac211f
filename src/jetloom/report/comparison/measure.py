"""A comparison of models: all numbers of it, and what its figures show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import ConfigurationError, near_misses
from jetloom.evaluation.classification.comparison import (
    Jets,
    areas,
    contest,
    correlations_of,
    edges_of,
    members,
)
from jetloom.evaluation.classification.confusion import Confusion, confusion
from jetloom.evaluation.classification.log_odds import log_odds
from jetloom.evaluation.ratio.separation import LogP, separation
from jetloom.evaluation.statistics.histogram import Distribution, central_edges, distributions
from jetloom.io.records import write_record
from jetloom.io.sealed import write_json
from jetloom.report.comparison.numbers import numbers
from jetloom.report.comparison.stored import FIGURES, NUMBERS, Figures, ModelShown, PairShown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jetloom.config.comparisons import Comparison
    from jetloom.evaluation.classification.aligned import Compared
    from jetloom.evaluation.ratio.head_weights import Weighting

Floats = npt.NDArray[np.float64]

LABELS = ("label", "true_label")
"""Columns of the labels: those that were used, and true ones."""

BINS = 30
"""Bins of the distributions of log ratios and of -log P."""


def compare(
    compared: Compared, settings: Comparison, output: Path, weightings: Mapping[str, Weighting] | None = None
) -> dict[str, Any]:
    """Compare models, and write all that the figures and tables show.

    Parameters
    ----------
    compared : Compared
        The models' predictions.
    settings : Comparison
    output : Path
        Directory of the results.
    weightings : mapping of str to Weighting, optional
        By ratio whose heads are weighed.

    Returns
    -------
    dict
        What ``comparison.json`` holds.
    """
    jets = {labels: jets_of(compared, labels) for labels in LABELS}
    found = {labels: contest(mine, compared.draws) for labels, mine in jets.items()}
    used, true = (jets[labels] for labels in LABELS)
    variable = compared.rows[settings.variable][compared.chosen("label")]
    edges = edges_of(variable, settings.edges, settings.bins)
    inside = members(variable, edges)
    figures = Figures(
        fold=compared.fold,
        order=list(compared.log_ratios),
        contest=found["label"],
        areas=areas(used, variable, edges, compared.draws),
        correlations=[correlations_of(used.log_ratios[:, own]) for own in (~used.signal, used.signal)],
        models={name: _model(used, true, place, inside) for place, name in enumerate(compared.log_ratios)},
        pairs={name: _pair(compared, name) for name in settings.pairs},
        alike=np.array_equal(used.signal, true.signal),
    )
    results = numbers(compared.classes, found, figures, weightings or {})
    write_record(output / FIGURES, figures)
    write_json(output / NUMBERS, results)
    return results


def require_spectator(settings: Comparison, name: str, description: Mapping[str, Any]) -> None:
    """See that the variable of the bins is a spectator of the tasks, by the description of their dataset.

    Raises
    ------
    ConfigurationError
        If it is none; ``name`` is that of the comparison.
    """
    known = [entry["column"] for entry in description["spectators"]]
    if settings.variable not in known:
        raise ConfigurationError(
            f"'{settings.variable}' is no spectator of '{settings.tasks[0]}'",
            where=f"comparisons.{name}.variable",
            advice=near_misses(settings.variable, known),
        )


def jets_of(compared: Compared, labels: str) -> Jets:
    """Return the jets of both classes by a column of labels."""
    chosen = compared.chosen(labels)
    rows = compared.rows[chosen]
    ratios = np.stack([values[chosen] for values in compared.log_ratios.values()])
    return Jets(rows[labels] == 1, ratios, rows["weight"].astype(np.float64), compared.events[chosen])


def _model(used: Jets, true: Jets, place: int, inside: list[npt.NDArray[np.int64]]) -> ModelShown:
    """Measure what the figures of one model show, with the jets of each bin of the variable."""
    ratios = used.log_ratios[place]
    edges = central_edges(ratios, BINS)
    return ModelShown(
        odds=log_odds(used.signal, ratios, used.weights),
        scores=[_by_class(used.signal[own], ratios[own], used.weights[own], edges) for own in inside],
        used=_confusion(used, place),
        true=_confusion(true, place),
    )


def _pair(compared: Compared, name: str) -> PairShown:
    """Measure what the figures of a pair of densities show."""
    chosen = compared.chosen("label")
    rows, events = compared.rows[chosen], compared.events[chosen]
    signal, weights = rows["label"] == 1, rows["weight"].astype(np.float64)
    by_head = [part[chosen] for part in compared.heads[name]]
    of_signal, of_background = (part[chosen] for part in compared.log_p[name])
    shared = central_edges(-np.concatenate([of_signal, of_background]), BINS)
    ratio = of_signal - of_background
    return PairShown(
        _by_class(signal, -of_background, weights, shared),
        _by_class(signal, -of_signal, weights, shared),
        _by_class(signal, ratio, weights, central_edges(ratio, BINS)),
        separation(LogP(signal, by_head[0], by_head[1], weights, events), compared.draws),
    )


def _by_class(signal: npt.NDArray[np.bool_], values: Floats, weights: Floats, edges: Floats) -> list[Distribution]:
    return distributions([(values[own], weights[own]) for own in (~signal, signal)], edges)


def _confusion(jets: Jets, place: int) -> Confusion:
    ratio = jets.log_ratios[place]
    return confusion(jets.signal.astype(np.int64), np.stack([-ratio, ratio], axis=1), jets.weights)
