"""One figure has one value and one error, wherever it is printed: tables, legends, comparisons, JSON."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from jetloom.config.comparisons import Comparison
from jetloom.evaluation.classification.aligned import compared
from jetloom.evaluation.statistics.bootstrap import Draws
from jetloom.evaluation.statistics.printed import written
from jetloom.models.objectives.classification import Classification
from jetloom.report.classifier import figures as best
from jetloom.report.classifier import measure
from jetloom.report.comparison import figures as rivals
from jetloom.report.comparison.look import Look
from jetloom.report.comparison.measure import compare
from jetloom.report.subject import Subject
from jetloom.statistics import classification as metrics
from rivals import draw

CLASSES = [{"name": "gluon", "title": "Gluon"}, {"name": "quark", "title": "Quark"}]
ROWS = 800
NOT_ROC = {
    best: ["draw_confusion", "plots.draw_scores", "plots.draw_calibration", "plots.draw_performance"],
    rivals: ["draw_confusion", "draw_log_odds", "curves.draw_areas", "curves.draw_correlations",
             "scores.draw_score_bins"],
}  # fmt: skip
"""Figures that print no area; they are left out for the sake of time."""


@pytest.fixture
def legends(monkeypatch):
    """The labels of all that is drawn; of the figures only those that print an area are."""
    from matplotlib.axes import Axes

    texts, plain = [], Axes.plot

    def plot(self, *arguments, **options):
        texts.append(str(options.get("label", "")))
        return plain(self, *arguments, **options)

    monkeypatch.setattr(Axes, "plot", plot)
    for module, names in NOT_ROC.items():
        for name in names:
            *inner, last = name.split(".")
            monkeypatch.setattr(getattr(module, inner[0]) if inner else module, last, lambda *_, **__: None)
    return texts


def evaluated(path, jets, log_ratio, monkeypatch):
    """Evaluate and draw a made-up model on made-up jets, as the verbs do; give the metrics and the scores."""
    quark = 1.0 / (1.0 + np.exp(-log_ratio))
    probabilities = np.stack([1 - quark, quark], axis=1).astype("f4")
    rows = np.zeros(len(jets), [*jets.dtype.descr, ("event_weight", "f4")])
    for name in jets.dtype.names:
        rows[name] = jets[name]
    view = SimpleNamespace(facts=SimpleNamespace(classes=["gluon", "quark"]), weight="weight", fold=None)
    facts = {"spectators": [{"column": "pt", "title": "pt"}], "task": "t", "classes": CLASSES, "label": ""}
    dataset = SimpleNamespace(view=lambda fold: view, description=facts, classes=view.facts.classes, fingerprint="f00d")
    monkeypatch.setattr(measure, "predict", lambda *_: iter([(rows, probabilities)]))
    path.mkdir()
    chosen = {"point": "p", "run": "r0", "fold": None, "ranked_by": "val_auc", "warnings": []}
    model = SimpleNamespace(objective=Classification())
    results = measure.evaluate(Subject(None, model, dataset, view.facts.classes, chosen, Draws(7, 10)), path)
    best.draw(path, facts, path)
    return results, probabilities


def printed(text):
    """All numbers with an error in a text, as they are written."""
    return set(re.findall(r"\d\.\d+ ± \d\.\d+", text))


def test_the_same_area_has_the_same_error_everywhere(tmp_path, monkeypatch, legends):
    jets, x = draw(ROWS)
    results, probabilities = evaluated(tmp_path / "dnn", jets, 3 * x, monkeypatch)
    of_roc, area = printed(" ".join(legends)), results["metrics"]["auc"]
    evaluated(tmp_path / "bdt", jets, x + np.random.default_rng(2).normal(0, 1, ROWS), monkeypatch)
    legends.clear()
    files = {name: tmp_path / name / "predictions.h5" for name in ("dnn", "bdt")}
    look = Look({"dnn": "Network", "bdt": "Trees"}, CLASSES, "pt", "")
    settings = Comparison(tasks=["dnn", "bdt"], bins=2)
    both = compare(compared(files, {}), settings, tmp_path / "both")["labels"]
    rivals.draw(tmp_path / "both", look, tmp_path / "both")
    places = {name: entry["auc_against_rest"] for name, entry in results["classes"].items()}
    places |= {f"roc {pair['signal']}": pair["auc"] for pair in results["roc"]}
    places["stored"] = json.loads((tmp_path / "dnn" / "metrics.json").read_text())["metrics"]["auc"]
    places["comparison"] = both["label"]["models"]["dnn"]["auc"]
    for where, entry in places.items():
        assert entry["value"] == pytest.approx(area["value"], abs=1e-9), where
        assert entry["std"] == pytest.approx(area["std"], abs=1e-9), where
    # The row of the scan has the same number; its own error is the spread of the trainings.
    assert metrics.auc(jets["label"], probabilities, jets["weight"].astype("f8")) == pytest.approx(area["value"])
    expected = written(area)
    assert of_roc == {expected}
    assert expected in printed(" ".join(text for text in legends if "Network" in text))
    assert expected in (tmp_path / "dnn" / "metrics.html").read_text()
    row = re.search(r"<tr><td class=text>Network</td>.*?</tr>", (tmp_path / "both" / "summary.html").read_text())
    assert row is not None
    assert expected in row.group(0)
    # So have the figures of true labels and the rejections.
    one, other = results["true_labels"]["metrics"], both["true_label"]["models"]["dnn"]
    for name in ("auc", "accuracy"):
        assert one[name] == pytest.approx(other[name], abs=1e-9)
    pair = next(pair for pair in results["roc"] if pair["signal"] == "quark")
    for target, entry in both["label"]["models"]["dnn"]["rejection"].items():
        assert entry == pytest.approx(pair["rejection"][target])
