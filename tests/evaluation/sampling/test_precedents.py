import numpy as np
import pytest

from jetloom.errors import EmptySampleError
from jetloom.evaluation.density.sampling.branching import Preceded
from jetloom.evaluation.density.sampling.chances import Chances
from jetloom.evaluation.density.sampling.growth import sample
from jetloom.evaluation.density.sampling.precedents import Precedents
from junipr_toys import PION, clustered_jets, facts, jets


@pytest.fixture(scope="module")
def data():
    return clustered_jets(800)


@pytest.fixture(scope="module")
def precedents(data):
    return Precedents(data)


@pytest.fixture(scope="module")
def drawn(build, data, precedents):
    """Draws of a network that has learnt nothing."""
    network = build(seed=3, data=facts(granularity=10, most=20))
    network.get_layer("junipr").end.second.bias.assign([-2.0])
    seeds = np.stack([data["seed_e"], data["seed_m"]], axis=1)[:300]
    return sample(network, seeds, np.random.default_rng(2), precedents=precedents)


def _nodes(block):
    """(E, m) of the mother and of both daughters of each branching, and whether these branch on, by a loop."""
    for row in range(len(block)):
        tree = block.tree(row)
        nodes = [(block["seed_e"][row], block["seed_m"][row])]
        for one in tree:
            nodes += [(one["hard_e"], one["hard_m"]), (one["soft_e"], one["soft_m"])]
        for step, one in enumerate(tree):
            for side in (1, 2):
                yield one, nodes[one["mother"]], nodes[2 * step + side], 2 * step + side in tree["mother"]


def test_the_precedents_of_a_branching_of_data_include_itself(data, precedents):
    for row in (0, 17, 400):
        one = data.tree(row)[0]
        mother = np.array([[data["seed_e"][row], 0.0, 0.0, data["seed_m"][row]]], np.float64)
        found = precedents.candidates(mother, np.array([one["z"]], np.float64))
        distance = abs(found.masses[0] - [max(0, one["hard_m"]), max(0, one["soft_m"])]).sum(axis=1)
        nearest = int(np.argmin(distance))
        assert distance[nearest] < 1e-3 * data["seed_m"][row]
        assert found.left[0, nearest]
        assert found.theta[0, nearest] == pytest.approx(one["theta"], rel=2e-3)
        assert found.delta[0, nearest] == pytest.approx(one["delta"], rel=2e-3)


def test_z_of_a_soft_emission_is_left_as_it_is(build):
    """Its z is below (1 - p / E) / 2, where massless daughters cannot be: the harder one weighs nearly as much."""
    block = jets(np.ones(80))
    block.rows["seed_e"], block.rows["seed_m"], block.branchings["mother"] = 500.0, 50.0, 0
    for name, value in {"z": 0.001, "hard_e": 499.5, "hard_m": 47.5, "soft_e": 0.5, "soft_m": 0.0}.items():
        block.branchings[name] = value
    way = Preceded(Chances(build(3).get_layer("junipr"), np.random.default_rng(1)), Precedents(block))
    light, mothers = (1 - np.sqrt(1 - 0.1**2)) / 2, np.tile([500.0, 0.0, 0.0, 50.0], (2, 1))
    assert light > 0.002
    z, candidates = way._energies(mothers, np.array([0.001, 1e-9]))
    # One that nothing has becomes the smallest that two daughters without a mass can have.
    np.testing.assert_allclose(z, [0.001, light], rtol=1e-3)
    assert candidates.left.any(axis=1).all()
    assert way.chances.overruled.probability["z"] == 1


def test_mothers_have_a_mass_and_decays_are_possible(drawn, precedents):
    jets, overruled = drawn
    assert overruled.branchings == len(jets.branchings) > 1000
    assert overruled.without_precedent < 0.1 * overruled.branchings  # the network has learnt nothing
    heavy = [mother[1] >= 0.999 * precedents.lightest * mother[0] for _, mother, _, _ in _nodes(jets)]
    assert all(heavy)
    one, mother = zip(*((one, mother) for one, mother, _, _ in _nodes(jets)), strict=True)
    sums = np.array([branching["hard_m"] + branching["soft_m"] for branching in one])
    assert (sums <= np.array([momentum[1] for momentum in mother]) * 1.001 + 1e-6).all()


def test_angles_and_masses_belong_together(drawn):
    """The invariant mass of the daughters is that of the mother."""
    good = []
    for one, (_, mass), _, _ in list(_nodes(drawn.jets))[:2000:2]:
        hard = np.sqrt(max(float(one["hard_e"]) ** 2 - float(one["hard_m"]) ** 2, 0))
        soft = np.sqrt(max(float(one["soft_e"]) ** 2 - float(one["soft_m"]) ** 2, 0))
        energy = float(one["hard_e"]) + float(one["soft_e"])
        total = hard**2 + soft**2 + 2 * hard * soft * np.cos(float(one["theta"]) + float(one["delta"]))
        good.append(abs(energy**2 - total - float(mass) ** 2) < 1e-4 * float(mass) ** 2 + 1e-6 * energy**2)
    assert all(good)


def test_constituents_weigh_what_they_do_in_data(drawn, data):
    """Photons and pions stay what they are: no mass between, unless the network lets a mother end."""

    def exact(block):
        masses = np.array([node[1] for _, _, node, _ in _nodes(block)], np.float64)
        return ((abs(masses - PION) < 1e-4) | (masses < 1e-4 * 60)).mean()

    assert exact(data) > 0.5
    assert exact(drawn.jets) > 0.4


def test_what_cannot_be_is_counted_and_the_rest_is_left_to_the_network(build, data, precedents):
    """A network that gives a constant to each class loses just the share of what is not possible."""
    network = build(seed=3, data=facts(granularity=10, most=20))
    for variable in network.variables:
        variable.assign(np.zeros(variable.shape))
    network.get_layer("junipr").end.second.bias.assign([-9.0])
    seeds = np.stack([data["seed_e"], data["seed_m"]], axis=1)
    jets, overruled = sample(network, seeds, np.random.default_rng(2), max_steps=1, precedents=precedents)
    assert overruled.branchings == len(jets.branchings)
    assert overruled.probability["mother"] == pytest.approx(0, abs=1e-9)
    assert 0.3 < overruled.probability["theta"] / overruled.branchings < 0.95
    # z is left alone: its ten bins are as likely as each other.
    scaled = np.log(jets.branchings["z"] * 500) / np.log(250)
    counts = np.bincount(np.clip(scaled * 10, 0, 9).astype(int), minlength=10)
    assert ((counts - len(scaled) / 10) ** 2 / (len(scaled) / 10)).sum() < 30


def test_a_jet_of_photons_alone_stops(build, precedents):
    network = build(seed=3, data=facts(granularity=10, most=20))
    network.get_layer("junipr").end.second.bias.assign([-9.0])
    jets, overruled = sample(network, np.array([[50.0, 0.0]] * 7), np.random.default_rng(1), precedents=precedents)
    assert (jets.lengths == 0).all()
    assert overruled.stopped == 7
    assert jets["ended"].all()


def test_no_branching_is_no_precedent(data):
    with pytest.raises(EmptySampleError, match="no jet has a branching"):
        Precedents(data.take(data.lengths < 0))


def test_the_generator_decides_all(build, data, precedents):
    network = build(seed=3, data=facts(granularity=10, most=20))
    seeds = np.stack([data["seed_e"], data["seed_m"]], axis=1)[:40]
    draws = [sample(network, seeds, np.random.default_rng(5), precedents=precedents).jets for _ in range(2)]
    np.testing.assert_array_equal(draws[0].branchings, draws[1].branchings)
