"""The evaluation of the best classifier: predictions, metrics with their uncertainties, and what the figures show."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.data.building.conditions import CONDITION
from jetloom.data.building.labels import UNLABELLED
from jetloom.evaluation.classification import numbers as report
from jetloom.evaluation.classification.yields import scales_of, significances, stacked
from jetloom.evaluation.statistics.bootstrap import KEYS, event_keys
from jetloom.evaluation.statistics.histogram import Distribution, distributions
from jetloom.inference.prediction import predict
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import TableWriter, check_file
from jetloom.io.records import write_record
from jetloom.io.sealed import write_json
from jetloom.report.classifier.stored import FIGURES, METRICS, Figures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.report.subject import Subject

OVERLAY = 100_000
"""Training jets that the distributions of scores are made of."""

SCORE_BINS = np.linspace(0.0, 1.0, 26)


def evaluate(subject: Subject, output: Path) -> dict[str, Any]:
    """Evaluate a classifier on the test part, and write all that its figures and tables show.

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
    jets, columns = _predict_test(subject, output / "predictions.h5")
    counted = _yields(subject, jets, columns)
    draws = subject.draws
    true = jets.take(columns["true_label"] != UNLABELLED)
    metrics = report.overall(jets, draws)
    figures = Figures(
        train=_distributions(*_training_jets(subject)),
        test=_distributions(jets.labels, jets.probabilities, jets.weights),
        roc=report.roc_curves(jets, draws),
        used=report.matrix(jets),
        true=report.matrix(true),
        alike=np.array_equal(columns["true_label"], jets.labels),
        calibration=report.calibrations(jets),
        performance={name: report.binned(jets, columns[name], draws) for name in subject.spectators},
        **counted,
    )
    parts = metrics, figures.roc, figures.calibration, figures.used
    results = report.numbers(jets, subject.dataset.classes, *parts) | subject.identity()
    results["true_labels"] = report.summary(true, report.overall(true, draws))
    write_record(output / FIGURES, figures)
    write_json(output / METRICS, results)
    return results


def _predict_test(subject: Subject, path: Path) -> tuple[report.Jets, dict[str, Any]]:
    """Predict the test part, write the predictions, and keep what the metrics need: jets that have a class."""
    view, spectators = subject.view, subject.spectators
    scores = [f"score_{name}" for name in view.facts.classes]
    dtype, kept = _row(spectators, scores), []
    conditions: list[Any] = []
    with publishing(path, check_file) as part, TableWriter(part, {"jets": (dtype, None)}) as writer:
        writer.attributes = {"classes": view.facts.classes, "fold": view.fold, "dataset": subject.dataset.fingerprint}
        writer.attributes |= {"bootstrap": asdict(subject.draws)}
        for block, probabilities in predict(subject.network, subject.model, view, "test"):
            rows = np.zeros(len(block), dtype)
            for name in ("label", "true_label", "event_weight", *KEYS, *spectators):
                rows[name] = block[name]
            rows["weight"] = block[view.weight]
            for place, name in enumerate(scores):
                rows[name] = probabilities[:, place]
            writer.append(jets=rows)
            known = rows["label"] != UNLABELLED
            kept.append(rows[known])
            if CONDITION in (block.dtype.names or ()):
                conditions.append(block[CONDITION][known])
    rows = np.concatenate(kept) if kept else np.zeros(0, dtype)
    probabilities = np.stack([rows[name] for name in scores], axis=1)
    jets = report.Jets(rows["label"], probabilities, rows["weight"], event_keys(*(rows[key] for key in KEYS)))
    columns = {name: rows[name] for name in ("true_label", "event_weight", *spectators)}
    return jets, columns | ({CONDITION: np.concatenate(conditions)} if conditions else {})


def _yields(subject: Subject, jets: report.Jets, columns: dict[str, Any]) -> dict[str, Any]:
    """Return what figures show of events as they count in data; nothing of jets."""
    facts, classes = subject.dataset.description, subject.dataset.classes
    if facts.get("rows") != "events" or subject.view.facts.classes != classes:
        return {"stacked": [], "significance": []}
    parts = [path.stem for path in subject.view.files["test"]]
    weights = columns["event_weight"].astype(np.float64) * scales_of(facts["summary"], parts, classes)[jets.labels]
    found: dict[str, Any] = {"stacked": stacked(jets.labels, jets.probabilities, weights, len(classes))}
    found["significance"] = []
    if CONDITION in columns:
        place = classes.index(facts["conditions"]["signal"])
        rows = (jets.labels, jets.probabilities[:, place], weights)
        values = facts["conditions"]["values"]
        found["significance"] = [significances(rows, columns[CONDITION], values, place, classes[place])]
    return found


def _row(spectators: Sequence[str], scores: Sequence[str]) -> np.dtype[Any]:
    """Return the type of a row of ``predictions.h5``."""
    fields = [("label", "<i4"), ("true_label", "<i4"), ("weight", "<f4"), ("event_weight", "<f4")]
    fields += [("run_number", "<u4"), ("event_number", "<u8"), ("sample", "u1")]
    return np.dtype(fields + [(name, "<f4") for name in (*spectators, *scores)])


def _training_jets(subject: Subject) -> tuple[Any, Any, Any]:
    """Return labels, probabilities and weights of training jets from all over the training part."""
    view = subject.view
    predicted = predict(subject.network, subject.model, view, "train", OVERLAY)
    labelled = ((rows, output, rows["label"] != UNLABELLED) for rows, output in predicted)
    parts = [(rows["label"][known], output[known], rows[view.weight][known]) for rows, output, known in labelled]
    labels, probabilities, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return labels, probabilities, weights


def _distributions(labels: Any, probabilities: Any, weights: Any) -> list[list[Distribution]]:
    """Return the distribution of each score by true class."""
    members = [labels == true for true in range(probabilities.shape[1])]
    columns = np.clip(probabilities, 0.0, 1.0).T
    return [distributions([(scores[own], weights[own]) for own in members], SCORE_BINS) for scores in columns]
