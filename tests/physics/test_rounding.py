"""What of masses and angles is rounding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetloom.physics.rounding import MASSLESS, MasslessShare, has_angle, has_mass

PION = 0.13957


def test_a_mass_is_more_than_a_share_of_the_energy():
    assert has_mass([100.0, 100.0, 100.0, 0.5], [PION, 1e-4, -PION, 1e-4]).tolist() == [True, False, False, True]
    assert has_mass(100.0, PION, massless=1e-2).tolist() is False
    assert has_angle([0.0, 1e-9, 1e-4]).tolist() == [False, False, True]


@given(seed=st.integers(0, 1000), noise=st.sampled_from([1e-8, 1e-6, 1e-4, 1e-3]), blocks=st.integers(1, 5))
def test_negative_masses_say_how_far_rounding_goes(seed, noise, blocks):
    """Rounded m^2 lies to either side of zero: what is said of the negative masses holds for the positive ones."""
    rng = np.random.default_rng(seed)
    energy = np.exp(rng.uniform(0, 5, 4000))
    square = rng.normal(0, 1, 4000) * (noise * energy) ** 2
    mass = np.sign(square) * np.sqrt(np.abs(square))
    share = MasslessShare(0.001)
    for part in np.array_split(np.arange(4000), blocks):
        share.add(energy[part], mass[part])
    found = share.value()
    assert found == pytest.approx(max(MASSLESS, 1.8 * noise), rel=0.35)
    assert has_mass(energy, mass, found).mean() < 0.01


def test_a_few_negative_masses_are_accidents():
    share = MasslessShare(0.001)
    share.add(np.full(10000, 10.0), np.where(np.arange(10000) < 5, -3.0, PION))
    assert share.value() == MASSLESS
    assert MasslessShare(0.001).value() == MASSLESS
