import numpy as np
import pytest
from junipr_loop import log_p

from jetloom.models.junipr.features import padded
from jetloom.models.registry import find_model
from junipr_toys import facts, jets

MODEL = find_model("junipr")
KINDS = [
    {"recurrence": "simple"},
    {"recurrence": "gru", "previous": "bin", "padding_class": False},
    {"recurrence": "lstm", "branching": "unique", "width": 7},
    {"branching": "joint", "end_hidden": 5, "mother_hidden": 6, "branching_hidden": 8},
    {"branching": "joint", "padding_class": False, "max_constituents": 30},
]


def _random(network, scale=0.4):
    random = np.random.default_rng(6)
    for variable in network.variables:
        variable.assign(np.asarray(variable) + random.normal(0, scale, variable.shape))
    return network


@pytest.mark.parametrize("scaling", ["log", "log1p"])
@pytest.mark.parametrize("parameters", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def test_log_p_is_that_of_a_loop(build, parameters, scaling):
    data = facts(granularity=4, most=25, scaling=scaling)
    network, features = _random(build(data=data, **parameters)), padded(jets([0, 1, 3, 8]))
    found = np.asarray(network(features), np.float64)
    for row, length in enumerate((0, 1, 3, 8)):
        expected = log_p(network.get_layer("junipr"), features, row)
        assert found[row].sum() == pytest.approx(expected.sum(), rel=1e-6)
        np.testing.assert_allclose(found[row, : length + 1, :2], expected[:, :2], rtol=1e-4, atol=2e-5)
        np.testing.assert_allclose(found[row, :, 2:].sum(axis=1)[:length], expected[:-1, 2:].sum(axis=1), rtol=2e-5)


@pytest.mark.parametrize("branching", ["factorised", "joint", "unique"])
def test_probabilities_of_each_head_sum_to_one(build, branching):
    network = _random(build(data=facts(granularity=4), branching=branching))
    layer, features = network.get_layer("junipr"), padded(jets([3, 20]))
    logits = {name: np.asarray(values, np.float64) for name, values in layer.logits(features).items()}
    steps = logits["end"].shape[1]
    ranks = np.exp(logits["mother"])
    assert (ranks[np.arange(len(ranks))[:, None] > np.arange(steps)] == 0).all()
    found = np.asarray(network(features))
    for head, name in enumerate(("mother", "z", "theta", "delta", "phi"), start=1):
        shares = np.exp(logits[name] - logits[name].max(axis=0))
        shares /= shares.sum(axis=0)
        # The probability that the network gives is that of one of the classes, each of which has its share.
        distance = np.abs(shares[:, :20, 1] - np.exp(found[1, :20, head])).min(axis=0)
        assert distance.max() < 1e-5, name


def test_nothing_depends_on_what_comes_later(build):
    network, block = _random(build()), jets([12, 12])
    before = np.asarray(network(padded(block)))
    for step in range(12):
        branchings = block.branchings.copy()
        for name in ("z", "theta", "phi", "delta", "hard_e", "soft_theta", "soft_m"):
            branchings[name][step] *= 0.7
        after = np.asarray(network(padded(type(block).of_trees(block.rows, branchings, block.offsets))))
        np.testing.assert_array_equal(after[0, :step], before[0, :step])
        np.testing.assert_array_equal(after[0, step, :2], before[0, step, :2])
        assert (after[0, step + 1 :] != before[0, step + 1 :]).any()
        np.testing.assert_array_equal(after[1], before[1])


def test_within_a_branching_heads_see_only_the_variables_before_them(build):
    network, block = _random(build()), jets([3])
    before = np.asarray(network(padded(block)))[0, 0, 2:]
    for seen, name in enumerate(("z", "theta", "delta", "phi")):
        branchings = block.branchings.copy()
        branchings[name][0] *= 0.5
        after = np.asarray(network(padded(type(block).of_trees(block.rows, branchings, block.offsets))))[0, 0, 2:]
        np.testing.assert_array_equal(after[:seen], before[:seen])
        assert (after[seen + 1 :] != before[seen + 1 :]).all()


def test_padding_company_and_order_change_nothing(build):
    network, block = _random(build()), jets([3, 0, 40, 16, 7])
    whole = np.asarray(network(padded(block))).sum(axis=1)
    alone = np.concatenate([np.asarray(network(padded(block.take([row])))).sum(axis=1) for row in range(5)])
    np.testing.assert_allclose(alone, whole, rtol=1e-5, atol=1e-5)
    order = np.array([4, 2, 0, 3, 1])
    np.testing.assert_allclose(np.asarray(network(padded(block.take(order)))).sum(axis=1), whole[order], rtol=1e-6)


def test_what_stands_in_the_padding_changes_nothing(build):
    network, features = _random(build()), padded(jets([3, 0]))
    before = np.asarray(network(features))
    for name, value in (("daughters", 7.0), ("mother", 9.0), ("branching", 0.3), ("rank", 0)):
        for row, length in enumerate((3, 0)):
            features[name][row, length:] = value
    np.testing.assert_array_equal(np.asarray(network(features)), before)


def test_loss_and_terms_are_minus_log_p(build):
    outputs = build()(padded(jets([3, 0, 9])))
    log_p_of = np.asarray(outputs, np.float64)
    np.testing.assert_allclose(np.asarray(MODEL.loss(None, outputs, None)), -log_p_of.sum(axis=(1, 2)), rtol=1e-6)
    terms = np.stack(list(MODEL.objective.row_metrics(None, outputs).values()))
    np.testing.assert_allclose(terms, -log_p_of.sum(axis=1).T, rtol=1e-5)
    assert len(MODEL.objective.terms) == 6


def test_extreme_weights_give_a_probability(build):
    network = _random(build(), 1e4)
    log_p_of = np.asarray(network(padded(jets([20, 0]))))
    assert np.isfinite(log_p_of).all()


@pytest.mark.parametrize("parameters", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def test_a_saved_network_gives_the_same(keras, build, parameters, tmp_path):
    network, features = _random(build(data=facts(granularity=4, most=25), **parameters)), padded(jets([3, 0, 20]))
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(np.asarray(loaded(features)), np.asarray(network(features)))


def test_the_seed_decides_the_weights(build):
    first, again, other = (build(seed=seed).get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))
