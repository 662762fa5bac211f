"""The call for notebooks."""

import numpy as np
import pytest
from applied_analysis import inside

from jetloom.errors import ConfigurationError


def test_a_part_as_arrays_and_frame_and_the_scores_of_the_best_model(plain):
    with inside(plain):
        from jetloom.io.sealed import read_json
        from jetloom.notebook import load

        task = load("my.json")
        inputs, labels, weights = task.arrays("train")
        assert task.inputs == ["log_pt", "width", "ntrk"]
        assert inputs.shape == (len(labels), 3)
        assert weights.sum() == pytest.approx(len(weights), rel=1e-3)
        frame = task.scores("test")
        assert set(frame["class"]) == {"gluon", "quark"}
        np.testing.assert_array_equal(frame["label"], [task.classes.index(name) for name in frame["class"]])
        scores = frame[["score_gluon", "score_quark"]].to_numpy()
        np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
        result = read_json(
            f"results/a/scans/flavour/{task.scan.facts.best.model}".replace("model.keras", "result.json")
        )
        right = scores.argmax(axis=1) == frame["label"].to_numpy()
        accuracy = np.average(right, weights=frame[task.view.weight])
        assert accuracy == pytest.approx(result["metrics"]["eval_accuracy"], abs=1e-6)
        assert len(task.scan.points) == 1


def test_the_fold_is_that_of_the_best_model(folded):
    with inside(folded):
        from jetloom.notebook import load

        task = load("my.json", "flavour")
        assert task.fold == task.scan.facts.best.fold
        assert len(task.scores("test")) == len(task.rows("test"))
        assert load("my.json", "flavour", 1).fold == 1


def test_a_task_that_is_not_there_has_near_misses(plain):
    with inside(plain):
        from jetloom.notebook import load

        with pytest.raises(ConfigurationError, match="did you mean 'flavour'"):
            load("my.json", "flavor")
