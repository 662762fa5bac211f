"""The particles of trees: final ones, and numbers of a history."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import toy_trees
from jetloom.data.nodes import branching_masses, final_particles, with_history


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(0, 20))
def test_final_particles_have_the_energy_of_the_jet(seed, rows, longest):
    jets = toy_trees.jets(np.random.default_rng(seed), rows, longest=longest)
    jet, energy = final_particles(jets)
    np.testing.assert_array_equal(np.bincount(jet, minlength=rows), jets.lengths + 1)
    np.testing.assert_allclose(np.bincount(jet, energy, minlength=rows), jets["seed_e"], rtol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(0, 20))
def test_every_number_is_a_daughter_once(seed, rows, longest):
    jets = toy_trees.jets(np.random.default_rng(seed), rows, longest=longest)
    found = with_history(jets)
    for jet in range(rows):
        own = found[jets.offsets[jet] : jets.offsets[jet + 1]]
        size = len(own)
        numbers = np.zeros(2 * size + 1, int)
        numbers[0], numbers[1::2], numbers[2::2] = 2 * size, own["hard_node"], own["soft_node"]
        assert sorted(numbers.tolist()) == list(range(2 * size + 1))
        # The walk goes backwards through the merged ones, which come after the constituents.
        np.testing.assert_array_equal(numbers[own["mother"]], 2 * size - np.arange(size))
    np.testing.assert_array_equal(found["z"], jets.branchings["z"])


def test_masses_of_mothers_and_daughters_as_a_loop_finds_them():
    jets = toy_trees.jets(np.random.default_rng(3), 9, longest=12)
    mothers, masses, branch_on = branching_masses(jets)
    place = 0
    for row in range(len(jets)):
        tree = jets.tree(row)
        nodes = [(jets["seed_e"][row], jets["seed_m"][row])]
        for one in tree:
            nodes += [(one["hard_e"], one["hard_m"]), (one["soft_e"], one["soft_m"])]
        for step, one in enumerate(tree):
            assert tuple(mothers[place]) == nodes[one["mother"]]
            assert tuple(masses[place]) == (one["hard_m"], one["soft_m"])
            assert branch_on[place].tolist() == [2 * step + side in tree["mother"] for side in (1, 2)]
            place += 1
    assert place == len(mothers)
