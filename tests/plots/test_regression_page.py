"""The page of a regression: numbers of made-up predictions, and the figures that show them."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from jetloom.evaluation.regression.numbers import BINS, Predicted, plane, profile, spread
from jetloom.evaluation.statistics.bootstrap import Draws
from jetloom.io.hdf5.tables import TableReader
from jetloom.models.objectives.regression import Regression
from jetloom.report.regression import figures, measure
from jetloom.report.regression.stored import read_figures, read_metrics
from jetloom.report.subject import Subject, read_objective

ROWS = 3000
WARNING = "made 7 updates in all"
BIAS, WIDTH = {0: 0.5, 1: -0.5}, 2.0
FIELDS = [("label", "i4"), ("true_label", "i4"), ("event_weight", "f4"), ("weight", "f4"), ("run_number", "u4"),
          ("event_number", "u8"), ("sample", "u1"), ("pt", "f4"), ("target", "f4")]  # fmt: skip
FACTS = {
    "spectators": [{"column": "pt", "title": "pt"}],
    "task": "t",
    "label": "ATLAS Simulation",
    "classes": [{"name": "gluon", "title": "Gluon"}, {"name": "quark", "title": "Quark"}],
    "target": {"expression": "pt / truth_pt", "title": "response"},
}


def made_up(seed=1):
    """Rows of a test part, and predictions with a bias of either sign; a tenth of the jets has no class."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(ROWS, FIELDS)
    rows["label"] = np.where(np.arange(ROWS) % 10 == 9, -1, np.arange(ROWS) % 2)
    rows["event_number"], rows["weight"] = np.arange(ROWS), rng.uniform(0.5, 1.5, ROWS)
    rows["target"] = rng.normal(10, 4, ROWS)
    bias = np.where(rows["label"] == 0, BIAS[0], BIAS[1])
    return rows, (rows["target"] + bias + rng.normal(0, WIDTH, ROWS)).astype("f4")[:, None]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """What the evaluation leaves, and the rows and the predictions that it was of."""
    output, (rows, predicted) = tmp_path_factory.mktemp("regression"), made_up()
    view = SimpleNamespace(facts=SimpleNamespace(classes=["gluon", "quark"]), weight="weight", fold=None)
    dataset = SimpleNamespace(view=lambda _: view, description=FACTS, classes=view.facts.classes, fingerprint="f00d")
    facts = {"point": "p", "run": "r0", "fold": None, "ranked_by": "val_resolution", "warnings": [WARNING]}
    model = SimpleNamespace(objective=Regression())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            measure, "predict", lambda *_: iter([(rows[:1000], predicted[:1000]), (rows[1000:], predicted[1000:])])
        )
        measure.evaluate(Subject(None, model, dataset, dataset.classes, facts, Draws(1, 50)), output)
    return output, rows, predicted[:, 0]


def test_numbers_are_those_of_the_jets_with_a_class(evaluated):
    output, rows, predicted = evaluated
    results = read_metrics(output)
    assert read_objective(output) == "regression"
    known = rows["label"] >= 0
    assert results["jets"] == known.sum()
    residuals, weights = (predicted - rows["target"].astype(float)), rows["weight"].astype(float)
    for name, index in (("gluon", 0), ("quark", 1)):
        own, entry = rows["label"] == index, results["classes"][name]["metrics"]
        assert entry["bias"]["value"] == pytest.approx(np.average(residuals[own], weights=weights[own]), rel=1e-6)
        assert entry["deviation"]["value"] == pytest.approx(
            np.average(abs(residuals[own]), weights=weights[own]), rel=1e-6
        )
        for metric, true in (("bias", BIAS[index]), ("resolution", WIDTH)):
            assert abs(entry[metric]["value"] - true) < 4 * entry[metric]["std"]
        assert entry["bias"]["std"] == pytest.approx(WIDTH / np.sqrt(own.sum()), rel=0.4)
    with TableReader(output / "predictions.h5") as reader:
        stored = reader.read("jets")
    assert len(stored) == ROWS
    np.testing.assert_array_equal(stored["predicted"], predicted)
    np.testing.assert_array_equal(stored["target"], rows["target"])


def test_every_figure_is_drawn_from_what_is_stored(evaluated, tmp_path):
    from matplotlib.image import imread

    output, *_ = evaluated
    figures.draw(output, FACTS, tmp_path)
    names = {path.stem for path in tmp_path.glob("*.png")}
    assert names == {path.stem for path in tmp_path.glob("*.pdf")} == {"predicted", "residuals", "resolution"}
    for name in names:
        assert imread(tmp_path / f"{name}.png")[..., :3].std() > 0.02, name
    page = (tmp_path / "metrics.html").read_text()
    assert f"Caution, of the training of this point: {WARNING}." in page
    for text in ("response", "Gluon", "Quark", "Resolution", "2,700 jets", "Digest of the dataset"):
        assert text in page
    before = (tmp_path / "residuals.png").read_bytes()
    figures.draw(output, FACTS, tmp_path)
    assert (tmp_path / "residuals.png").read_bytes() == before


def test_shares_of_a_true_value_sum_to_one_and_bins_hold_equally_many(evaluated):
    output, *_ = evaluated
    shown = read_figures(output)
    assert shown.plane.share.shape == (BINS, BINS)
    sums = shown.plane.share.sum(axis=1)
    assert np.isclose(sums[sums > 0], 1).all()
    assert len(shown.profile.bias) == len(shown.profile.edges) - 1 == 10
    assert np.isfinite(shown.profile.resolution).all()
    assert shown.profile.resolution.mean() == pytest.approx(np.sqrt(WIDTH**2 + 0.25), rel=0.1)


def test_a_perfect_prediction_and_one_without_weight():
    target = np.linspace(0, 1, 400)
    perfect = Predicted(target, target, np.ones(400), np.arange(400).astype(np.uint64))
    assert {name: figure.value for name, figure in spread(perfect, Draws(1, 5)).items()} == {
        "deviation": 0.0, "bias": 0.0, "resolution": 0.0
    }  # fmt: skip
    share = plane(perfect).share
    assert np.trace(share) == pytest.approx(share.sum())
    nothing = Predicted(target, target, np.zeros(400), perfect.events)
    assert all(figure.doubt == "all weights are 0" for figure in spread(nothing, Draws(1, 5)).values())
    assert np.isnan(profile(nothing, Draws(1, 5)).bias).all()


@pytest.mark.parametrize("rows", [0, 3])
def test_few_jets_are_drawn_all_the_same(tmp_path, rows):
    from jetloom.plots.regression.residuals import draw_predicted, draw_resolution

    few = Predicted(np.arange(rows) * 1.0, np.arange(rows) * 1.5, np.ones(rows), np.arange(rows).astype(np.uint64))
    draw_predicted(tmp_path / "predicted", plane(few), "x")
    draw_resolution(tmp_path / "resolution", profile(few, Draws(1, 5)), "x")
    assert (tmp_path / "resolution.png").is_file()


def test_damaged_numbers_are_told_in_one_line(evaluated, tmp_path):
    from jetloom.errors import CorruptFileError

    output, *_ = evaluated
    (tmp_path / "metrics.json").write_text(json.dumps({"objective": "regression"}))
    with pytest.raises(CorruptFileError, match="has no checksum"):
        read_metrics(tmp_path)
    (tmp_path / "figures.json").write_bytes((output / "figures.json").read_bytes()[:-20])
    with pytest.raises(CorruptFileError, match=r"figures\.json"):
        read_figures(tmp_path)
