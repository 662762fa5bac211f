"""``jetloom sample_jets`` and ``jetloom reweight``: files, figures and numbers."""

import json

import numpy as np
import pytest
import yaml
from test_figures_of_toy import drawn
from toy_density_analysis import CONFIG, write_best, write_dataset

from jetloom.cli.main import main
from jetloom.data.block import Block, read_block
from jetloom.data.dataset import Dataset
from jetloom.data.view import Columns, DataFacts
from jetloom.errors import EmptySampleError
from jetloom.evaluation.density.files import COLUMNS
from jetloom.evaluation.density.sampling.writing import precedents_of
from jetloom.io.hdf5.tables import TableReader, TableWriter
from jetloom.models.junipr.model import JuniprModel
from jetloom.models.junipr.parameters import JuniprParameters
from toy_binning import BINNING


@pytest.fixture(scope="module")
def analysis(tmp_path_factory):
    """Two density models and the comparison of them: config.yaml and dataset/."""
    directory = tmp_path_factory.mktemp("junipr")
    (directory / "dataset").mkdir()
    write_dataset(directory / "dataset", 1500)
    task = CONFIG["tasks"]["quark_density"] | {"model": "junipr"}
    other = {"dataset": "quark_density", "classes": ["gluon"], "model": "junipr"}
    ratio = {"signal": "gluon_density", "background": "quark_density"}
    config = CONFIG | {
        "tasks": {"quark_density": task, "gluon_density": other},
        "comparisons": {"both": {"tasks": ["quark_density"], "ratios": {"junipr": ratio}}},
    }
    (directory / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return directory


def write_log_p(analysis, task, log_p, dataset=None):
    """``predictions.h5`` of a task, with what a function of the jets gives as log P."""
    with TableReader((dataset or analysis / "dataset") / "test.h5") as reader:
        jets = reader.read("jets")
    names = ("label", "weight", "run_number", "event_number", "sample", "n_branchings")
    dtype = [(name, jets.dtype[name]) for name in names] + [(name, "<f4") for name in ("log_p", *COLUMNS)]
    rows = np.zeros(len(jets), dtype)
    for name in names:
        rows[name] = jets[name]
    rows["log_p"] = log_p(jets)
    path = analysis / "best" / task / "predictions.h5"
    path.parent.mkdir(parents=True)
    with TableWriter(path, {"jets": (rows.dtype, None)}) as writer:
        writer.attributes = {"dataset": "f00d", "fold": None}
        writer.append(jets=rows)
    return jets


def test_reweighting_comes_closer_with_the_true_ratio(analysis, tmp_path):
    # The toy's numbers of branchings are those of Poisson distributions with means 6 and 14.
    write_log_p(analysis, "quark_density", lambda jets: jets["n_branchings"] * np.log(6) - 6)
    jets = write_log_p(analysis, "gluon_density", lambda jets: jets["n_branchings"] * np.log(14) - 14)
    options = ["--config", analysis / "config.yaml", "--comparison", "both", "--ratio", "junipr", "--limit", "30"]
    options += ["--dataset", analysis / "dataset", "--best", analysis / "best", "--output", tmp_path]
    assert main(["reweight", *map(str, options)]) == 0
    assert drawn(tmp_path) == set()
    figure = ["plot_reweighting", *map(str, [*options[:6], "--dataset", options[9], "--numbers", tmp_path])]
    assert main(figure) == 0
    assert drawn(tmp_path) == {"spectra"}
    results = json.loads((tmp_path / "reweighting.json").read_text())
    assert (results["source"], results["target"]) == ("quark", "gluon")
    entry = results["spectra"]["multiplicity"]
    assert entry["closer"]
    assert entry["distance_after"] < 0.75 * entry["distance_before"]
    assert results["effective_jets_after"] < results["effective_jets_before"]
    with TableReader(tmp_path / "weights.h5") as reader:
        found = reader.read("jets")
    np.testing.assert_array_equal(found["row"], np.flatnonzero(jets["label"] == 0))
    np.testing.assert_array_equal(found["event_number"], jets["event_number"][found["row"]])
    expected = jets["n_branchings"][found["row"]] * np.log(14 / 6) - 8
    np.testing.assert_allclose(found["log_ratio"], expected, rtol=1e-4, atol=1e-4)
    page = (tmp_path / "reweighting.html").read_text()
    assert "Closer" in page
    assert f"The factors of {results['limited']} jets" in page
    # Those of equal weight that know as much, and those whose factor was cut.
    weights = found["weight"] * found["factor"].astype(float)
    assert results["effective_jets_after"] == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=1e-4)
    ratio = np.exp(found["log_ratio"].astype(float)) * found["seed_ratio"]
    assert (results["limited"], results["limit"]) == ((ratio > 30).sum(), 30.0)
    assert main(["reweight", *map(str, options), "--limit", "2"]) == 0
    results = json.loads((tmp_path / "reweighting.json").read_text())
    assert results["limited"] == (ratio > 2).sum() > 10


