"""The three plotting verbs on a made-up analysis: every figure is there, has content, and comes out the same twice."""

import json

import numpy as np
import pytest

from jetloom.cli.main import main
from jetloom.data.dataset import Dataset
from jetloom.evaluation.statistics.bootstrap import Draws
from jetloom.io.hdf5.tables import TableReader
from jetloom.report.classifier import measure as best
from jetloom.report.subject import Subject
from jetloom.scan.table.collected import read_scan
from stored_files import write_facts

INPUTS = {"inputs/log_pt", "inputs/width", "inputs/ntracks", "bookkeeping/cut_flow", "bookkeeping/weights"}
INPUTS |= {"bookkeeping/split", "bookkeeping/spectra"}
PARAMETERS = ["learning_rate", "activation", "dropout"]
SCAN = {"ten_best", "learning_curves", "correlations", "interactions/learning_rate-dropout"}
SCAN |= {f"parameters/by_{name}" for name in PARAMETERS}
BEST = {"scores", "roc", "confusion", "performance/pt", "performance/eta", "calibration"}


def drawn(directory):
    """Figures below a directory by name: PNG and PDF, with something in them."""
    from matplotlib.image import imread

    names = {path.relative_to(directory).with_suffix("").as_posix() for path in directory.rglob("*.png")}
    for name in names:
        picture = imread(directory / f"{name}.png")
        assert min(picture.shape[:2]) > 150, name
        assert picture[..., :3].std() > 0.02, name
        assert (directory / f"{name}.pdf").read_bytes().startswith(b"%PDF"), name
    return names


def plot_inputs(toy, output):
    options = ["--config", toy / "config.yaml", "--task", "flavour", "--dataset", toy / "dataset", "--output", output]
    files = sorted((toy / "hdf5").rglob("*.h5"))
    assert main(["plot_inputs", *map(str, options), "--hdf5", *map(str, files)]) == 0
    return output


def plot_scan(toy, output):
    options = ["--scan", toy / "scan", "--config", toy / "config.yaml", "--output", output]
    assert main(["plot_scan", *map(str, options)]) == 0
    return output


def test_plot_inputs(toy, tmp_path):
    first = plot_inputs(toy, tmp_path / "a")
    assert drawn(first) >= INPUTS
    table = (first / "bookkeeping" / "cut_flow.html").read_text()
    assert "broken.root" in table
    assert "is truncated" in table
    assert "abs(eta) &lt; 2.5" in table
    assert "<h2>Cut flow: dataset flavour</h2>" in table
    assert "http" not in table
    assert "Light quark" in (first / "bookkeeping" / "summary.html").read_text()


def test_plot_scan(toy, tmp_path):
    first = plot_scan(toy, tmp_path / "a")
    assert drawn(first) >= SCAN
    assert "24 points, 23 trained, 1 without result" in (first / "ten_best.html").read_text()


def test_each_of_the_best_points_has_a_figure_named_by_it(toy, tmp_path):
    options = ["--scan", toy / "scan", "--output", tmp_path, "--most", "3"]
    assert main(["plot_scan", *map(str, options)]) == 0
    points = read_scan(toy / "scan").points["point"].tolist()
    found = {path.stem for path in (tmp_path / "points").glob("*.png")}
    assert found == set(points[:3])


def test_the_histograms_of_a_scan_on_a_terminal(toy):
    from jetloom.scan.table.terminal import text_histogram

    table = read_scan(toy / "scan").points
    lines = text_histogram("val_auc", table["val_auc"]).splitlines()
    assert lines[0] == "val_auc: 23 points, 1 without a value"
    assert sum(int(line.split()[-1]) for line in lines[1:-1]) == 23
    assert len(lines) == 14
    assert text_histogram("x", [1.0, 1.0]) == "x: 2 points, all at 1\n"
    assert text_histogram("x", [float("nan")]) == "x: 0 points, 1 without a value\n"


