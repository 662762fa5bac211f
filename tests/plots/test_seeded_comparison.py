"""``jetloom compare`` with a ratio that knows energy and mass; numbers of all ratios; one matrix for equal labels."""

import json

import numpy as np
import pytest
import yaml
from test_comparison_figures import CONFIG
from test_figures_of_toy import drawn

from jetloom.cli.main import main
from jetloom.config.comparisons import BASELINES, Comparison
from jetloom.evaluation.classification.confusion import confusion
from jetloom.plots.classifier.confusion import ALIKE, LABELS, matrices
from rivals import FIELDS, HEADS, classifier
from seed_files import seeded, write_blind, write_dataset

PAIR = {"signal": "quark", "background": "gluon"}


def few_of_quarks(rows, rng):
    return rng.poisson(np.where(rows["label"] == 1, 15, 25))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp("seeded")
    content = json.loads(json.dumps(CONFIG))
    content["comparisons"]["all"] |= {
        "tasks": ["dnn"],
        "ratios": {
            "seeded": PAIR | {"seed": True, "title": "With seed"},
            "weighed": PAIR | {"seed": True, "head_weights": True, "title": "Weighed"},
            "plain": PAIR,
        },
        "baselines": True,
    }
    (directory / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    test, validation = seeded(8000, 2, 1.0, few_of_quarks), seeded(3000, 3, 1.0, few_of_quarks)
    test["true_label"] = test["label"]
    write_dataset(directory / "dataset", seeded(8000, 1, 1.0, few_of_quarks), test, validation)
    write_blind(directory / "best", test, validation=validation)
    keys = test[[name for name, _ in FIELDS]]
    classifier(directory / "best" / "dnn" / "predictions.h5", keys, np.log(test["seed_e"]) - 5.0)
    options = {"config": "config.yaml", "dataset": "dataset", "best": "best", "output": "out"}
    words = [text for name, value in options.items() for text in (f"--{name}", str(directory / value))]
    assert main(["compare", "--comparison", "all", *words]) == 0
    assert main(["plot_comparison", "--comparison", "all", *words, "--numbers", str(directory / "out")]) == 0
    return directory / "out"


def test_the_ratio_with_seed_is_a_model_of_its_own(made):
    models = json.loads((made / "comparison.json").read_text())["labels"]["label"]["models"]
    assert models["plain"]["auc"]["value"] == pytest.approx(0.5, abs=0.03)
    assert models["seeded"]["auc"]["value"] > 0.95
    assert "With seed" in (made / "summary.html").read_text()


def test_log_p_and_separation_are_drawn_once_for_each_pair(made):
    names = drawn(made)
    assert {"scores/seeded", "scores/plain", "confusion/seeded"} <= names
    assert {name for name in names if name.startswith(("log_p", "separation"))} == {"log_p/plain", "separation/plain"}


def test_baselines_are_models_on_the_same_jets(made):
    models = json.loads((made / "comparison.json").read_text())["labels"]["label"]["models"]
    assert set(BASELINES) < set(models)
    # Energy and mass leave few jets of which the number could still tell the class; test_baselines.py has the answers.
    assert 0.8 < models["constituents_given_seed"]["auc"]["value"] < 0.95
    assert models["seed_and_constituents"]["auc"]["value"] > models["seeded"]["auc"]["value"]


def test_the_page_begins_with_the_densities_and_says_what_is_held_against_what(made):
    found, page = json.loads((made / "comparison.json").read_text()), (made / "summary.html").read_text()
    assert page.index("Mean of -log P of a jet") < page.index("separation by head") < page.index("<h3>Models</h3>")
    for words in ("against the number of constituents for given energy and mass", "Constituents for given"):
        assert words in page
    assert found["densities"]["plain"]["surprise"]["signal"]["under_signal"]["value"] == pytest.approx(50, abs=0.1)
    assert set(found["densities"]["plain"]["heads"]) == {*HEADS, "all heads"}
    weights = found["head_weights"]["weighed"]
    assert weights["seed"] == pytest.approx(1.0, abs=0.2)
    assert abs(weights["z"]) < 2
    assert "Weights of the heads, fitted on the validation part" in page


def test_baselines_can_be_left_out_and_their_names_are_theirs():
    assert not Comparison(tasks=["dnn"], ratios={"a": PAIR}, baselines=False).holds_baselines
    assert not Comparison(tasks=["dnn"]).holds_baselines
    with pytest.raises(ValueError, match="two of its models have the name 'seed_and_constituents'"):
        Comparison(tasks=["dnn"], ratios={"seed_and_constituents": PAIR})


def test_pairs_are_of_different_models():
    ratios = {
        "a": PAIR | {"seed": True},
        "b": PAIR,
        "c": PAIR,
        "d": {"signal": "x", "background": "gluon", "seed": True},
    }
    assert list(Comparison(tasks=["dnn"], ratios=ratios).pairs) == ["b", "d"]
    assert Comparison(tasks=["dnn"]).pairs == {}


def test_the_line_of_the_log_ratio_is_in_numbers_and_table(made):
    found = json.loads((made / "comparison.json").read_text())["log_odds"]["seeded"]
    assert found["ndf"] == len(found["said"]) - 2
    assert found["chi2"] > 0
    residuals = np.array(found["observed"]) - found["intercept"]["value"]
    residuals -= found["slope"]["value"] * np.array(found["said"])
    assert found["chi2"] == pytest.approx(((residuals / found["std"]) ** 2).sum())
    page = (made / "summary.html").read_text()
    assert "Intercept" in page
    assert "Degrees of freedom" in page


def test_equal_labels_make_one_matrix(made):
    labels, probabilities = np.array([0, 0, 1, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])[[0, 1, 1, 1, 0]]
    used, true = (confusion(labels[:n], probabilities[:n], np.ones(n)) for n in (5, 4))
    assert list(matrices(used, used, True)) == [ALIKE]
    assert list(matrices(used, true, False)) == list(LABELS.values())


def test_the_figure_of_one_matrix_lies_on_its_side(made):
    from matplotlib.image import imread

    height, width, _ = imread(made / "confusion" / "plain.png").shape
    assert width > 1.5 * height
