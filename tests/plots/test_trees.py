"""Drawn trees: every node in its place, and the numbers at them add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toy_trees
from jetloom.plots.tree_layout import layout
from jetloom.plots.trees import TreeValues, draw_tree, log_ratio, summary, surprise


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
