"""The evaluation of the best point from its model to its figures, tables and predictions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom import provenance
from jetloom.data.building.labels import UNLABELLED
from jetloom.evaluation.classification import numbers as report
from jetloom.evaluation.classification.metrics import METRICS
from jetloom.evaluation.statistics.bootstrap import Draws, event_keys
from jetloom.evaluation.statistics.histogram import Histogram
from jetloom.evaluation.statistics.meaning import KEY, not_meaningful
from jetloom.evaluation.statistics.meaning import written as written_number
from jetloom.inference.prediction import predict
from jetloom.io.atomic import make_directory, publishing, write_json, write_text
from jetloom.io.hdf5.tables import TableWriter, check_file
from jetloom.plots.classifier import performance as classifier
from jetloom.plots.classifier.confusion import draw_confusion, matrices
from jetloom.plots.style import class_styles
from jetloom.plots.tables import measured, page, paragraph, table, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jetloom.data.dataset import Dataset, View
    from jetloom.models.base import Model

KEYS = ("run_number", "event_number", "sample")
OVERLAY = 100_000
"""Training jets that the distributions of scores are drawn with."""

SCORE_BINS = np.linspace(0.0, 1.0, 26)

Scores = dict[tuple[int, int], Histogram]


def evaluate(
    network: Any, model: Model, dataset: Dataset, best: Mapping[str, Any], output: Path, draws: Draws
) -> dict[str, Any]:
    """Evaluate a model on the test part and write everything about it.

    Parameters
    ----------
    network : Keras model
    model : Model
        The kind of network it is.
    dataset : Dataset
    best : mapping
        ``point``, ``run`` and ``fold`` of the model.
    output : Path
        Directory of the results.
    draws : Draws
        Seed and number of the replicas of the bootstrap; stored with the predictions.

    Returns
    -------
    dict
        What ``metrics.json`` holds.
    """
    view = dataset.view(best["fold"])
    facts = dataset.description
    # Keys of the events are written in any case.
    spectators = list(dict.fromkeys(e["column"] for e in facts["spectators"] if e["column"] not in KEYS))
    jets, columns = _predict_test(
        network, model, view, spectators, output / "predictions.h5", dataset.fingerprint, draws
    )
    true = jets.take(columns["true_label"] != UNLABELLED)
    metrics = report.overall(jets, draws)
    curves = report.roc_curves(jets, draws)
    reliability, shares = report.calibrations(jets), report.matrix(jets)
    results = report.numbers(jets, dataset.classes, metrics, curves, reliability, shares)
    results["true_labels"] = report.summary(true, report.overall(true, draws))
    results |= {"task": facts["task"], "point": best["point"], "run": best["run"], "fold": best["fold"]}
    results["origin"] = provenance.origin(
        {"seed": draws.seed, "bootstrap": draws.count}, {"dataset": dataset.fingerprint}
    )
    write_json(output / "metrics.json", results)
    classes, label = class_styles(facts["classes"]), facts["label"]
    write_text(output / "metrics.html", metrics_page(results, [style.title for style in classes]))
    train = _histograms(*_training_jets(network, model, view))
    test = _histograms(jets.labels, jets.probabilities, jets.weights)
    classifier.draw_scores(output / "scores", classes, train, test, label)
    classifier.draw_roc(output / "roc", classes, curves, label)
    alike = np.array_equal(columns["true_label"], jets.labels)
    draw_confusion(output / "confusion", classes, matrices(shares, report.matrix(true), alike), label=label)
    classifier.draw_calibration(output / "calibration", classes, reliability, label)
    # The directory is a result even if the task names no spectators.
    make_directory(output / "performance")
    for entry in (entry for entry in facts["spectators"] if entry["column"] in spectators):
        binned = report.binned(jets, columns[entry["column"]], draws)
        path = output / "performance" / entry["column"]
        classifier.draw_performance(path, classes, binned, entry["title"], label=label)
    return results


def _predict_test(
    network: Any, model: Model, view: View, spectators: Sequence[str], path: Path, fingerprint: str, draws: Draws
) -> tuple[report.Jets, dict[str, Any]]:
    """Predict the test part, write the predictions, and keep what the metrics need: jets that have a class."""
    scores = [f"score_{name}" for name in view.classes]
    fields = [("label", "<i4"), ("true_label", "<i4"), ("weight", "<f4"), ("event_weight", "<f4")]
    fields += [("run_number", "<u4"), ("event_number", "<u8"), ("sample", "u1")]
    fields += [(name, "<f4") for name in (*spectators, *scores)]
    dtype, kept = np.dtype(fields), []
    with publishing(path, check_file) as part, TableWriter(part, {"jets": (dtype, None)}) as writer:
        writer.attributes = {"classes": view.classes, "fold": view.fold, "dataset": fingerprint}
        writer.attributes |= {"bootstrap": asdict(draws)}
        for block, probabilities in predict(network, model, view, "test"):
            rows = np.zeros(len(block), dtype)
            for name in ("label", "true_label", "event_weight", *KEYS, *spectators):
                rows[name] = block[name]
            rows["weight"] = block[view.weight]
            for place, name in enumerate(scores):
                rows[name] = probabilities[:, place]
            writer.append(jets=rows)
            kept.append(rows[rows["label"] != UNLABELLED])
    rows = np.concatenate(kept) if kept else np.zeros(0, dtype)
    probabilities = np.stack([rows[name] for name in scores], axis=1)
    jets = report.Jets(rows["label"], probabilities, rows["weight"], event_keys(*(rows[key] for key in KEYS)))
    return jets, {name: rows[name] for name in ("true_label", *spectators)}


def _training_jets(network: Any, model: Model, view: View) -> tuple[Any, Any, Any]:
    """Return labels, probabilities and weights of training jets from all over the training part."""
    predicted = predict(network, model, view, "train", OVERLAY)
    labelled = ((rows, output, rows["label"] != UNLABELLED) for rows, output in predicted)
    parts = [(rows["label"][known], output[known], rows[view.weight][known]) for rows, output, known in labelled]
    labels, probabilities, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return labels, probabilities, weights


def _histograms(labels: Any, probabilities: Any, weights: Any) -> Scores:
    """Fill the distribution of each score by true class."""
    classes = range(probabilities.shape[1])
    return {
        (scored, true): Histogram(SCORE_BINS).fill(
            np.clip(probabilities[labels == true, scored], 0.0, 1.0), weights[labels == true]
        )
        for scored in classes
        for true in classes
    }


def metrics_page(results: Mapping[str, Any], titles: Sequence[str]) -> str:
    """Return the table of the metrics as an HTML page."""
    names = dict(zip(results["classes"], titles, strict=True))
    true = results["true_labels"]
    whole = [
        [METRICS[name].title, written(entry), written(true["metrics"][name])]
        for name, entry in results["metrics"].items()
    ]
    classes = [
        [
            names[name],
            entry["jets"],
            written_number(entry["effective_jets"]),
            written(entry["auc_against_rest"]),
            written(entry["calibration"]),
        ]
        for name, entry in results["classes"].items()
    ]
    points = list(results["roc"][0]["rejection"]) if results["roc"] else []
    pairs = [
        [names[entry["signal"]], names[entry["background"]], written(entry["auc"])]
        + [_rejection(entry["rejection"][point]) for point in points]
        for entry in results["roc"]
    ]
    rejections = [f"Rejection at {100 * float(point):.0f}% efficiency" for point in points]
    text = (
        f"Point {results['point']}, run {results['run']}, on {results['jets']:,} jets of the test part "
        f"({written_number(results['effective_jets'])} effective jets). "
        "Uncertainties are one standard deviation, by bootstrap over events."
    )
    return page(
        "The best point on the test part",
        paragraph(text),
        table(["Metric", "Labels that were used", f"{true['jets']:,} jets with a true label"], whole, "All classes"),
        table(
            ["Class", "Jets", "Effective jets", "AUC against the rest", "Expected calibration error"],
            classes,
            "Each class",
        ),
        table(["Signal", "Background", "AUC", *rejections], pairs, "Pairs of classes"),
    )


def _rejection(entry: Mapping[str, Any]) -> str:
    """Write a rejection with half the width of its interval; without an upper end, as a lower bound."""
    if entry.get(KEY):
        return not_meaningful(entry[KEY])
    if entry["value"] is None:
        return f"> {entry['low']:.3g}" if entry["low"] is not None else "–"
    if entry["high"] is None:
        return f"{entry['value']:.3g} (> {entry['low']:.3g})"
    return measured(entry["value"], 0.5 * (entry["high"] - entry["low"]))