def test_evaluate(evaluated):
    assert drawn(evaluated) == BEST
    metrics = json.loads((evaluated / "metrics.json").read_text())
    assert metrics["jets"] == 3000
    assert 0.7 < metrics["metrics"]["auc"]["value"] < 1.0
    assert 0.001 < metrics["metrics"]["auc"]["std"] < 0.02
    page = (evaluated / "metrics.html").read_text()
    assert "Light quark" in page
    origin = metrics["origin"]
    for linked in (metrics["point"], metrics["run"], origin["inputs"]["dataset"], origin["commit"]):
        assert f">{linked}<" in page or f", {linked}<" in page


def test_jets_with_a_true_label_are_measured_on_their_own(evaluated):
    metrics = json.loads((evaluated / "metrics.json").read_text())
    true = metrics["true_labels"]
    assert true["jets"] == 2700
    assert true["metrics"]["auc"]["value"] == pytest.approx(metrics["metrics"]["auc"]["value"], abs=0.02)
    assert true["metrics"]["auc"]["value"] != metrics["metrics"]["auc"]["value"]
    all_sums, sums = (np.array(facts["confusion"]) for facts in (metrics, true))
    assert all_sums.shape == sums.shape == (3, 3)
    assert 0.8 < sums.sum() / all_sums.sum() < 1.0
    assert all_sums.sum() == pytest.approx(metrics["sum_of_weights"])
    assert "2,700 jets with a true label" in (evaluated / "metrics.html").read_text()


def test_predictions_belong_to_the_jets(evaluated, toy):
    with TableReader(evaluated / "predictions.h5") as reader, TableReader(toy / "dataset" / "test.h5") as source:
        rows, jets = reader.read("jets"), source.read("jets")
    for name in ("label", "weight", "event_number", "sample", "pt"):
        np.testing.assert_array_equal(rows[name], jets[name])
    scores = np.stack([rows[f"score_{name}"] for name in ("quark", "gluon", "bottom")], axis=1)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, rtol=1e-5)


def test_a_missing_model_is_named(toy, tmp_path, capfd):
    scan = tmp_path / "scan"
    write_facts(scan, best={"point": "abc"})
    options = ["--config", toy / "config.yaml", "--task", "flavour", "--dataset", toy / "dataset", "--scan", scan]
    assert main(["evaluate", *map(str, options), "--output", str(tmp_path / "out")]) == 3
    assert "abc/r0/model.keras" in capfd.readouterr().err


@pytest.mark.parametrize("verb", ["plot_inputs", "plot_scan", "evaluate", "plot_best"])
def test_help(verb, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])
    assert stopped.value.code == 0
    assert "--output" in capsys.readouterr().out


def test_jets_of_no_class_are_predicted_and_measured_nowhere(toy, tmp_path, monkeypatch):
    """Those that ``unlabelled: keep`` left in the dataset: the model is applied to them, and no metric knows them."""
    dataset = Dataset.open(toy / "dataset")
    rows = np.concatenate([block.rows for block in dataset.view().blocks("test")])
    rows["label"][::7] = -1

    def predict(network, model, view, role, most=None):
        yield rows, np.full((len(rows), 3), 1 / 3)

    monkeypatch.setattr(best, "predict", predict)
    subject = Subject(None, None, dataset, dataset.classes, {"fold": None}, Draws(1, 5))
    jets, variables = best._predict_test(subject, tmp_path / "predictions.h5")
    with TableReader(tmp_path / "predictions.h5") as reader:
        written = reader.read("jets")
    np.testing.assert_array_equal(written["label"], rows["label"])
    np.testing.assert_array_equal(written["true_label"], rows["true_label"])
    known = rows["label"] >= 0
    np.testing.assert_array_equal(jets.labels, rows["label"][known])
    np.testing.assert_array_equal(variables["pt"], rows["pt"][known])
    assert len(jets.probabilities) == known.sum() < len(rows)
    assert (best._training_jets(subject)[0] >= 0).all()
