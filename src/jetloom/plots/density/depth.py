"""Drawn jets beside data at each step from the root on: what drifts along the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.density.depth import FEWEST
from jetloom.plots.density.heads import MODEL
from jetloom.plots.ratio_panel import MODEL_OVER_DATA, mark_outside
from jetloom.plots.style import canvas, headline, say, shared_legend

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jetloom.evaluation.density.depth import Drift

AXES = {
    "mass": "mother's mass [GeV]",
    "z": "$z$",
    "theta": r"$\theta$ [rad]",
    "delta": r"$\delta$ [rad]",
    "phi": r"$\phi$ [rad]",
}
HALF = 0.3
"""Half of the range of the lower panels, in which ratios are drawn; of phi, differences in radians."""


def draw_depth(path: str | Path, shown: Mapping[str, Drift], label: str = "", note: str = "") -> None:
    """Draw the mean of each quantity by step, data as points, and the ratio (of phi the difference) beneath.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    shown : mapping of str to Drift
        By quantity.
    label, note : str
        Experiment's label and a note, for the line above.
    """
    columns, rows = min(3, len(shown)), -(-len(shown) // 3)
    heights = {"height_ratios": [3, 1.2] * rows}
    size = (4.3 * columns + 0.3, 4.1 * rows + 0.7)
    with canvas(path, size, 2 * rows, columns, headline(label, note), gridspec_kw=heights) as (figure, axes):
        for place, (name, drift) in enumerate(shown.items()):
            row, column = 2 * (place // columns), place % columns
            _panel(axes[row, column], axes[row + 1, column], name, drift)
        for place in range(len(shown), rows * columns):
            for row in (2 * (place // columns), 2 * (place // columns) + 1):
                axes[row, place % columns].set_axis_off()
        shared_legend(figure, axes[0, 0])


def _panel(upper: Any, lower: Any, name: str, drift: Drift) -> None:
    from matplotlib.ticker import MaxNLocator

    step = np.arange(1, len(drift.data) + 1)
    points = {"fmt": "o", "color": "#000000", "markersize": 3, "linewidth": 1}
    upper.errorbar(step, drift.data, drift.data_errors, label="Test jets", **points)
    upper.plot(step, drift.drawn, color=MODEL, linewidth=1.8, label="Drawn from the model")
    upper.fill_between(
        step, drift.drawn - drift.drawn_errors, drift.drawn + drift.drawn_errors, color=MODEL, alpha=0.25, linewidth=0
    )
    centre, scale = (1.0, drift.data) if drift.logarithmic else (0.0, np.ones(len(drift.data)))
    away = drift.drawn / scale - (0.0 if drift.logarithmic else drift.data)
    lower.errorbar(step, np.full(len(step), centre), drift.data_errors / scale, **points)
    lower.plot(step, away, color=MODEL, linewidth=1.5)
    error = drift.drawn_errors / scale
    lower.fill_between(step, away - error, away + error, color=MODEL, alpha=0.25, linewidth=0)
    lower.set_ylim(centre - HALF, centre + HALF)
    mark_outside(lower, step, away, MODEL)
    if not len(step):
        say(upper, f"fewer than {FEWEST} jets")
    elif drift.logarithmic:
        upper.set_yscale("log")
    for panel in (upper, lower):
        panel.set_xlim(0.0, len(step) + 1.0)
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    upper.tick_params(labelbottom=False)
    lower.set_xlabel("Step from the root")
    lower.set_ylabel(MODEL_OVER_DATA if drift.logarithmic else "Model - test [rad]", fontsize="medium")
    mean = "Geom. mean of " if drift.logarithmic else "Mean of "
    upper.set_ylabel(mean + AXES[name], fontsize="medium")
