"""Figures of unusual content: one point, nothing trained, a class without jets; and the same bytes every time."""

from dataclasses import replace

import numpy as np
import pytest
from toy_analysis import CONFIG, PARAMETERS, scan_frames, write_dataset

from jetloom.cli.main import main
from jetloom.errors import JetloomError
from jetloom.evaluation.classification import numbers as report
from jetloom.evaluation.statistics.bootstrap import Draws
from jetloom.evaluation.statistics.histogram import Histogram
from jetloom.evaluation.statistics.printed import measured
from jetloom.models.objectives.metric import Metrics
from jetloom.models.objectives.shipped import SHIPPED
from jetloom.plots.classifier import performance as classifier
from jetloom.plots.classifier.confusion import draw_confusion
from jetloom.plots.dataset import bookkeeping, cut_flow, inputs
from jetloom.plots.scan import correlations, interactions
from jetloom.plots.scan import points as scan
from jetloom.plots.scan.correlations import FEWEST, draw_correlations
from jetloom.plots.scan.learning import draw_learning
from jetloom.plots.style import COLORS, class_styles, headline, unit
from jetloom.plots.tables import number, page, plain, table
from jetloom.scan.table.collected import read_scan

STYLES = class_styles([{"name": name, "title": "", "color": None} for name in ("signal", "background")])


def same_twice(tmp_path, draw):
    """Draw twice and compare bytes."""
    for name in ("one", "two"):
        draw(tmp_path / name)
    for kind in ("png", "pdf"):
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()
    assert b"CreationDate" not in (tmp_path / "one.pdf").read_bytes()


def one_class_of_jets(rows=200):
    rng = np.random.default_rng(1)
    signal = rng.random(rows)
    return report.Jets(np.zeros(rows, int), np.stack([signal, 1 - signal], axis=1), np.ones(rows), np.arange(rows))


def test_a_scan_of_one_point(tmp_path):
    points, histories = scan_frames(points=1, repetitions=1, epochs=1)
    scan.draw_best(tmp_path / "best", points, PARAMETERS, "val_auc")
    draw_correlations(tmp_path / "correlations", points, PARAMETERS, "val_auc")
    draw_learning(tmp_path / "curves", points, histories, "val_auc")
    for name in PARAMETERS:
        scan.draw_parameter(tmp_path / name, points, name, "val_auc")
    assert interactions.pairs(points, PARAMETERS, "val_auc") == []
    assert len(list(tmp_path.glob("*.png"))) == 3 + len(PARAMETERS)


def said(monkeypatch, module):
    """Collect what is written in place of a figure."""
    texts = []
    real = module.say
    monkeypatch.setattr(module, "say", lambda axes, text: (texts.append(text), real(axes, text)))
    return texts


@pytest.mark.parametrize(("trained", "numbers"), [(FEWEST - 1, False), (FEWEST, True)])
def test_correlations_of_a_few_points_are_not_shown(tmp_path, monkeypatch, trained, numbers):
    texts = said(monkeypatch, correlations)
    points, _ = scan_frames(points=trained + 1)  # the last one diverged
    draw_correlations(tmp_path / "correlations", points, PARAMETERS, "val_auc")
    assert (texts == []) is numbers
    assert numbers or f"{trained} trained points: rank correlations need {FEWEST} or more" in texts[0]
    assert (tmp_path / "correlations.png").is_file()


@pytest.mark.parametrize("repetitions", [1, 3])
def test_a_spread_is_promised_where_there_is_one(tmp_path, monkeypatch, repetitions):
    points, _ = scan_frames(points=6, repetitions=repetitions)
    scan.write_best(tmp_path / "best.html", points, PARAMETERS, "val_auc")
    text = (tmp_path / "best.html").read_text()
    cells = text.partition("<tbody>")[2]
    assert ("±" in cells) is (repetitions > 1)
    assert ("each trained once, so without ±" in text) is (repetitions == 1)
    names = []
    monkeypatch.setattr(scan, "shared_legend", lambda figure, axes, columns: names.extend(_legend(axes)))
    scan.draw_parameter(tmp_path / "rate", points, "learning_rate", "val_auc")
    assert ("Point, trained once" in names) is (repetitions == 1)


def _legend(axes):
    return axes.get_legend_handles_labels()[1]