def test_a_spectrum_with_weights_of_no_meaning_says_so(analysis, tmp_path):
    """A factor for one jet alone: the reweighted jets are worth one, and nothing came closer or further away."""

    def one_of_all(jets):
        return np.where(np.arange(len(jets)) == np.flatnonzero(jets["label"] == 0)[0], 0.0, -1000.0)

    write_log_p(tmp_path, "quark_density", lambda jets: np.zeros(len(jets)), analysis / "dataset")
    write_log_p(tmp_path, "gluon_density", one_of_all, analysis / "dataset")
    options = ["--config", analysis / "config.yaml", "--comparison", "both", "--ratio", "junipr", "--limit", "1e9"]
    options += ["--dataset", analysis / "dataset", "--best", tmp_path / "best", "--output", tmp_path / "out"]
    assert main(["reweight", *map(str, options)]) == 0
    entry = json.loads((tmp_path / "out" / "reweighting.json").read_text())["spectra"]["z"]
    assert (entry["chi2_after"], entry["closer"]) == (None, None)
    assert entry["not_meaningful"].startswith("n_eff 1")
    figure = ["plot_reweighting", *map(str, [*options[:6], "--dataset", options[9], "--numbers", tmp_path / "out"])]
    assert main(figure) == 0
    assert "not meaningful (n_eff 1" in (tmp_path / "out" / "reweighting.html").read_text()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--comparison", "bot", "comparisons: no comparison 'bot'; did you mean 'both'"),
        ("--ratio", "juniper", "comparisons.both.ratios: no ratio 'juniper'; did you mean 'junipr'"),
    ],
)
def test_a_wrong_name_is_said(analysis, capfd, option, value, message):
    options = {"--config": analysis / "config.yaml", "--comparison": "both", "--ratio": "junipr"} | {option: value}
    assert main(["reweight", *(str(word) for pair in options.items() for word in pair)]) == 2
    assert message in capfd.readouterr().err


def test_predictions_of_another_dataset_are_refused(analysis, tmp_path, capfd):
    path = tmp_path / "quark_density" / "predictions.h5"
    path.parent.mkdir()
    with TableWriter(path, {"jets": (np.dtype([("label", "<i4")]), None)}) as writer:
        writer.attributes = {"dataset": "cafe", "fold": None}
    options = ["--config", analysis / "config.yaml", "--comparison", "both", "--ratio", "junipr"]
    options += ["--dataset", analysis / "dataset", "--best", tmp_path]
    assert main(["reweight", *map(str, options)]) == 3
    assert "is of another dataset" in capfd.readouterr().err


@pytest.fixture(scope="module")
def sampled(analysis):
    facts = DataFacts(Columns([], np.zeros(0), np.ones(0), None), ["quark", "gluon"], trees=BINNING)
    write_best(analysis / "scan", JuniprModel().build(JuniprParameters(), facts, 1, {}))
    options = ["--config", analysis / "config.yaml", "--task", "quark_density", "--scan", analysis / "scan"]
    options += ["--dataset", analysis / "dataset", "--jets", "100"]
    for name, seed in (("a", 5), ("b", 5)):
        output = analysis / "sampled" / name / "jets.h5"
        assert main(["sample_jets", *map(str, options), "--seed", str(seed), "--output", str(output)]) == 0
    return analysis / "sampled"


