"""Drawn jets beside data by step: ratios of geometric means, differences of azimuths, marks for what lies beyond."""

from contextlib import contextmanager

import numpy as np

from jetloom.evaluation.density.depth import QUANTITIES, Drift
from jetloom.plots.density import depth
from jetloom.plots.density.depth import AXES, draw_depth

STEPS = 12


def drift(name, factor, shift):
    data = np.linspace(2.0, 1.0, STEPS)
    errors = np.full(STEPS, 0.02)
    return Drift(name != "phi", data, errors, data * factor + shift, errors)


def test_each_quantity_has_its_ratio_and_phi_its_difference(tmp_path, monkeypatch):
    canvas, seen = depth.canvas, {}

    @contextmanager
    def looked_at(path, *sizes, **options):
        with canvas(path, *sizes, **options) as (figure, axes):
            yield figure, axes
            for panel in (axes[1, 0], axes[3, 1]):
                seen[panel.get_ylabel()] = {line.get_marker(): line.get_ydata() for line in panel.lines}

    monkeypatch.setattr(depth, "canvas", looked_at)
    shown = {name: drift(name, 1.0, 0.1) if name == "phi" else drift(name, 1.5, 0.0) for name in QUANTITIES}
    draw_depth(tmp_path / "depth", shown)
    assert set(AXES) == set(QUANTITIES)
    ratio, difference = seen["Model / test"], seen["Model - test [rad]"]
    np.testing.assert_allclose(ratio["None"], 1.5)
    assert len(ratio["^"]) == STEPS
    np.testing.assert_allclose(difference["None"], 0.1)
    assert "^" not in difference
    assert {path.suffix for path in tmp_path.iterdir()} == {".png", ".pdf"}
