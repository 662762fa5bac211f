"""The evaluation of the best density model: log P, metrics with their uncertainties, and what the figures show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.density.files import COLUMNS, write_predictions
from jetloom.evaluation.density.heads import head_numbers, head_sums, heads_shown
from jetloom.evaluation.density.log_p import LogProbabilities
from jetloom.evaluation.density.surprise import by_class, mean_surprise
from jetloom.evaluation.statistics.bootstrap import KEYS, Draws, event_keys
from jetloom.evaluation.statistics.histogram import Distribution, central_edges, distributions
from jetloom.io.records import write_record
from jetloom.io.sealed import write_json
from jetloom.report.density.stored import FIGURES, METRICS, PREDICTIONS, Figures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.report.subject import Subject

Rows = npt.NDArray[np.void]
Floats = npt.NDArray[np.float64]

BINS = 40
"""Bins of the distributions of -log P."""


def evaluate(subject: Subject, output: Path) -> dict[str, Any]:
    """Evaluate a density model on the test part, and write all that its figures and tables show.

    Parameters
    ----------
    subject : Subject
        The metrics are of the classes that it has learnt; log P is given for all jets.
    output : Path
        Directory of the results.

    Returns
    -------
    dict
        What ``metrics.json`` holds.
    """
    network, model, dataset, view = subject.network, subject.model, subject.dataset, subject.view
    log_p = LogProbabilities(network, model, view.facts)
    what = subject.spectators, output / PREDICTIONS, dataset.fingerprint, subject.draws
    rows = write_predictions(log_p, view, *what)
    expected, own = model.expected(network), [dataset.classes.index(name) for name in subject.learnt]
    sums = {} if expected is None else head_sums(expected, network, model, view, "test", own)
    results = density_numbers(rows, dataset.classes, subject.learnt, subject.draws)
    results |= {"heads": head_numbers(sums)} | subject.identity()
    surprise, classes = -rows["log_p"].astype(np.float64), len(dataset.classes)
    figures = Figures(
        _distributions(rows, surprise, classes),
        _distributions(rows, surprise / (rows["n_branchings"] + 1), classes),
        heads_shown(sums, view.facts.trees or {}),
    )
    write_record(output / FIGURES, figures)
    write_json(output / METRICS, results)
    return results


def _distributions(rows: Rows, values: Floats, classes: int) -> list[Distribution]:
    """Return the distribution of a value of each jet by class."""
    edges = central_edges(values[rows["label"] >= 0], BINS)
    members = [rows["label"] == index for index in range(classes)]
    return distributions([(values[own], rows["weight"][own]) for own in members], edges)


def density_numbers(rows: Rows, classes: Sequence[str], learnt: Sequence[str], draws: Draws) -> dict[str, Any]:
    """Return the metrics from the rows of ``predictions.h5``: of the classes that were learnt, and of each class."""
    log_p = np.stack([rows[name] for name in COLUMNS], axis=1).astype(np.float64)
    events = event_keys(*(rows[key] for key in KEYS))
    own = np.isin(rows["label"], [classes.index(name) for name in learnt])
    columns = {"label": rows["label"], "weight": rows["weight"], "event": events}
    return {
        "jets": len(rows),
        "learnt": list(learnt),
        "metrics": mean_surprise(log_p[own], rows["weight"][own], events[own], draws),
        "classes": by_class(log_p, columns, classes, draws),
    }