def test_sampled_jets_are_a_file_of_trees(sampled):
    with TableReader(sampled / "a" / "jets.h5") as reader:
        jets = read_block(reader, 0, 100)
        assert reader.attribute("status") == "converted"
        assert reader.attribute("trees")["max_constituents"] == 60
    assert len(jets) == 100
    rows = jets.branchings
    np.testing.assert_allclose(rows["soft_e"] / (rows["hard_e"] + rows["soft_e"]), rows["z"], rtol=1e-3)
    np.testing.assert_array_equal(jets["event_number"], np.arange(100))
    assert {"hard_node", "soft_node"} <= set(rows.dtype.names)


def test_seeds_are_those_of_the_class(sampled, analysis):
    with TableReader(sampled / "a" / "jets.h5") as reader, TableReader(analysis / "dataset/test.h5") as source:
        drawn_energies, jets = reader.read("jets")["seed_e"], source.read("jets")
    assert set(drawn_energies.tolist()) <= set(jets["seed_e"][jets["label"] == 0].tolist())


def test_precedents_are_of_the_classes_and_of_the_whole_part(analysis, caplog):
    view = Dataset.open(analysis / "dataset").view(None)
    jets = Block.concatenate(list(view.blocks("train")))
    own = jets.take(jets["label"] == 0)
    seen = []

    def kept(found, massless):
        seen.append(found)
        raise EmptySampleError("enough")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jetloom.evaluation.density.sampling.writing.Precedents", kept)
        for most in (10**6, len(jets.branchings) // 3):
            assert precedents_of(view, [0], most) is None
    assert "without precedents" in caplog.text
    np.testing.assert_array_equal(seen[0].rows, own.rows)
    every = -(-len(jets.branchings) // (len(jets.branchings) // 3))
    some = jets.take(np.arange(len(jets)) % every == 0)
    np.testing.assert_array_equal(seen[1].rows, some.rows[some["label"] == 0])


def test_without_precedents_nothing_is_said_to_be_overruled(sampled, analysis, tmp_path, monkeypatch):
    assert set(json.loads((sampled / "a" / "closure.json").read_text())["overruled"]) > {"probability_theta"}
    monkeypatch.setattr("jetloom.evaluation.density.sampling.writing.precedents_of", lambda *_: None)
    options = ["--config", analysis / "config.yaml", "--task", "quark_density", "--scan", analysis / "scan"]
    options += ["--dataset", analysis / "dataset", "--jets", "20", "--output", tmp_path / "jets.h5"]
    assert main(["sample_jets", *map(str, options)]) == 0
    assert json.loads((tmp_path / "closure.json").read_text())["overruled"] is None
    # Twenty jets have no means by step; the figure says so.
    options = ["--config", analysis / "config.yaml", "--task", "quark_density", "--dataset", analysis / "dataset"]
    assert main(["plot_sampled", *map(str, options), "--numbers", str(tmp_path)]) == 0
    assert drawn(tmp_path) == {"closure", "closure_depth"}


def test_the_closure_is_drawn_and_equal_seeds_give_equal_jets(sampled, analysis):
    assert drawn(sampled / "a") == set()
    options = ["--config", analysis / "config.yaml", "--task", "quark_density", "--dataset", analysis / "dataset"]
    assert main(["plot_sampled", *map(str, options), "--numbers", str(sampled / "a")]) == 0
    assert drawn(sampled / "a") == {"closure", "closure_depth"}
    results = json.loads((sampled / "a" / "closure.json").read_text())
    assert results["jets"] == 100
    assert results["spectra"]["multiplicity"]["chi2"] > 0
    first, again = ((sampled / name / "jets.h5").read_bytes() for name in "ab")
    assert first == again
