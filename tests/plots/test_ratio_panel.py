"""What lies outside a panel of ratios is marked at its edge."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from jetloom.plots.ratio_panel import mark_outside


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_ratios_outside_the_panel_are_marked_at_the_edge_they_left_by(scale):
    axes = Figure().subplots()
    axes.set_yscale(scale)
    axes.set_ylim(0.5, 1.5)
    mark_outside(axes, np.arange(6.0), np.array([1.0, 2.0, 0.1, np.inf, np.nan, 1.5]), "#0072B2")
    found = {line.get_marker(): line for line in axes.lines}
    np.testing.assert_array_equal(found["^"].get_xdata(), [1.0, 3.0])
    np.testing.assert_array_equal(found["v"].get_xdata(), [2.0])
    for marker, at in (("^", 1.0), ("v", 0.0)):
        # Shares of the panel, whatever its scale: just inside of the edge.
        heights = axes.transAxes.inverted().transform(
            found[marker].get_transform().transform(found[marker].get_xydata())
        )
        assert (np.abs(heights[:, 1] - at) < 0.1).all()
        assert ((heights[:, 1] > 0) & (heights[:, 1] < 1)).all()
        assert found[marker].get_color() == "#0072B2"
    assert axes.get_ylim() == (0.5, 1.5)


def test_marks_of_a_second_line_of_the_colour_are_hollow():
    axes = Figure().subplots()
    axes.set_ylim(0.5, 1.5)
    mark_outside(axes, [0.0], [9.0], "#0072B2")
    mark_outside(axes, [0.0], [9.0], "#0072B2", filled=False)
    assert [line.get_markerfacecolor() for line in axes.lines] == ["#0072B2", "none"]
    assert [line.get_markeredgecolor() for line in axes.lines] == ["#0072B2", "#0072B2"]


def test_nothing_is_marked_where_all_is_seen():
    axes = Figure().subplots()
    axes.set_ylim(0.5, 1.5)
    mark_outside(axes, [0.0, 1.0], [0.5, np.nan])
    assert not axes.lines
