"""``jetloom evaluate`` and ``draw_trees`` on a density model: what is written, in which order, and that it adds up."""

import json

import numpy as np
import pytest
from test_figures_of_toy import drawn
from toy_density_analysis import write_best, write_config, write_dataset

from jetloom.cli.main import main
from jetloom.data.dataset import Dataset
from jetloom.evaluation.density.files import COLUMNS, read_steps
from jetloom.evaluation.density.log_p import HEADS
from jetloom.io.hdf5.tables import TableReader
from jetloom.models.registry import MODELS
from toy_binning import BINNING


@pytest.fixture(scope="module")
def density(tmp_path_factory):
    """The analysis: config.yaml, dataset/, scan/, and the options that name them."""
    from toy_density import ToyDensity

    MODELS["toy_density"] = "toy_density:ToyDensity"
    directory = tmp_path_factory.mktemp("density")
    (directory / "dataset").mkdir()
    write_config(directory / "config.yaml")
    write_dataset(directory / "dataset")
    write_best(directory / "scan", ToyDensity().build(None, None, 0, {}))
    options = ["--config", directory / "config.yaml", "--task", "quark_density"]
    options += ["--dataset", directory / "dataset", "--scan", directory / "scan"]
    yield directory, list(map(str, options))
    del MODELS["toy_density"]


@pytest.fixture(scope="module")
def evaluated(density):
    directory, options = density
    with pytest.MonkeyPatch.context() as patched:
        # They have tests of their own, and take long.
        patched.setattr("jetloom.report.density.figures.draw_heads", lambda path, *_: (path / "called").touch())
        assert main(["evaluate", *options, "--output", str(directory / "best")]) == 0
        assert main(["plot_best", *options[:-2], "--best", str(directory / "best")]) == 0
    return directory / "best"


def test_data_and_model_of_each_head_are_in_the_metrics(evaluated):
    heads = json.loads((evaluated / "metrics.json").read_text())["heads"]
    assert list(heads) == sorted(HEADS)
    # A model to which all bins are alike is wrong about z, and says ln(bins) of each azimuth.
    assert heads["z"]["total"]["chi2"] > 20 * heads["z"]["total"]["ndf"] > 0
    assert heads["phi"]["surprise"] == pytest.approx(np.log(BINNING["granularity"]))
    assert heads["phi"]["total"]["ndf"] == BINNING["granularity"] - 1
    # Few jets: a bin of one step would not have enough of them.
    assert 0 < heads["phi"]["steps"][1]["ndf"] < BINNING["granularity"] - 1
    assert "steps" not in heads["end"]
    page = (evaluated / "metrics.html").read_text()
    assert "Data against model" in page
    assert f"<td>{heads['phi']['total']['chi2']:.4g}</td>" in page
    assert (evaluated / "heads/called").exists()


def test_everything_is_written(evaluated):
    names = drawn(evaluated)
    assert "log_p" in names
    assert sum(name.startswith("trees/row") for name in names) == 2
    page = (evaluated / "metrics.html").read_text()
    assert "Light quark" in page
    assert "θ" in page
    assert json.loads((evaluated / "metrics.json").read_text())["origin"]["inputs"]["dataset"] in page


def test_predictions_are_in_the_order_of_the_dataset_for_all_classes(evaluated, density):
    with TableReader(evaluated / "predictions.h5") as reader, TableReader(density[0] / "dataset/test.h5") as source:
        rows, steps = reader.read("jets"), reader.read("steps")
        jets, branchings = source.read("jets"), source.read("branchings")
    for name in ("label", "true_label", "weight", "run_number", "event_number", "sample", "pt", "n_branchings"):
        np.testing.assert_array_equal(rows[name], jets[name])
    assert set(rows["label"]) == {-1, 0, 1}
    assert len(steps) == len(branchings) + len(jets)
    sums = np.add.reduceat(branchings["z"].astype("f8"), jets["first_branching"][jets["n_branchings"] > 0])
    np.testing.assert_allclose(rows["log_p_z"][jets["n_branchings"] > 0], -3 * sums, rtol=1e-5)


