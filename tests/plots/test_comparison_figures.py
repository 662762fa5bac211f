"""``jetloom compare`` on made-up predictions: every figure is there, and the numbers are those of the models."""

import json
import shutil

import numpy as np
import pytest
import yaml
from test_figures_of_toy import drawn

from jetloom.cli.main import main
from jetloom.io.sealed import write_json
from rivals import classifier, draw, write_all

UNARY = {"dataset": "dnn", "model": "junipr"}
CONFIG = {
    "analysis": "rivals",
    "label": "ATLAS Simulation Work in Progress",
    "samples": {"dijet": {"files": ["x.root"]}},
    "tasks": {
        "dnn": {
            "title": "Dense network",
            "labels": {"gluon": {"when": "truth == 21"}, "quark": {"when": "truth == 1", "title": "Light quark"}},
            "inputs": ["pt"],
        },
        "bdt": {"title": "Boosted trees", "dataset": "dnn", "model": "bdt"},
        "quark": UNARY | {"classes": ["quark"]},
        "gluon": UNARY | {"classes": ["gluon"]},
    },
    "comparisons": {
        "all": {
            "tasks": ["dnn", "bdt"],
            "ratios": {"unaries": {"signal": "quark", "background": "gluon", "title": "Two densities"}},
            "baselines": False,
            "trees": 0,
        }
    },
}
DATASET = {
    "task": "dnn",
    "title": "",
    "label": "",
    "classes": [{"name": name, "title": name, "color": None} for name in ("gluon", "quark")],
    "spectators": [{"column": "pt", "title": "Jet $p_T$ [GeV]"}],
    "samples": {},
    "views": [],
    "inputs": [],
    "parts": {},
    "digests": {},
    "fingerprint": "f00d",
}
BOTH = ("compare", "plot_comparison")
FIGURES = {"roc", "auc_in_bins", "log_odds", "correlations", "log_p/unaries", "separation/unaries"}
FIGURES |= {f"{kind}/{model}" for kind in ("scores", "confusion") for model in ("dnn", "bdt", "unaries")}


def run(directory, output, verbs=("compare",), **changes):
    content = json.loads(json.dumps(CONFIG))
    content["comparisons"]["all"] |= changes
    (directory / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    write_json(directory / "dataset" / "dataset.json", DATASET)
    options = {"config": directory / "config.yaml", "comparison": "all", "dataset": directory / "dataset"}
    options |= {"best": directory / "best", "output": output}
    words = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    more = {"plot_comparison": ["--numbers", str(output)]}
    return max(main([verb, *words, *more.get(verb, [])]) for verb in verbs)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp("rivals")
    write_all(directory / "best", 20_000)
    assert run(directory, directory / "out", BOTH) == 0
    return directory


def test_every_figure_is_drawn(made):
    assert drawn(made / "out") == FIGURES


def test_the_numbers_are_those_of_the_models(made):
    found = json.loads((made / "out" / "comparison.json").read_text())
    assert (found["background"], found["signal"]) == ("gluon", "quark")
    used, true = found["labels"]["label"], found["labels"]["true_label"]
    assert sum(used["jets"].values()) == 20_000
    assert sum(true["jets"].values()) == 16_000
    # Two normal distributions one deviation apart: Phi(1 / sqrt 2).
    for model in ("dnn", "unaries"):
        auc = used["models"][model]["auc"]
        assert auc["value"] == pytest.approx(0.7602, abs=4 * auc["std"])
        assert found["log_odds"][model]["slope"]["value"] == pytest.approx(1.0, abs=0.05)
    differences = {(entry["model"], entry["minus"]): entry for entry in used["auc_differences"]}
    assert set(differences) == {("dnn", "bdt"), ("dnn", "unaries"), ("bdt", "unaries")}
    better = differences["dnn", "bdt"]
    assert better["value"] > 5 * better["std"] > 0
    assert better["std"] < used["models"]["dnn"]["auc"]["std"] * 1.2
    assert abs(differences["dnn", "unaries"]["value"]) < 1e-3
    assert found["log_odds"]["bdt"]["slope"]["value"] == pytest.approx(0.25, abs=0.03)
    assert np.sum(found["confusion"]["dnn"]["label"]) > np.sum(found["confusion"]["dnn"]["true_label"])


def test_the_page_says_what_is_better(made):
    page = (made / "out" / "summary.html").read_text()
    for words in ("Dense network", "Boosted trees", "Two densities", "Light quark against gluon", "Jet p_T [GeV]"):
        assert words in page


def test_another_title_is_drawn_and_nothing_is_measured(made, tmp_path, monkeypatch):
    before = (made / "out" / "comparison.json").read_bytes()
    for name in ("figures.json", "comparison.json"):
        shutil.copy(made / "out" / name, tmp_path / name)
    monkeypatch.setattr("jetloom.evaluation.statistics.bootstrap.replicas", None)
    pair = CONFIG["comparisons"]["all"]["ratios"]["unaries"] | {"title": "Another title"}
    assert run(made, tmp_path, ("plot_comparison",), ratios={"unaries": pair}) == 0
    assert drawn(tmp_path) == FIGURES
    assert "Another title" in (tmp_path / "summary.html").read_text()
    assert (made / "out" / "comparison.json").read_bytes() == before


def test_numbers_of_other_models_are_refused(made, tmp_path, capfd):
    for name in ("figures.json", "comparison.json"):
        shutil.copy(made / "out" / name, tmp_path / name)
    assert run(made, tmp_path, ("plot_comparison",), ratios={}) == 3
    assert "was made with a model 'unaries', which the configuration does not compare" in capfd.readouterr().err


def test_correlations_need_jets(made):
    found = json.loads((made / "out" / "comparison.json").read_text())["correlations"]
    assert set(found) == {"gluon", "quark"}
    for entry in found.values():
        assert np.shape(entry["ranks"]) == (3, 3)
        assert entry["ranks"][0][0] == 1.0
        assert 9_000 < entry["jets"] < 11_000


def test_a_variable_that_is_no_spectator_is_named(made, tmp_path, capfd):
    assert run(made, tmp_path, variable="energy") == 2
    assert "'energy' is no spectator of 'dnn'" in capfd.readouterr().err


def test_predictions_of_other_jets_are_refused_in_one_line(tmp_path, capfd):
    write_all(tmp_path / "best", 200)
    jets, x = draw(200, seed=8)
    classifier(tmp_path / "best" / "bdt" / "predictions.h5", jets, x)
    assert run(tmp_path, tmp_path / "out") == 3
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert "bdt/predictions.h5: its jets are not those of" in error
