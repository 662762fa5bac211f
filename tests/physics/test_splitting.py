import math

import numpy as np
import pytest

from jetloom.physics.splitting import angles, daughters

UP = np.array([0.0, 1.0, 0.0])


def _vector(momentum):
    """(E, theta, phi, m) as E and a vector."""
    energy, theta, phi, mass = momentum
    size = math.sqrt(max(energy**2 - math.copysign(mass**2, mass), 0))
    direction = [math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta)]
    return energy, size * np.array(direction)


def _momentum(energy, vector):
    square = energy**2 - vector @ vector
    theta = math.atan2(math.hypot(vector[0], vector[1]), vector[2])
    return [energy, theta, math.atan2(vector[1], vector[0]) % (2 * math.pi), math.copysign(abs(square) ** 0.5, square)]


def _angle(a, b):
    return math.atan2(np.linalg.norm(np.cross(a, b)), a @ b)


def _declustered(hard, soft):
    """Mother and branching of two daughters, in another way than the subject: by their vectors."""
    (e_hard, p_hard), (e_soft, p_soft) = hard, soft
    total = p_hard + p_soft
    axis = total / np.linalg.norm(total)
    first = np.cross(UP, axis)
    first /= np.linalg.norm(first)
    phi = math.atan2(p_soft @ np.cross(axis, first), p_soft @ first) % (2 * math.pi)
    branching = [e_soft / (e_hard + e_soft), _angle(p_soft, total), phi, _angle(p_hard, total)]
    return _momentum(e_hard + e_soft, total), branching


@pytest.fixture(scope="module")
def pairs():
    """Random daughters, with their mothers and branchings."""
    random = np.random.default_rng(4)
    found = []
    for _ in range(300):
        pair = []
        for energy in sorted(random.uniform(1, 100, 2), reverse=True):
            mass = random.choice([0.0, 0.1, 0.4]) * energy
            pair.append([energy, random.uniform(0.001, 0.7), random.uniform(0, 2 * math.pi), mass])
        found.append((np.array(pair), *map(np.array, _declustered(*map(_vector, pair)))))
    return [np.stack(column) for column in zip(*found, strict=True)]


def test_daughters_are_found_again(pairs):
    expected, mothers, branchings = pairs
    found = daughters(mothers, branchings)
    np.testing.assert_allclose(found[:, :, :3], expected[:, :, :3], rtol=1e-7, atol=1e-9)
    # A mass is the difference of two large squares.
    np.testing.assert_allclose(found[:, :, 3] ** 2, expected[:, :, 3] ** 2, atol=1e-7 * 100**2)


def test_angles_are_found_from_the_masses(pairs):
    expected, mothers, branchings = pairs
    theta, delta, possible = angles(mothers[:, 0], mothers[:, 3], branchings[:, 0], expected[:, :, 3])
    assert possible.all()
    np.testing.assert_allclose(theta, branchings[:, 1], rtol=1e-6)
    np.testing.assert_allclose(delta, branchings[:, 3], rtol=1e-6)


def test_daughters_too_heavy_or_faster_than_light_are_no_decay():
    one = np.ones(1)
    masses = np.array([[0.6, 0.5], [0.2, 3.1], [0.3, 0.2]])[:, None]
    found = [bool(angles(10 * one, one, 0.3 * one, pair)[2][0]) for pair in masses]
    assert found == [False, False, True]
    assert not angles(one, one, 0.3 * one, np.zeros((1, 2)))[2].any()  # at rest there are no angles


def test_the_first_branching_of_a_known_jet():
    mother = np.array([[78.5968, 0.0, 0.0, 25.965496]])
    branching = np.array([[0.034304, 1.66229, 2.600042, 0.036009]])
    sine = 40.0 / math.sqrt(53.0**2 + 40.0**2 + 33.5**2)  # of the angle of the jet above the plane across y
    found = daughters(mother, branching, (0.0, math.sqrt(1 - sine**2), sine))[0]
    np.testing.assert_allclose(found[0], [75.9006, 0.036009, 5.741634, 14.625357], rtol=2e-4)
    np.testing.assert_allclose(found[1], [2.6962, 1.66229, 2.600042, 0.139622], rtol=2e-4, atol=0.02)


def test_a_mother_along_y_has_an_axis_to_count_from():
    found = daughters(np.array([[10.0, math.pi / 2, math.pi / 2, 1.0]]), np.array([[0.3, 0.2, 1.0, 0.1]]))
    assert np.isfinite(found).all()
    (e_hard, p_hard), (e_soft, p_soft) = map(_vector, found[0])
    assert e_hard + e_soft == pytest.approx(10)
    np.testing.assert_allclose(p_hard + p_soft, [0, math.sqrt(99), 0], atol=1e-9)
