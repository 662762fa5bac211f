"""Gradients, and whether the network can learn, on both backends; each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]

SCRIPT = """
import sys
import numpy as np
from jetloom.training.backends.backend import use_backend
use_backend(sys.argv[1], 1)
from junipr_loop import log_p
from junipr_toys import facts, jets
from jetloom.data.streams.batch import Batch
from jetloom.models.registry import find_model
from jetloom.training.steppers.choice import make_stepper

model, data = find_model("junipr"), facts(granularity=4, most=25)
parameters = model.parameters(optimizer="sgd", learning_rate=1.0)


# One step of plain SGD at rate 1 changes a weight by minus its gradient.
network = model.build(parameters, data, 3, {})
features = model.features(jets([0, 1, 3, 8]), data)
random = np.random.default_rng(1)
for variable in network.variables:
    variable.assign(np.asarray(variable) + random.normal(0, 0.2, variable.shape))
layer, stepper = network.get_layer("junipr"), make_stepper(network, model, parameters)
start = [np.asarray(v, np.float64) for v in network.trainable_variables]
expected = -sum(log_p(layer, features, row).sum() for row in range(4))
sums = stepper.train({"main": Batch.of(features, np.zeros(4, np.int32), np.ones(4, np.float32))})
np.testing.assert_allclose(sums[0], expected, rtol=1e-5)
np.testing.assert_allclose(sums[1:].sum(), sums[0], rtol=1e-5)
stepper.sync()
gradients = [old - np.asarray(v, np.float64) for old, v in zip(start, network.trainable_variables, strict=True)]


def loss():
    return -sum(log_p(layer, features, row).sum() for row in range(4)) / 4


for variable, old, gradient in zip(network.trainable_variables, start, gradients, strict=True):
    place = np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)
    found = []
    for shift in (1e-3, -1e-3):
        moved = old.copy()
        moved[place] += shift
        for other, value in zip(network.trainable_variables, start, strict=True):
            other.assign(moved if other is variable else value)
        found.append(loss())
    slope = (found[0] - found[1]) / 2e-3
    assert abs(slope - gradient[place]) < 2e-3 + 2e-3 * abs(slope), (variable.path, slope, gradient[place])

# Ten jets are learnt by heart.
parameters = model.parameters(learning_rate=0.01, width=32, branching_hidden=64, mother_hidden=64, end_hidden=32)
block = jets([3, 5, 8, 2, 7, 4, 6, 9, 1, 10])
features = model.features(block, data)
network = model.build(parameters, data, 3, {})
stepper = make_stepper(network, model, parameters)
batch = Batch.of(features, np.zeros(10, np.int32), np.ones(10, np.float32))
first = stepper.train({"main": batch})
for _ in range(600):
    last = stepper.train({"main": batch})
assert last[3:].sum() < 0.02 * first[3:].sum(), (first, last)
print("log P", " ".join(repr(float(x)) for x in np.asarray(stepper.predict(features)).sum(axis=(1, 2))))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_gradients_are_right_and_ten_jets_are_learnt_by_heart(backend):
    paths = [str(CHECKOUT / "src"), str(CHECKOUT / "tests"), str(CHECKOUT / "tests" / "models" / "junipr")]
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, backend], env=environment | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]


ACROSS = """
import sys
import numpy as np
from jetloom.training.backends.backend import use_backend
use_backend("jax", 1)
import keras
import jetloom.models.layers
from jetloom.evaluation.density.log_p import LogProbabilities
from jetloom.models.forward import forward
from jetloom.data.streams.batch import Batch
from jetloom.models.registry import find_model
from junipr_toys import facts, jets
from jetloom.models.junipr.features import padded
from jetloom.evaluation.density.sampling.growth import sample

network = keras.saving.load_model(sys.argv[1], compile=False)
features = padded(jets([3, 0, 20]))
np.save(sys.argv[2], np.asarray(network(features)))
compiled = forward(network, xla=True)
np.testing.assert_allclose(np.asarray(compiled(features)), np.asarray(network(features)), rtol=1e-4, atol=1e-5)
before = np.asarray(compiled(features))
network.predict_on_batch(features)  # Keras gives the memory of the variables away
np.testing.assert_array_equal(np.asarray(compiled(features)), before)
block = jets(np.random.default_rng(1).integers(0, 40, 300).tolist())
log_p = LogProbabilities(network, find_model("junipr"), facts(most=60))(block).sums()
np.testing.assert_allclose(log_p, np.asarray(network(padded(block))).sum(axis=1), rtol=1e-3, atol=1e-3)
drawn = sample(network, np.array([[300.0, 40.0]] * 5), np.random.default_rng(1), max_steps=4).jets
assert np.isfinite(np.asarray(network(padded(drawn)))).all()
"""


def test_a_network_saved_on_tensorflow_is_the_same_on_jax(build, tmp_path):
    import numpy as np

    from jetloom.models.junipr.features import padded
    from junipr_toys import jets

    network = build(recurrence="lstm")
    network.save(tmp_path / "model.keras")
    paths = [str(CHECKOUT / "src"), str(CHECKOUT / "tests")]
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    subprocess.run(
        [sys.executable, "-c", ACROSS, tmp_path / "model.keras", tmp_path / "log_p.npy"],
        env=environment | {"PYTHONPATH": os.pathsep.join(paths)}, check=True,
    )  # fmt: skip
    expected = np.asarray(network(padded(jets([3, 0, 20]))))
    np.testing.assert_allclose(np.load(tmp_path / "log_p.npy"), expected, rtol=1e-4, atol=1e-5)