def test_each_kind_of_model_has_a_number_of_the_test_part():
    points, _ = scan_frames(points=3)
    heads, _ = scan.best_rows(points, PARAMETERS, "val_auc")
    assert [name for name in heads if "(test)" in name] == ["AUC (test)"]
    density = points.drop(columns=[name for name in points if "auc" in name or "accuracy" in name])
    heads, rows = scan.best_rows(density, PARAMETERS, "val_loss")
    assert [name for name in heads if "(test)" in name] == ["Loss (test)"]
    assert all("±" in row[heads.index("Loss (test)")] for row in rows[:2])


def test_formulas_take_no_room_in_the_table(tmp_path, monkeypatch):
    widths = []
    real = scan.canvas
    monkeypatch.setattr(
        scan, "canvas", lambda path, size, **rest: (widths.append(size[0]), real(path, size, **rest))[1]
    )
    points, _ = scan_frames(points=3)
    for title in ("$-\\log\\,P$, $\\theta$", "−log P, θ"):
        metrics = Metrics(replace(metric, title=f"{title} {metric.name}") for metric in SHIPPED.known.values())
        scan.draw_best(tmp_path / "best", points, PARAMETERS, "val_auc", metrics=metrics)
    assert widths[0] == pytest.approx(widths[1], rel=0.02)


def test_a_median_is_of_three_points_or_more(tmp_path, monkeypatch):
    """Two points have no central 68%."""
    medians, legend = [], scan.shared_legend

    def look(figure, panel, columns):
        lines = [line for line in panel.lines if line.get_label().startswith("Median")]
        medians.append([line.get_xdata()[np.isfinite(line.get_ydata())].tolist() for line in lines])
        legend(figure, panel, columns)

    monkeypatch.setattr(scan, "shared_legend", look)
    points, _ = scan_frames(points=10)
    points["val_auc"] = np.linspace(0.7, 0.8, 10)
    for units in ([32] * 4 + [64] * 4 + [128] * 2, [32, 64] * 2 + [128] * 6, [32, 64, 128, 256, 512] * 2):
        points["units"] = units
        scan.draw_parameter(tmp_path / "units", points, "units", "val_auc")
    assert medians == [[[32, 64]], [], []]


def test_a_scan_of_which_nothing_trained(tmp_path):
    points, histories = scan_frames(points=3)
    points[["val_auc", "val_loss"]], points["status"] = np.nan, "diverged"
    scan.write_best(tmp_path / "best.html", points, PARAMETERS, "val_auc")
    scan.draw_best(tmp_path / "best", points, PARAMETERS, "val_auc")
    draw_correlations(tmp_path / "correlations", points, PARAMETERS, "val_auc")
    scan.draw_parameter(tmp_path / "rate", points, "learning_rate", "val_auc")
    scan.draw_parameter(tmp_path / "activation", points, "activation", "val_auc")
    draw_learning(tmp_path / "curves", points, histories, "val_auc")
    assert "0 trained" in (tmp_path / "best.html").read_text()


def test_trained_points_whose_metric_means_nothing_are_no_failures(tmp_path):
    points, histories = scan_frames(points=3)
    points["val_auc"], points["status"] = np.nan, "trained"
    points["reason"] = "val_auc: not meaningful (n_eff 0.3; see weights.negative)"
    scan.write_best(tmp_path / "best.html", points, PARAMETERS, "val_auc")
    text = (tmp_path / "best.html").read_text()
    assert "3 points, 3 trained, 0 without result" in text
    assert "AUC (validation) means nothing for 3 of the trained ones: val_auc: not meaningful (n_eff 0.3" in text
    assert "means nothing for any of the 3 trained points" in scan.nothing(points, "val_auc")
    for draw in (scan.draw_best, draw_correlations):
        draw(tmp_path / draw.__name__, points, PARAMETERS, "val_auc")
    scan.draw_parameter(tmp_path / "rate", points, "learning_rate", "val_auc")
    draw_learning(tmp_path / "curves", points, histories, "val_auc")


def test_lower_is_better_and_values_of_many_kinds(tmp_path):
    points, _ = scan_frames(points=12)
    points["layers"] = ["[64, 64]", None] * 6
    points["norm"] = [True, False, True] * 4
    for name in ("layers", "norm"):
        scan.draw_parameter(tmp_path / name, points, name, "val_loss")
    interactions.draw_interaction(tmp_path / "pair", points, ("layers", "norm"), "val_loss")
    assert (tmp_path / "pair.png").is_file()


