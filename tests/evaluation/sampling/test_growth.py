import numpy as np
import pytest

from jetloom.evaluation.density.sampling.growth import sample
from jetloom.models.junipr.features import padded
from jetloom.models.registry import find_model
from junipr_toys import facts

MODEL = find_model("junipr")
DATA = facts(granularity=5, most=12)


@pytest.fixture(scope="module", params=["factorised", "joint"])
def network(build, request):
    """A network whose probabilities are neither equal nor constant."""
    network = build(seed=3, data=DATA, branching=request.param)
    random = np.random.default_rng(8)
    for variable in network.variables:
        variable.assign(1.5 * np.asarray(variable) + random.normal(0, 0.3, variable.shape))
    network.get_layer("junipr").end.second.bias.assign([0.0])
    return network


def _seeds(rows):
    return np.stack([np.linspace(100, 500, rows), np.linspace(10, 90, rows)], axis=1)


@pytest.fixture(scope="module")
def sampled(network):
    """Draws of the network's own probabilities, decays that cannot be among them."""
    return sample(network, _seeds(1500), np.random.default_rng(2)).jets


def _masses(block):
    """Mass of the mother of each branching, and those of its daughters, by a loop."""
    for row in range(len(block)):
        tree = block.branchings[block.offsets[row] : block.offsets[row + 1]]
        nodes = [block["seed_m"][row]]
        for one in tree:
            yield nodes[one["mother"]], one["hard_m"], one["soft_m"]
            nodes += [one["hard_m"], one["soft_m"]]


def test_no_daughter_is_heavier_than_her_mother(network):
    masses = np.array(list(_masses(sample(network, _seeds(200), np.random.default_rng(4)).jets)))
    assert (masses[:, 1:] <= masses[:, :1] * (1 + 1e-6)).all()


def _mother_energies(block):
    """The energies of the mothers, and the energies of all particles that there are, by a loop."""
    for row in range(len(block)):
        tree = block.branchings[block.offsets[row] : block.offsets[row + 1]]
        nodes, there = [block["seed_e"][row]], [0]
        for step, one in enumerate(tree):
            ordered = sorted((nodes[node] for node in there), reverse=True)
            yield one, nodes[one["mother"]], ordered
            there.remove(one["mother"])
            nodes += [one["hard_e"], one["soft_e"]]
            there += [2 * step + 1, 2 * step + 2]


def test_energy_is_conserved_and_ranks_are_the_order_of_energies(sampled):
    for one, energy, ordered in _mother_energies(sampled.take(slice(0, 200))):
        assert one["hard_e"] + one["soft_e"] == pytest.approx(energy, rel=1e-5)
        assert one["soft_e"] == pytest.approx(one["z"] * energy, rel=1e-5)
        assert ordered[one["mother_rank"]] == energy


def test_sampled_jets_have_a_probability(network, sampled):
    assert 1 < sampled.lengths.mean() < 10
    log_p = np.asarray(network(padded(sampled)))
    assert np.isfinite(log_p).all()
    assert (log_p.sum(axis=(1, 2)) < 0).all()
    assert sampled["ended"].mean() > 0.9
    assert (sampled.lengths[~sampled["ended"]] == 11).all()
    for side in ("hard", "soft"):
        assert (sampled.branchings[f"{side}_m"] >= 0).all()


def test_samples_are_distributed_as_the_network_says(keras, network, sampled):
    """Counts of each class of each head, against the sum of the probabilities of all steps that were walked."""
    features = padded(sampled)
    layer = network.get_layer("junipr")
    logits = {name: np.asarray(values, np.float64) for name, values in layer.logits(features).items()}
    steps, rows = logits["end"].shape[1:]
    time, length = np.arange(steps)[:, None], sampled.lengths[None]
    scaled = layer._branching_scale(features["branching"].transpose(2, 1, 0).reshape(4, -1))
    index = np.clip(np.asarray(scaled) * 5, 0, 4).astype(int).reshape(4, steps, rows)
    end = 1 / (1 + np.exp(-logits["end"][0]))
    walked = (time <= length) & (time < 11)
    happened = {"end": (np.stack([1 - end, end]), (time == length).astype(int), walked)}
    for name, which in (("mother", None), ("z", 0), ("theta", 1), ("phi", 2), ("delta", 3)):
        values = logits[name] if name == "mother" else logits[name][:5]
        probability = np.exp(values - values.max(axis=0))
        classes = features["rank"].T if which is None else index[which]
        happened[name] = (probability / probability.sum(axis=0), classes, time < length)
    for name, (probability, classes, mask) in happened.items():
        number, expected, variance = 0, 0.0, 0.0
        for one in range(len(probability)):
            p = probability[one][mask]
            if p.sum() < 20:
                continue
            pull = ((classes[mask] == one).sum() - p.sum()) / np.sqrt((p * (1 - p)).sum())
            assert abs(pull) < 4, (name, one)
            number, expected, variance = number + 1, expected + pull**2, variance + 1
        assert number >= 2, name
        assert expected < number + 4 * np.sqrt(2 * number), name


def test_the_generator_decides_everything(network):
    first, again, other = (sample(network, _seeds(50), np.random.default_rng(seed)).jets for seed in (1, 1, 2))
    assert (first.rows == again.rows).all()
    assert (first.branchings == again.branchings).all()
    assert len(first.branchings) != len(other.branchings) or (first.branchings != other.branchings).any()


def test_jets_are_cut_off_where_they_are_asked_to_be(network):
    block = sample(network, _seeds(200), np.random.default_rng(1), max_steps=2).jets
    assert block.lengths.max() == 2
    assert not block["ended"][block.lengths == 2].all()
    assert block["ended"][block.lengths < 2].all()
    none = sample(network, _seeds(200), np.random.default_rng(1), max_steps=0).jets
    assert (none.lengths == 0).all()
    assert len(none.branchings) == 0
