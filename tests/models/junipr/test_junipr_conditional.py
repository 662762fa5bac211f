"""One density that is told the class: what it is without being told, its loss, and what it learns."""

import numpy as np
import pytest

from jetloom.data.block import Block
from jetloom.data.streams.batch import Batch
from jetloom.models.registry import find_model
from junipr_toys import facts, jets

MODEL, PLAIN = find_model("junipr_conditional"), find_model("junipr")
BLOCK = jets([3, 0, 20, 7])


def make(seed=5, **parameters):
    return MODEL.build(MODEL.parameters.model_validate(parameters), facts(), seed, {})


def without_being_told(kernel, rows):
    """A kernel that does not look at the rows that say the class."""
    found = np.array(kernel)
    found[rows] = 0.0
    return found


@pytest.mark.parametrize("recurrence", ["simple", "lstm"])
@pytest.mark.parametrize("branching", ["factorised", "unique"])
def test_it_is_the_plain_density_where_the_class_has_no_weight(build, recurrence, branching):
    sizes = {"recurrence": recurrence, "branching": branching, "width": 7}
    told, plain = make(**sizes), build(1, **sizes)
    for mine, theirs in zip(told.trainable_variables, plain.trainable_variables, strict=True):
        if mine.shape == theirs.shape:
            theirs.assign(mine)
        elif mine.shape[0] == 6:  # the seed, then the class
            mine.assign(without_being_told(mine, slice(4, 6)))
            theirs.assign(np.array(mine)[:4])
        else:  # the state, then the class, then the rest
            mine.assign(without_being_told(mine, slice(7, 9)))
            theirs.assign(np.delete(np.array(mine), [7, 8], axis=0))
    features = MODEL.features(BLOCK, facts())
    expected = np.asarray(plain(features)).sum(axis=(1, 2))
    np.testing.assert_allclose(np.asarray(told(features)), np.stack([expected, expected], axis=1), rtol=1e-5)


def test_each_class_has_a_log_p_of_its_own_for_jets_of_any_length(keras):
    log_p = np.asarray(make()(MODEL.features(BLOCK, facts())))
    assert log_p.shape == (4, 2)
    assert (log_p < 0).all()
    assert (log_p[:, 0] != log_p[:, 1]).all()


def test_the_loss_is_that_of_the_own_class(keras):
    outputs = keras.ops.convert_to_tensor(np.array([[-3.0, -1.0], [-5.0, -9.0]], np.float32))
    batch = Batch.of({}, np.array([1, 0], np.int32), np.ones(2, np.float32))
    np.testing.assert_allclose(np.asarray(MODEL.loss(batch, outputs, None)), [1.0, 5.0])


def test_probabilities_are_those_of_equally_many_jets_of_each_class():
    found = MODEL.predictions(np.array([[-400.0, -401.0], [-9000.0, -1.0]], np.float32))
    np.testing.assert_allclose(found[0, 1], 1 / (1 + np.e), rtol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert found[1].tolist() == [0.0, 1.0]


def test_a_saved_network_gives_the_same(tmp_path, keras):
    network, features = make(recurrence="gru"), MODEL.features(BLOCK, facts())
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(np.asarray(loaded(features)), np.asarray(network(features)))


def test_it_learns_what_the_class_changes(keras):
    """Jets of both classes have the same trees but for z, which is small for one and large for the other."""
    import tensorflow as tf

    labels = np.arange(64, dtype=np.int32) % 2
    block = jets(np.full(64, 4))
    block.branchings["z"] = np.where(np.repeat(labels, 4) == 1, 0.4, 0.01)
    features, network = MODEL.features(Block.of_trees(block.rows, block.branchings, block.offsets), facts()), make()
    batch, optimizer = Batch.of(features, labels, np.ones(64, np.float32)), keras.optimizers.Adam(0.02)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(MODEL.loss(batch, network(features), None))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, network.trainable_variables), network.trainable_variables, strict=True)
        )
        return loss

    first = float(step())
    for _ in range(40):
        last = float(step())
    right = MODEL.predictions(np.asarray(network(features)))[np.arange(64), labels]
    assert last < first - 3
    assert right.min() > 0.9
