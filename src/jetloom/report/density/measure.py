"""The evaluation of the best density model from its network to its figures, tables and predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom import provenance
from jetloom.evaluation.density.files import COLUMNS, write_predictions
from jetloom.evaluation.density.heads import head_numbers, head_sums
from jetloom.evaluation.density.log_p import HEAD_TITLES, HEADS, LogProbabilities
from jetloom.evaluation.density.surprise import by_class, mean_surprise
from jetloom.evaluation.statistics.bootstrap import KEYS, Draws, event_keys
from jetloom.evaluation.statistics.printed import written
from jetloom.inference.chosen import draw_lots
from jetloom.io.atomic import make_directory, write_json, write_text
from jetloom.models.base import DataFacts
from jetloom.plots.density.heads import draw_heads
from jetloom.plots.density.jet_trees import draw_jets, learnt_note
from jetloom.plots.density.log_p import draw_log_p
from jetloom.plots.style import class_styles
from jetloom.plots.tables import page, paragraph, table
from jetloom.report.choice import chosen_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jetloom.data.dataset import Dataset
    from jetloom.models.base import Model

Rows = npt.NDArray[np.void]


def evaluate_density(
    network: Any,
    model: Model,
    dataset: Dataset,
    learnt: Sequence[str],
    best: Mapping[str, Any],
    output: Path,
    draws: Draws,
    drawings: int,
) -> dict[str, Any]:
    """Evaluate a density model on the test part and write everything about it.

    Parameters
    ----------
    network : Keras model
    model : Model
        The kind of network it is.
    dataset : Dataset
    learnt : sequence of str
        Classes that it was trained on. The metrics are of their jets; log P is given for all jets.
    best : mapping
        ``point``, ``run`` and ``fold`` of the model.
    output : Path
        Directory of the results.
    draws : Draws
        Seed and number of the replicas of the bootstrap; the seed also decides which jets are drawn.
    drawings : int
        Number of trees.

    Returns
    -------
    dict
        What ``metrics.json`` holds.
    """
    view, facts = dataset.view(best["fold"]), dataset.description
    spectators = list(dict.fromkeys(e["column"] for e in facts["spectators"] if e["column"] not in KEYS))
    log_p = LogProbabilities(network, model, DataFacts.of(view))
    rows = write_predictions(log_p, view, spectators, output / "predictions.h5", dataset.fingerprint, draws)
    results = density_numbers(rows, dataset.classes, learnt, draws)
    own = [dataset.classes.index(name) for name in learnt]
    expected = model.expected(network)
    sums = head_sums(expected, network, model, view, "test", own) if expected is not None else {}
    results["heads"] = head_numbers(sums)
    results |= {"task": facts["task"], "point": best["point"], "run": best["run"], "fold": best["fold"]}
    results["ranked_by"] = best["ranked_by"]
    results["origin"] = provenance.origin(
        {"seed": draws.seed, "bootstrap": draws.count}, {"dataset": dataset.fingerprint}
    )
    write_json(output / "metrics.json", results)
    styles = class_styles(facts["classes"])
    write_text(output / "metrics.html", metrics_page(results, [style.title for style in styles]))
    note = learnt_note(facts, learnt, "test")
    per_jet = rows["log_p"], rows["n_branchings"] + 1, rows["label"], rows["weight"]
    draw_log_p(output / "log_p", styles, *per_jet, label=facts["label"], note=note)
    make_directory(output / "heads")
    draw_heads(output / "heads", sums, view.binning or {}, facts["label"], note)
    candidates = np.flatnonzero(np.isin(rows["label"], own))
    chosen = draw_lots(candidates, drawings, np.random.default_rng(draws.seed))
    draw_jets(output / "trees", log_p, view, "test", chosen, facts, note)
    return results


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


def metrics_page(results: Mapping[str, Any], titles: Sequence[str]) -> str:
    """Return the table of mean -log P by class and head as an HTML page."""
    heads = ["Whole jet", *(HEAD_TITLES[head] for head in HEADS)]
    lines = [
        [titles[place], "yes" if name in results["learnt"] else "no", entry["jets"]]
        + [written(value) for value in entry["surprise"].values()]
        for place, (name, entry) in enumerate(results["classes"].items())
    ]
    text = (
        f"Point {results['point']}, run {results['run']}, on {results['jets']:,} jets of the test part. "
        "Means over jets of -log P in nats; the heads add up to the whole jet. "
        "Uncertainties are one standard deviation, by bootstrap over events."
    )
    parts = [*chosen_by(results["ranked_by"]), paragraph(text)]
    parts += [table(["Class", "Learnt", "Jets", *heads], lines, "Mean of -log P")]
    return page("The best point on the test part", *parts, *_agreement(results["heads"]))


def _agreement(heads: Mapping[str, Any]) -> list[str]:
    """Return the table of data against model; none for a model that cannot say what it expects."""
    if not heads:
        return []
    text = (
        "What happened in the jets of the classes that were learnt, against what the model expected given the true "
        "tree up to there. Uncertainties are the spread from jet to jet: branchings of a jet need not be independent."
    )
    lines = [
        [HEAD_TITLES[head], entry["total"]["chi2"], entry["total"]["ndf"], entry.get("surprise")]
        for head, entry in heads.items()
    ]
    columns = ["Head", "chi2", "Degrees of freedom", "Mean of -log P of a branching"]
    return [paragraph(text), table(columns, lines, "Data against model")]
