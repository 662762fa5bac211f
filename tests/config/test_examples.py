"""The examples are configurations that hold together, and say what their comments promise."""

from pathlib import Path

import pytest

from jetloom.config.load import load_analysis
from jetloom.expressions import evaluate_mask
from jetloom.scan.points.space import points
from jetloom.scan.preflight import check_analysis

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"
JUNIPR = ("quark_gluon", "zjet")


@pytest.mark.parametrize("name", JUNIPR)
def test_an_example_of_junipr_is_whole(name):
    analysis = load_analysis(EXAMPLES / f"{name}.yaml")
    check_analysis(analysis)
    assert {task.model for task in analysis.tasks.values()} == {"dense", "bdt", "junipr", "junipr_binary"}
    assert {analysis.dataset_of(task) for task in analysis.tasks} == {"quark_gluon"}
    ratio = analysis.comparisons["quark_gluon"].ratios["likelihood_ratio"]
    densities = [analysis.tasks[name] for name in (ratio.signal, ratio.background)]
    first, second = ((task.start, task.parameters, task.scan, task.training) for task in densities)
    assert first == second, "densities that are not trained alike"
    binary = analysis.tasks["junipr_binary"]
    assert set(binary.unaries.values()) <= {ratio.signal, ratio.background}
    assert binary.parameters["temperature"] == 5
    assert binary.parameters["learn_temperature"]
    assert all(len(points(task)) > 1 for task in analysis.tasks.values()), "a scan of one point"
    assert analysis.trees.max_constituents == analysis.conversion.slots["constituents"]


def test_one_number_sizes_the_published_comparison():
    text = (EXAMPLES / "zjet.yaml").read_text(encoding="utf-8")
    assert text.count("events:") == 1
    simulations = [sample.simulate for sample in load_analysis(EXAMPLES / "zjet.yaml").samples.values()]
    assert [one.process for one in simulations] == ["zjet_quark", "zjet_gluon"]
    assert simulations[0].model_dump(exclude={"process"}) == simulations[1].model_dump(exclude={"process"})
    assert (simulations[0].energy, simulations[0].detector) == (14000.0, False)


def test_the_cuts_of_the_published_comparison():
    import numpy as np

    cuts = load_analysis(EXAMPLES / "zjet.yaml").conversion.select.jets
    jets = {
        "pt": np.array([499.0, 501.0, 549.0, 551.0, 520.0, 520.0]),
        "eta": np.array([0.0, 0.0, -1.69, 0.0, 1.72, 1.72]),
        # A heavy jet has a smaller rapidity than pseudorapidity: |y| is cut on, not |eta|.
        "m": np.array([20.0, 20.0, 20.0, 20.0, 20.0, 150.0]),
    }
    passed = np.all([evaluate_mask(cut, jets, 6) for cut in cuts], axis=0)
    assert passed.tolist() == [False, True, True, False, False, True]
