"""Scaling and bins, with the golden values of the published conventions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetloom.physics.scaling import ATLAS_LIMITS, bins, edges, junipr_limits, scale, unscale

PAPER = junipr_limits(500.0, 1.0, math.pi / 2, 0.1)
VARIABLES = [
    (scaling, group, name, limits)
    for scaling, table in (("log", PAPER), ("log1p", ATLAS_LIMITS))
    for group, variables in table.items()
    for name, limits in variables.items()
]


def test_limits_of_the_paper():
    assert PAPER["momentum"]["theta"] == pytest.approx([2e-4, math.pi / 2])
    assert PAPER["branching"]["z"] == pytest.approx([0.002, 0.5])
    assert PAPER["branching"]["theta"] == pytest.approx([0.05, math.pi / 2])
    assert PAPER["branching"]["delta"] == pytest.approx([2e-4, math.pi / 4])


def test_golden_branching():
    values = {"z": 0.034304, "theta": 1.66229, "phi": 2.600042, "delta": 0.036009}
    scaled = [10 * float(scale(value, name, PAPER["branching"][name], "log")) for name, value in values.items()]
    assert scaled == pytest.approx([5.1474, 10.1642, 4.1381, 6.2753], abs=1e-3)
    found = [int(bins(value, name, PAPER["branching"][name], "log", 10)) for name, value in values.items()]
    assert found == [5, 9, 4, 6]


def test_momenta_are_not_clipped():
    assert float(scale(0.0, "theta", PAPER["momentum"]["theta"], "log")) == pytest.approx(-1.10, abs=0.01)
    assert float(scale(0.0, "m", PAPER["momentum"]["m"], "log")) == pytest.approx(-2.96, abs=0.01)
    assert float(scale(-3.0, "m", PAPER["momentum"]["m"], "log")) == pytest.approx(-2.96, abs=0.01)


@pytest.mark.parametrize(("scaling", "group", "name", "limits"), VARIABLES)
def test_range_becomes_the_unit_interval(scaling, group, name, limits):
    low = 0.0 if scaling == "log1p" or name == "phi" else limits[0]
    assert scale([low, limits[1]], name, limits, scaling) == pytest.approx([0.0, 1.0], abs=1e-4)
    assert edges(name, limits, scaling, 10)[[0, -1]] == pytest.approx([low, limits[1]])


@pytest.mark.parametrize(("scaling", "group", "name", "limits"), VARIABLES)
def test_edges_separate_bins(scaling, group, name, limits):
    borders = edges(name, limits, scaling, 7)
    middles = unscale((np.arange(7) + 0.5) / 7, name, limits, scaling)
    assert bins(middles, name, limits, scaling, 7).tolist() == list(range(7))
    assert (np.diff(borders) > 0).all()
    assert bins(borders[1:-1] * (1 + 1e-9), name, limits, scaling, 7).tolist() == list(range(1, 7))


def test_what_lies_beyond_is_in_the_outer_bins():
    assert bins([1e-30, 1e30], "e", PAPER["momentum"]["e"], "log", 10).tolist() == [0, 9]


@given(st.floats(-0.5, 1.5), st.sampled_from(VARIABLES))
def test_unscale_inverts_scale(scaled, variable):
    scaling, _, name, limits = variable
    value = unscale(scaled, name, limits, scaling)
    if name == "phi" or 1e-6 < float(value) < 1e8:
        assert float(scale(value, name, limits, scaling)) == pytest.approx(scaled, abs=1e-9)
