"""Drawn trees: every node in its place, and the numbers at them add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toy_trees
from jetloom.plots.density.tree_layout import layout
from jetloom.plots.density.trees import TreeValues, draw_tree, energy_colors, log_ratio, shading, summary, surprise


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60))
def test_every_node_has_its_place(seed, branchings):
    placed = layout(toy_trees.tree(np.random.default_rng(seed), 400.0, branchings), 400.0)
    nodes = np.arange(2 * branchings + 1)
    final = np.setdiff1d(nodes, placed.branching)
    assert sorted(placed.y[final].tolist()) == list(range(branchings + 1))
    assert len(set(zip(placed.x.tolist(), placed.y.tolist(), strict=True))) == len(nodes)
    np.testing.assert_array_equal(placed.x[1:], placed.x[placed.mother[1:]] + 1)
    for step, node in enumerate(placed.branching):
        low, high = sorted(placed.y[[2 * step + 1, 2 * step + 2]])
        assert low <= placed.y[node] <= high
    # Nodes of a generation keep the height of a final particle between them: their boxes do not touch.
    for generation in range(int(placed.x.max()) + 1):
        heights = np.sort(placed.y[placed.x == generation])
        assert (np.diff(heights) > 0.99).all()


def test_the_softer_daughter_leaves_to_the_side_of_its_azimuth():
    rows = toy_trees.tree(np.random.default_rng(0), 100.0, 1)
    for phi, higher in ((1.0, 2), (4.0, 1)):
        rows["phi"] = phi
        assert np.argmax(layout(rows, 100.0).y) == higher


def test_by_hand():
    rows = toy_trees.tree(np.random.default_rng(0), 100.0, 2)
    rows["mother"], rows["phi"] = [0, 2], 1.0
    rows["hard_e"], rows["soft_e"] = [75.0, 15.0], [25.0, 10.0]
    placed = layout(rows, 100.0)
    # Node 1 lies lowest; node 2 branches again: its harder daughter 3 below its softer daughter 4.
    np.testing.assert_allclose(placed.y, [0.35, 0.0, 1.4, 1.0, 2.0])
    np.testing.assert_array_equal(placed.x, [0, 1, 1, 2, 2])
    np.testing.assert_allclose(placed.energy, [100, 75, 25, 15, 10])


def test_the_numbers_add_up():
    log_p = -np.random.default_rng(0).gamma(2.0, 1.0, (8, 6)).astype("f4")
    values = surprise(log_p)
    assert len(values.branchings) == 7
    assert values.total == pytest.approx(-log_p.sum(dtype="f8"))
    ratio = log_ratio(log_p, 2 * log_p)
    assert ratio.total == pytest.approx(-log_p.sum(dtype="f8"))
    assert ratio.end == pytest.approx(-log_p[-1].sum(dtype="f8"))
    assert f"{values.total:.2f}" in summary(values, None)
    assert "+" in summary(ratio, ("Gluon", "Quark"))


@pytest.mark.parametrize("ratio", [None, ("Gluon", "Light quark")])
@pytest.mark.parametrize("branchings", [0, 1, 59])
def test_a_drawing_says_every_number_and_the_total(tmp_path, monkeypatch, ratio, branchings):
    from matplotlib.axes import Axes

    said = []
    monkeypatch.setattr(Axes, "text", lambda self, x, y, text, **_: said.append(text))
    monkeypatch.setattr(Axes, "set_title", lambda self, text, **_: said.append(text))
    rng = np.random.default_rng(4)
    values = TreeValues(rng.normal(2.0, 1.0, branchings), 0.5)
    draw_tree(tmp_path / "a", toy_trees.tree(rng, 300.0, branchings), 300.0, values, ratio)
    assert (tmp_path / "a.png").stat().st_size > 5000
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert len(said) == branchings + 1
    numbers = [float(text) for text in said[:-1]]
    assert sum(numbers) + values.end == pytest.approx(values.total, abs=0.051 * max(1, branchings))
    assert f"{values.total:.2f}" in said[-1]


@pytest.mark.parametrize(
    ("ratio", "title"), [(None, r"-\log P"), (("Gluon", "Light quark"), "$P$(Gluon) / $P$(Light quark)")]
)
def test_boxes_and_lines_have_scales_with_units(tmp_path, monkeypatch, ratio, title):
    from matplotlib.colorbar import Colorbar

    labels, set_label = [], Colorbar.set_label
    monkeypatch.setattr(
        Colorbar, "set_label", lambda self, text, **look: labels.append(text) or set_label(self, text, **look)
    )
    rng = np.random.default_rng(5)
    values = TreeValues(rng.normal(0.0, 1.0, 5), 0.5)
    draw_tree(tmp_path / "a", toy_trees.tree(rng, 300.0, 5), 300.0, values, ratio)
    # matplotlib itself begins with an empty one.
    labels = [label for label in labels if label]
    assert len(labels) == 2
    assert "[GeV]" in labels[0]
    assert title in labels[1]
    assert "[nats]" in labels[1]


def test_the_scale_of_ratios_is_white_at_zero_and_reaches_equally_far():
    scale = shading(TreeValues(np.array([0.5, -3.0, 1.0]), 0.0), ratio=True)
    assert scale.get_clim() == (-3.0, 3.0)
    white = scale.to_rgba(0.0)[:3]
    assert min(white) > 0.95
    signal, background = np.array(scale.to_rgba(3.0)[:3]), np.array(scale.to_rgba(-3.0)[:3])
    assert signal[0] > signal[2]
    assert background[2] > background[0]
    assert shading(TreeValues(np.array([0.5, 4.0]), 0.0), ratio=False).get_clim() == (0.0, 4.0)


@pytest.mark.parametrize("ratio", [False, True])
def test_no_box_has_the_colour_of_a_line(ratio):
    scale, shares = shading(TreeValues(np.ones(1), 0.0), ratio), np.linspace(0.0, 1.0, 50)
    boxes, lines = (colors(shares)[:, :3] for colors in (scale.get_cmap(), energy_colors()))
    assert np.linalg.norm(boxes[:, None] - lines[None], axis=2).min() > 0.15