def test_a_class_without_jets(tmp_path):
    jets = one_class_of_jets()
    classifier.draw_roc(tmp_path / "roc", STYLES, report.roc_curves(jets, Draws(0, 5)))
    draw_confusion(tmp_path / "confusion", STYLES, {"All": report.matrix(jets)})
    classifier.draw_calibration(tmp_path / "calibration", STYLES, report.calibrations(jets))
    bins = report.binned(jets, np.linspace(1, 500, len(jets.labels)), Draws(0, 5))
    classifier.draw_performance(tmp_path / "pt", STYLES, bins, "$p_T$ [GeV]")
    empty = Histogram(np.linspace(0, 1, 6))
    scores = [[empty.distribution()] * 2] * 2
    classifier.draw_scores(tmp_path / "scores", STYLES, scores, scores)
    inputs.draw_input(tmp_path, "x", "x", STYLES, [empty] * 2, [empty] * 2)
    assert len(list(tmp_path.glob("*.pdf"))) == 6


def test_no_counts_and_constant_weights(tmp_path):
    dataset = write_dataset(tmp_path / "dataset", rows=300)
    for sample in dataset["samples"].values():
        sample["counts"] = []
    dataset["counts"] = []
    cut_flow.draw_cut_flow(tmp_path / "flow", dataset)
    cut_flow.write_cut_flow(tmp_path / "flow.html", dataset)
    same = [Histogram(np.array([0.5, 1.5])).fill(np.ones(10)) for _ in STYLES]
    bookkeeping.draw_weights(tmp_path / "weights", STYLES, {"Weight": same})
    assert (tmp_path / "flow.png").is_file()


def test_the_same_bytes_every_time(tmp_path):
    points, histories = scan_frames(points=6)
    same_twice(tmp_path, lambda path: scan.draw_parameter(path, points, "activation", "val_auc"))
    same_twice(tmp_path, lambda path: draw_learning(path, points, histories, "val_auc"))
    curves = report.roc_curves(one_class_of_jets(), Draws(0, 5))
    same_twice(tmp_path, lambda path: classifier.draw_roc(path, STYLES, curves, "ATLAS Simulation"))


def test_other_classes_than_the_dataset_was_built_for(toy, tmp_path, capfd):
    import yaml

    labels = CONFIG["tasks"]["flavour"]["labels"]
    turned = CONFIG | {"tasks": {"flavour": CONFIG["tasks"]["flavour"] | {"labels": dict(reversed(labels.items()))}}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(turned, sort_keys=False))
    options = ["--config", tmp_path / "config.yaml", "--task", "flavour", "--dataset", toy / "dataset"]
    assert main(["plot_inputs", *map(str, options), "--output", str(tmp_path / "out")]) == 3
    assert "quark, gluon, bottom" in capfd.readouterr().err


def test_a_scan_that_was_not_collected(tmp_path):
    with pytest.raises(JetloomError, match="jetloom collect"):
        read_scan(tmp_path)


def test_bins_of_whole_numbers_are_centred_on_them():
    edges = inputs.edges(0, 5, np.array([0, 1, 2, 5]))
    np.testing.assert_array_equal(edges, np.arange(-0.5, 6))
    assert len(inputs.edges(0, 1000, np.arange(1001))) <= 1.5 * inputs.BINS + 2


def test_bins_of_a_constant_have_a_width():
    assert np.all(np.diff(inputs.edges(2.5, 2.5, np.full(3, 2.5))) > 0)


def test_what_is_outside_is_said():
    histogram = Histogram(np.array([0.0, 1.0])).fill(np.array([-1, 0.5, 0.5, np.nan]))
    assert inputs.outside([histogram]) == "Outside: 25% below, 25% undefined"
    assert inputs.outside([Histogram(np.array([0.0, 1.0]))]) == "no jets"


def test_colours_of_the_configuration_are_not_given_twice():
    styles = class_styles([{"name": "a", "color": COLORS[0]}, {"name": "b", "color": None}])
    assert [style.color for style in styles] == [COLORS[0], COLORS[1]]


def test_words():
    assert headline("ATLAS Simulation", "test part") == r"$\mathbfit{ATLAS}$ Simulation, test part"
    assert headline("", "test part") == "test part"
    assert headline("my_lab x") == "my_lab x"
    assert unit("Jet $p_T$ [GeV]") == "GeV"
    assert unit("Jet $p_T$") == ""
    assert plain(r"$\Delta \eta$") == "Δη"
    assert measured(0.81234, 0.0021) == "0.8123 ± 0.0021"
    assert measured(float("nan"), 1.0) == "–"
    assert measured(12.0, 0.0) == "12"
    assert number(1234567) == "1,234,567"
    assert number(0.000123456) == "0.0001235"


def test_a_page_escapes_and_stands_alone():
    text = page("<Title>", table(["a<b", "n"], [["<script>", 1234]]))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "1,234" in text
    assert "src=" not in text
