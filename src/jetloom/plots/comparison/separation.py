"""What two densities say of the classes, head by head: separation in nats, slope, and what a head does to the ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.density.log_p import HEAD_TITLES, HEADS
from jetloom.plots.style import GREY, ClassStyle, canvas, headline, shared_legend

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.evaluation.ratio.separation import Separation

RUINOUS = "#D55E00"
"""Colour of a head without which the ratio would be better."""


def draw_separation(
    path: str | Path, classes: Sequence[ClassStyle], found: Separation, title: str, label: str = ""
) -> None:
    """Draw by head: separation of the classes in nats, slope of the log ratio, and the area without the head.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    classes : sequence of two ClassStyle
        Background and signal.
    found : Separation
    title : str
        Name of the ratio.
    label : str
        Experiment's label.
    """
    titles = [HEAD_TITLES[head] for head in HEADS]
    rows = np.arange(len(HEADS))
    head = headline(label, "test part", title)
    with canvas(path, (11.0, 4.8), 1, 3, head, sharey=True) as (figure, axes):
        apart, slopes, without = axes[0]
        for place, style in enumerate(classes):
            look: dict[str, Any] = {"color": style.color, "label": f"{style.title} jets", "height": 0.38}
            at = rows + 0.2 * (2 * place - 1)
            apart.barh(at, found.apart.value[:-1, place], xerr=found.apart.std[:-1, place], **look)
        apart.axvline(0.0, color=GREY, linewidth=1.0)
        apart.set_xlabel("Mean log ratio to the other class's\ndensity [nats a jet]", fontsize="medium")
        apart.set_yticks(rows, titles)
        apart.invert_yaxis()
        apart.minorticks_off()
        values = np.array([line.slope for line in found.lines[:-1]])
        slopes.errorbar(values[:, 0], rows, xerr=values[:, 1], fmt="o", color="black", markersize=4)
        slopes.axvline(1.0, color=GREY, linestyle=":", linewidth=1.4, label="A density that is right")
        slopes.set_xlim(*_range(np.append(values[:, 0], [0.0, 1.0]), 0.0))
        slopes.set_xlabel("Slope of the observed\nlog ratio against the head's", fontsize="medium")
        change, std = found.without.value, found.without.std
        colors = [RUINOUS if head in found.ruinous else "black" for head in HEADS]
        for row in rows:
            without.errorbar(change[row], row, xerr=std[row], fmt="o", color=colors[row], markersize=4)
        without.axvline(0.0, color=GREY, linewidth=1.0)
        without.set_xlim(*_range(np.concatenate([change - std, change + std, [0.0]]), 0.001))
        without.set_xlabel("Area under the curve without\nthe head, minus with all", fontsize="medium")
        shared_legend(figure, apart)


def _range(values: Any, least: float) -> tuple[float, float]:
    """Return ends around what is known of values, with some room."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    room = max(0.1 * (high - low), least)
    return low - room, high + room
