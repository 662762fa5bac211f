"""The particles of trees: final ones, and numbers of a history."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import toy_trees
from jetloom.data.nodes import final_particles, with_history


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