def test_steps_add_up_to_heads_and_heads_to_the_jet(evaluated):
    with TableReader(evaluated / "predictions.h5") as reader:
        rows = reader.read("jets")
    heads = np.stack([rows[name] for name in COLUMNS], axis=1)
    np.testing.assert_allclose(heads.sum(axis=1), rows["log_p"], rtol=1e-5)
    chosen = [299, 0, 17]
    steps = read_steps(evaluated / "predictions.h5", chosen)
    np.testing.assert_array_equal(np.diff(steps.offsets), rows["n_branchings"][chosen] + 1)
    np.testing.assert_allclose(steps.sums(), heads[chosen], rtol=1e-5)


def test_metrics_are_of_the_class_that_was_learnt(evaluated):
    metrics = json.loads((evaluated / "metrics.json").read_text())
    with TableReader(evaluated / "predictions.h5") as reader:
        rows = reader.read("jets")
    own = rows["label"] == 0
    mean = np.average(-rows["log_p"][own].astype("f8"), weights=rows["weight"][own])
    assert metrics["learnt"] == ["quark"]
    assert metrics["metrics"]["loss"]["value"] == pytest.approx(mean, rel=1e-6)
    assert metrics["classes"]["quark"]["surprise"]["loss"]["value"] == pytest.approx(mean, rel=1e-6)
    assert metrics["classes"]["gluon"]["surprise"]["loss"]["value"] > mean
    assert metrics["jets"] == len(rows)


def test_trees_of_an_event_and_of_rows(density, evaluated, tmp_path, capfd):
    options = density[1]
    with TableReader(evaluated / "predictions.h5") as reader:
        rows = reader.read("jets")
    event = rows["event_number"][10]
    assert main(["draw_trees", *options, "--run", "1", "--event", str(event), "--output", str(tmp_path / "a")]) == 0
    assert drawn(tmp_path / "a") == {f"row{row}" for row in np.flatnonzero(rows["event_number"] == event)}
    assert f"row 10: -log P = {-rows['log_p'][10]:.2f}" in capfd.readouterr().err
    assert main(["draw_trees", *options, "--rows", "5", "0", "--output", str(tmp_path / "b")]) == 0
    assert drawn(tmp_path / "b") == {"row0", "row5"}


@pytest.mark.parametrize(
    ("more", "message", "code"),
    [
        (["--rows", "300"], "test part: has no row 300; there are 300", 2),
        (["--run", "1", "--event", "12345678"], "test part: has no jet of run 1, event 12345678", 3),
        (["--run", "1"], "an event is named by both --run and --event", 2),
    ],
)
def test_jets_that_are_not_there(density, tmp_path, capfd, more, message, code):
    assert main(["draw_trees", *density[1], *more, "--output", str(tmp_path)]) == code
    assert message in capfd.readouterr().err


def test_trees_of_a_classifier_are_refused(density, tmp_path, capfd):
    config = tmp_path / "a.yaml"
    config.write_text((density[0] / "config.yaml").read_text().replace("toy_density", "dense"))
    options = [str(config) if word.endswith("config.yaml") else word for word in density[1]]
    assert main(["draw_trees", *options, "--output", str(tmp_path)]) == 2
    assert "is a classifier, not a density" in capfd.readouterr().err


def test_only_junipr_draws_jets(density, capfd):
    assert main(["sample_jets", *density[1]]) == 2
    assert "only junipr can draw jets" in capfd.readouterr().err


def test_a_comparison_draws_trees_of_jets_that_have_a_class_with_their_ratio(density, evaluated, tmp_path, monkeypatch):
    from jetloom.plots.density.jet_trees import draw_jets
    from jetloom.report.comparison import figures
    from jetloom.report.comparison.look import Look

    pair = evaluated / "predictions.h5", evaluated / "predictions.h5"
    with TableReader(pair[0]) as reader:
        labels = reader.read("jets")["label"]
    assert (labels[:3] == -1).all()
    dataset = Dataset.open(density[0] / "dataset")
    look, totals = Look({"same": "Same"}, dataset.description["classes"], "pt", ""), []
    monkeypatch.setattr(figures, "draw_jets", lambda *given: totals.append(draw_jets(*given)))
    figures.draw_trees(figures.Trees(2, 1, {"same": pair}), None, look, dataset, tmp_path / "trees")
    assert [list(each.values()) for each in totals] == [pytest.approx([0.0, 0.0])]
    names = drawn(tmp_path / "trees")
    assert len(names) == 2
    assert all(name.startswith("same/row") and labels[int(name[8:])] >= 0 for name in names)
