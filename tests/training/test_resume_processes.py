"""A training that is killed or told to stop, and run again, ends with the same bits as one left alone."""

import signal

import numpy as np
import pytest
from torn import history, wait_for, weights

from jetloom.scan.attempts import ledger
from jetloom.training import checkpoint

EPOCHS = 20
DENSE = {"batch_size": 64, "hidden_layers": 1, "units": 8, "dropout": 0.2, "batch_normalization": True, "l2": 1e-4}
JUNIPR = {"batch_size": 32, "width": 4, "end_hidden": 4, "mother_hidden": 4, "branching_hidden": 4,
          "max_constituents": 32}  # fmt: skip


def _task(model, backend):
    return {
        "model": model,
        "parameters": {"epochs": EPOCHS, **(DENSE if model == "dense" else JUNIPR)},
        **({} if model == "dense" else {"classes": ["quark"]}),
        "training": {
            "backend": backend,
            "checkpoint_steps": 4,
            "early_stopping": {"patience": 18},
            "reduce_learning_rate": {"patience": 1, "min_delta": 0.02},
        },
    }  # fmt: skip


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.parametrize("model", ["dense", "junipr"])
def test_killed_and_stopped_trainings_end_with_the_same_bits(command, start, tmp_path, backend, model):
    alone, torn = tmp_path / "alone", tmp_path / "torn"
    process = start(command(alone, **_task(model, backend)))
    assert process.wait(120) == 0, process.communicate()[1]

    process = start(command(torn, **_task(model, backend)))
    before = wait_for(torn / "checkpoint.npz", 1, process)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (torn / "result.json").exists()
    (torn / ".checkpoint.gone-1.part.npz").write_bytes(b"half")  # as a kill in the middle of writing leaves it

    process = start(command(torn, **_task(model, backend)))
    wait_for(torn / "checkpoint.npz", before.epoch + 2, process)
    process.terminate()
    assert process.wait(60) == 85
    assert "interrupted" in process.communicate()[1]
    stored = checkpoint.load(torn / "checkpoint.npz")[0]
    assert stored.attempts == 2
    assert stored.epoch < EPOCHS
    assert not (torn / "result.json").exists()

    process = start(command(torn, **_task(model, backend)))
    assert process.wait(120) == 0, process.communicate()[1]
    assert history(torn) == history(alone)
    assert len(history(torn)) > before.epoch + 2
    one, other = weights(alone), weights(torn)
    assert one.keys() == other.keys()
    assert len(one) == (8 if model == "dense" else 29)
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)
    assert {path.name for path in torn.iterdir()} == {
        "model.keras", "history.csv", "result.json", "checkpoint.npz", ".lock", "attempts.csv"
    }  # fmt: skip
    assert [(line.attempt, line.cause) for line in ledger.read(torn / "attempts.csv")] == [
        (1, "bug"), (2, "preempted"), (3, "done")
    ]  # fmt: skip
