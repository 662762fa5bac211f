"""Steps of several updates, on both backends. Keras has one backend a process, so JAX runs in a process of its own."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from two_towers import ADVERSARY_RATE, CASES, RATE, REPEAT, WEIGHT, TwoTowers, data, pairs, stepper_of, steps

from jetloom.errors import ConfigurationError
from jetloom.models.dense import Dense
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.models.updates import CONTROL, MAIN, Update
from jetloom.training.point import train_point
from jetloom.training.request import Request
from tiny_analysis import analysis

SCRIPT = """
import sys
import numpy as np
from jetloom.training.backends.backend import use_backend
use_backend("jax", 1)
sys.path.insert(0, sys.argv[1])
from two_towers import steps
np.savez(sys.argv[2], **steps())
"""


@pytest.fixture(scope="module")
def tensorflow():
    from jetloom.training.backends.backend import use_backend

    use_backend("tensorflow", 1)
    return steps()


@pytest.fixture(scope="module")
def jax(tmp_path_factory):
    path = tmp_path_factory.mktemp("jax") / "steps.npz"
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(path)]
    subprocess.run(command, check=True, env=environment)
    with np.load(path) as archive:
        return dict(archive)


def _start():
    rng = np.random.default_rng(9)
    return [rng.normal(0, 0.5, shape) for shape in ((3, 2), (2,), (2, 1), (1,))]


def _tagged(batch, kernel, bias):
    logits = batch.features @ kernel + bias
    said = np.exp(logits - logits.max(axis=1, keepdims=True))
    return said / said.sum(axis=1, keepdims=True)


def _through_softmax(said, slope):
    return said * (slope - (said * slope).sum(axis=1, keepdims=True))


def _adversary(batch, said, kernel, bias):
    """Loss, and its slope by what the adversary says before its sigmoid."""
    score = 1 / (1 + np.exp(-(said @ kernel + bias)))[:, 0]
    loss = -(batch.weights * np.log(np.where(batch.target == 1, score, 1 - score))).sum() / len(batch)
    return loss, ((batch.weights * (score - batch.target)) / len(batch))[:, None]


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_updates_in_turn_equal_those_computed_by_hand(request, backend):
    """The adversary twice, on what the tagger says then; then the tagger against the adversary as it is by now."""
    found = request.getfixturevalue(backend)
    kernel, bias, judge, shift = _start()
    for batches, sums in zip(pairs(), found["sgd/sums"], strict=True):
        main, control = batches[MAIN], batches[CONTROL]
        losses = []
        for _ in range(REPEAT):
            said = _tagged(control, kernel, bias)
            loss, slope = _adversary(control, said, judge, shift)
            losses.append(loss)
            judge, shift = (
                judge - RATE * ADVERSARY_RATE * said.T @ slope,
                shift - RATE * ADVERSARY_RATE * slope.sum(axis=0),
            )
        said, of_control = _tagged(main, kernel, bias), _tagged(control, kernel, bias)
        entropy = -np.log(said[np.arange(len(main)), main.target])
        against, slope = _adversary(control, of_control, judge, shift)
        mine = _through_softmax(of_control, -WEIGHT * slope @ judge.T)
        own = (said - np.eye(2)[main.target]) * main.weights[:, None] / len(main)
        loss = (main.weights * entropy).sum() / len(main)
        right = main.weights[said.argmax(axis=1) == main.target].sum()
        expected = [loss * len(main), right, np.mean(losses), loss - WEIGHT * against]
        np.testing.assert_allclose(sums, expected, rtol=2e-4, atol=1e-5)
        kernel = kernel - RATE * (main.features.T @ own + control.features.T @ mine)
        bias = bias - RATE * (own.sum(axis=0) + mine.sum(axis=0))
    for name, expected in zip(range(4), (kernel, bias, judge, shift), strict=True):
        np.testing.assert_allclose(found[f"sgd/{name}"], expected, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("case", CASES)
def test_both_backends_take_the_same_steps(tensorflow, jax, case):
    for name in (key for key in tensorflow if key.startswith(f"{case}/")):
        np.testing.assert_allclose(tensorflow[name], jax[name], rtol=1e-3, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_loss_of_the_batch_is_added_to_the_mean_of_its_rows(request, backend):
    found, batch, (kernel, bias, *_) = request.getfixturevalue(backend), data(4), _start()
    said = _tagged(batch, kernel, bias)
    entropy = -np.log(said[np.arange(40), batch.target])
    away = said[:, 0].mean() - 0.5
    slope = np.zeros_like(said)
    slope[:, 0] = 2 * away / 40
    slope = _through_softmax(said, slope) + (said - np.eye(2)[batch.target]) * batch.weights[:, None] / 40
    total = (batch.weights * entropy).sum()
    # The loss of the rows stays what it is; that of the update has both.
    np.testing.assert_allclose(found["spread/sums"][0, [0, 2]], [total, total / 40 + away**2], rtol=1e-4)
    np.testing.assert_allclose(found["spread/0"], kernel - RATE * batch.features.T @ slope, rtol=1e-4, atol=1e-5)
    # Of pieces, the mean of theirs.
    aways = [said[start : start + 20, 0].mean() - 0.5 for start in (0, 20)]
    expected = total / 40 + np.mean(np.square(aways))
    assert found["spread in pieces/sums"][0, 2] == pytest.approx(expected, rel=1e-4)


def test_a_state_with_two_optimisers_is_taken_out_and_put_back(tensorflow):
    one = stepper_of(TwoTowers(), optimizer="nadam")
    one.train(pairs()[0])
    state = [array.copy() for array in one.arrays()]
    assert len(state) > len(one.network.variables) + len(one.parts[1].optimizer.variables)
    expected = [one.train(batches) for batches in pairs()]
    other = stepper_of(TwoTowers(), optimizer="nadam")
    other.load(state)
    np.testing.assert_array_equal([other.train(batches) for batches in pairs()], expected)


def test_a_learning_rate_holds_for_each_optimiser_in_its_proportion(tensorflow):
    stepper = stepper_of(TwoTowers())
    assert stepper.learning_rate == RATE
    stepper.learning_rate = 0.25
    rates = [float(np.asarray(part.optimizer.learning_rate)) for part in stepper.parts]
    assert rates == [np.float32(0.25 * ADVERSARY_RATE), 0.25]
    assert stepper.learning_rate == pytest.approx(0.25, rel=1e-6)
    assert [type(part.optimizer).__name__ for part in stepper_of(TwoTowers(), optimizer="adam").parts] == [
        "SGD",
        "Adam",
    ]


def test_what_cannot_be_trained(tensorflow):
    with pytest.raises(ConfigurationError, match=r"parameters\.micro_batch: .*model's own loss only"):
        stepper_of(TwoTowers(), micro_batch=8)

    class Silent(TwoTowers):
        def updates(self, parameters):
            return super().updates(parameters)[:1]

    with pytest.raises(ConfigurationError, match=r"no update gives the network.s outputs.*return loss, outputs"):
        stepper_of(Silent()).train(pairs()[0])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "the tagger"}, "is an identifier, not 'the tagger'"),
        ({"optimizer": "adma"}, "no optimizer 'adma'; known: adam, adamw, sgd"),
        ({"streams": ("main", "contrl")}, "streams is a tuple of main and control"),
        ({"streams": "main"}, "streams is a tuple"),
        ({"streams": ("main", "control")}, "the model's own loss looks at main alone"),
        ({"repeat": 0}, "repeat is a whole number of at least 1, not 0"),
        ({"rate": float("nan")}, "rate is a number above 0, not nan"),
    ],
)
def test_an_update_that_cannot_be(given, words):
    with pytest.raises(ValueError, match=words):
        Update(**given)


def test_losses_of_updates_are_logged_where_the_loss_does_not_say_it_all():
    assert Dense().loss_columns(Dense.parameters()) == []
    assert TwoTowers().loss_columns(TwoTowers.parameters()) == ["loss_adversary", "loss_tagger"]


BALANCED = '''
from jetloom.models.dense import Dense


class Balanced(Dense):
    """A dense network whose mean score is near a half, and its part up to the last layer."""

    def batch_loss(self, batch, outputs, parameters):
        from keras import ops

        return (ops.mean(outputs[:, 0]) - 0.5) ** 2

    def submodels(self, network):
        import keras

        return {"body": keras.Model(network.inputs, network.get_layer("activation_0").output)}
'''


def test_losses_of_updates_are_in_the_history_and_parts_beside_the_network(tensorflow, dataset, tmp_path, monkeypatch):
    import keras

    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(BALANCED)
    name, free = "mine.py:Balanced", {"early_stopping": None, "reduce_learning_rate": None}
    task = analysis(inputs=["log(pt - 25)", "width", "ntrk"], model=name, training=free).tasks["flavour"]
    parameters = resolve_parameters(find_model(name), {"epochs": 2, "batch_size": 64, "units": 4, "hidden_layers": 1})
    result = train_point(Request(task, parameters, dataset, tmp_path, 1, 0, None))
    assert list(result["files"]) == ["model.keras", "body.keras", "history.csv"]
    whole, body = (keras.saving.load_model(tmp_path / f"{part}.keras") for part in ("model", "body"))
    features = data(1).features
    np.testing.assert_array_equal(
        whole.predict(features, verbose=0),
        keras.Sequential(whole.layers[-2:])(body.predict(features, verbose=0)),
    )
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = [{column: float(value) for column, value in row.items()} for row in csv.DictReader(file)]
    # The weights' mean is one, so that the mean over steps is nearly that over rows; what the batch adds is positive.
    assert all(0.9 * row["loss"] < row["loss_main"] < row["loss"] + 0.26 for row in rows)
    assert list(rows[0])[-2:] == ["seconds", "loss_main"]
