"""The evaluation of the best regression: predictions, metrics with their uncertainties, and what the figures show."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.config.tasks.task import TARGET
from jetloom.data.building.labels import UNLABELLED
from jetloom.evaluation.regression.numbers import BINS, Predicted, plane, profile, spread
from jetloom.evaluation.statistics.bootstrap import KEYS, event_keys
from jetloom.evaluation.statistics.histogram import central_edges, distributions
from jetloom.inference.prediction import predict
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import TableWriter, check_file
from jetloom.io.records import write_record
from jetloom.io.sealed import write_json
from jetloom.report.regression.stored import FIGURES, METRICS, PREDICTIONS, Figures
from jetloom.statistics.meaning import WeightSums

if TYPE_CHECKING:
    from pathlib import Path

    from jetloom.data.collections import Rows
    from jetloom.report.subject import Subject


def evaluate(subject: Subject, output: Path) -> dict[str, Any]:
    """Evaluate a regression on the test part, and write all that its figures and tables show.

    Parameters
    ----------
    subject : Subject
    output : Path
        Directory of the results.

    Returns
    -------
    dict
        What ``metrics.json`` holds.
    """
    rows = _predict_test(subject, output / PREDICTIONS)
    jets, draws, classes = _jets(rows), subject.draws, subject.dataset.classes
    groups = [rows["label"] == index for index in range(len(classes))]
    residuals = jets.residuals
    edges = central_edges(residuals, BINS)
    figures = Figures(
        plane(jets),
        distributions([(residuals[own], jets.weights[own]) for own in groups], edges),
        profile(jets, draws),
    )
    results = _numbers(jets, subject) | {
        "classes": {name: _numbers(jets.take(own), subject) for name, own in zip(classes, groups, strict=True)}
    }
    results |= subject.identity()
    write_record(output / FIGURES, figures)
    write_json(output / METRICS, results)
    return results


def _numbers(jets: Predicted, subject: Subject) -> dict[str, Any]:
    return {
        "jets": len(jets.target),
        "effective_jets": WeightSums.of(jets.weights).effective,
        "metrics": {name: figure.entry() for name, figure in spread(jets, subject.draws).items()},
    }


def _jets(rows: Rows) -> Predicted:
    target, predicted, weights = (rows[name].astype(np.float64) for name in (TARGET, "predicted", "weight"))
    return Predicted(target, predicted, weights, event_keys(*(rows[key] for key in KEYS)))


def _predict_test(subject: Subject, path: Path) -> Rows:
    """Predict the test part, write the predictions, and keep the jets that have a class."""
    view, names = subject.view, ("label", "true_label", "event_weight", *KEYS, TARGET)
    spectators = [name for name in subject.spectators if name != TARGET]
    fields = [("label", "<i4"), ("true_label", "<i4"), ("weight", "<f4"), ("event_weight", "<f4")]
    fields += [("run_number", "<u4"), ("event_number", "<u8"), ("sample", "u1")]
    dtype = np.dtype(fields + [(name, "<f4") for name in (*spectators, TARGET, "predicted")])
    kept = [np.zeros(0, dtype)]
    with publishing(path, check_file) as part, TableWriter(part, {"jets": (dtype, None)}) as writer:
        writer.attributes = {"fold": view.fold, "dataset": subject.dataset.fingerprint}
        writer.attributes |= {"bootstrap": asdict(subject.draws)}
        for block, predicted in predict(subject.network, subject.model, view, "test"):
            rows = np.zeros(len(block), dtype)
            for name in (*names, *spectators):
                rows[name] = block[name]
            rows["weight"], rows["predicted"] = block[view.weight], predicted[:, 0]
            writer.append(jets=rows)
            kept.append(rows[rows["label"] != UNLABELLED])
    return np.concatenate(kept)
