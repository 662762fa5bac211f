"""Momenta, rapidities and frames."""

import math

import fastjet
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jetloom.physics.kinematics import azimuth, four_momenta, rapidity, set_frame, signed_mass

COMPONENT = st.floats(-1e4, 1e4)


def test_four_momenta_from_detector_coordinates():
    (momentum,) = four_momenta(*(np.array([value], np.float32) for value in (50.0, 1.5, -2.0, 5.0)))
    jet = fastjet.PseudoJet(*momentum)
    assert (jet.pt(), jet.eta(), jet.phi_std(), jet.m()) == pytest.approx((50.0, 1.5, -2.0, 5.0), rel=1e-6)


def test_a_negative_pt_has_a_negative_energy():
    (momentum,) = four_momenta(*(np.array([value]) for value in (-5.0, 0.5, 1.0, 0.1)))
    assert momentum[3] == pytest.approx(-math.sqrt(25 * math.cosh(0.5) ** 2 + 0.01))


def test_a_negative_mass_has_a_negative_square():
    (momentum,) = four_momenta(*(np.array([value]) for value in (5.0, 0.0, 0.0, -3.0)))
    assert momentum[3] == pytest.approx(4.0)
    assert signed_mass(*momentum) == pytest.approx(-3.0)


@settings(deadline=None)
@given(COMPONENT, COMPONENT, COMPONENT, st.floats(0, 100))
def test_rapidity_and_azimuth_are_those_of_fastjet(px, py, pz, mass):
    energy = math.sqrt(px**2 + py**2 + pz**2 + mass**2)
    jet = fastjet.PseudoJet(px, py, pz, energy)
    if energy > 0:
        assert rapidity(px, py, pz, energy) == jet.rap()
    assert azimuth(px, py) == jet.phi()


@pytest.mark.parametrize("pz", [7.0, -7.0])
def test_along_the_beam_the_rapidity_is_large(pz):
    assert rapidity(0.0, 0.0, pz, 7.0) == fastjet.PseudoJet(0.0, 0.0, pz, 7.0).rap() == math.copysign(100007, pz)


@settings(deadline=None)
@given(COMPONENT, COMPONENT, COMPONENT)
@example(0.0, 0.0, 2.740199353239563e-160)
@example(5e-324, 0.0, 5e-324)
def test_frames_are_right_handed_and_orthonormal(px, py, pz):
    frame = np.empty((3, 3))
    replaced = set_frame(frame, px, py, pz)
    assert frame @ frame.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(frame) == pytest.approx(1.0)
    length = math.sqrt(px**2 + py**2 + pz**2)
    if length > 1e-100 and not replaced:
        assert frame[2] == pytest.approx(np.array([px, py, pz]) / length, abs=1e-9)
        assert frame[0, 1] == 0.0


@pytest.mark.parametrize("axis", [(0, 3, 0), (0, -3, 0), (0, 0, 0), (1e-12, 5, 0)])
def test_an_axis_along_y_gets_another_reference(axis):
    frame = np.empty((3, 3))
    assert set_frame(frame, *map(float, axis))
    assert np.isfinite(frame).all()
    assert frame @ frame.T == pytest.approx(np.eye(3), abs=1e-12)
