"""Drawings of clustering trees with what a density model says of each branching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.plots.style import GREY, canvas, headline
from jetloom.plots.tree_layout import Layout, layout

if TYPE_CHECKING:
    from pathlib import Path

Floats = npt.NDArray[np.float64]

LOWEST_ENERGY = 1.0
"""GeV; lines of less energy have the colour of this one."""

LETTERS = 7.5


@dataclass(frozen=True)
class TreeValues:
    """What is written at a tree, in nats.

    Attributes
    ----------
    branchings : float64 array, shape (n,)
        -log P of each branching (that it happens, its mother, z, theta, delta, phi), or the log ratio of two models.
    end : float
        The same of the end of the tree.
    """

    branchings: Floats
    end: float

    @property
    def total(self) -> float:
        """The sum: -log P of the jet, or the log ratio of the jet."""
        return float(self.branchings.sum() + self.end)


def surprise(steps: npt.NDArray[Any]) -> TreeValues:
    """Give -log P by branching from log P of a jet's steps, shape (n + 1, 6)."""
    values = -np.asarray(steps, np.float64).sum(axis=1)
    return TreeValues(values[:-1], float(values[-1]))


def log_ratio(signal: npt.NDArray[Any], background: npt.NDArray[Any]) -> TreeValues:
    """Give log(P_signal / P_background) by branching from log P of a jet's steps under two models."""
    values = (np.asarray(signal, np.float64) - np.asarray(background, np.float64)).sum(axis=1)
    return TreeValues(values[:-1], float(values[-1]))


def draw_tree(
    path: str | Path,
    branchings: npt.NDArray[np.void],
    energy: float,
    values: TreeValues,
    ratio: tuple[str, str] | None = None,
    label: str = "",
    note: str = "",
) -> None:
    r"""Draw one tree: a node is a branching, a line a particle, its colour the energy.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    branchings : structured array, shape (n,)
        Of the jet (:data:`jetloom.io.trees.BRANCHING`).
    energy : float
        Energy of the jet in GeV.
    values : TreeValues
        What is written at the nodes.
    ratio : (str, str), optional
        Titles of signal and background, if the values are log ratios.
    label, note : str
        Experiment's label and a note, for the line above.
    """
    placed = layout(branchings, energy)
    size = (max(6.4, 2.2 + 0.56 * placed.x.max()), max(3.6, 2.1 + 0.21 * (len(branchings) + 1)))
    with canvas(path, size, head=headline(label, note)) as (figure, axes):
        panel = axes[0, 0]
        lines = _lines(panel, placed, energy)
        # No longer than can be taken in at a glance beside a high tree.
        bar = figure.colorbar(
            lines, ax=panel, pad=0.01, aspect=25, extend="min", shrink=min(1.0, 6.0 / size[1]), anchor=(0.0, 1.0)
        )
        bar.set_label("Energy of the particle [GeV]", fontsize="medium")
        _energy_ticks(bar, energy)
        _nodes(panel, placed, values, ratio)
        panel.set_title(summary(values, ratio), loc="left", fontsize="medium")
        panel.set_xlim(-0.6, max(2.0, placed.x.max()) + 0.4)
        panel.set_ylim(-0.9, max(1.0, placed.y.max()) + 0.9)
        panel.set_axis_off()


def summary(values: TreeValues, ratio: tuple[str, str] | None) -> str:
    """Give the line with the total, and its two parts."""
    count = len(values.branchings)
    parts = f"{values.branchings.sum():.2f} at {count} branchings, {values.end:.2f} at the end"
    if ratio is None:
        return rf"$-\log P$ = {values.total:.2f}: {parts}"
    return rf"$\log\, P$({ratio[0]}) / $P$({ratio[1]}) = {values.total:+.2f}: {parts}"


def _lines(panel: Any, placed: Layout, energy: float) -> Any:
    """Draw the particles; those that branch no more end in a dot."""
    import matplotlib as mpl
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    # Without the light end of the map, which cannot be seen on white.
    shades = LinearSegmentedColormap.from_list("energy", mpl.colormaps["plasma_r"](np.linspace(0.12, 1.0, 256)))
    norm = LogNorm(LOWEST_ENERGY, max(energy, 2 * LOWEST_ENERGY), clip=True)
    child = np.arange(1, len(placed.x))
    ends = [np.stack([placed.x[at], placed.y[at]], axis=1) for at in (placed.mother[child], child)]
    widths = 1.0 + 2.5 * np.sqrt(np.clip(placed.energy[child] / energy, 0.0, 1.0))
    stub = np.array([[[-0.5, placed.y[0]], [0.0, placed.y[0]]]])
    segments = np.concatenate([stub, np.stack(ends, axis=1)]) if len(child) else stub
    lines = LineCollection(list(segments), cmap=shades, norm=norm, linewidths=[3.5, *widths], zorder=1)
    lines.set_array(np.maximum(placed.energy, LOWEST_ENERGY))
    lines.set_capstyle("round")
    panel.add_collection(lines)
    final = np.setdiff1d(np.arange(len(placed.x)), placed.branching)
    colors = shades(norm(np.maximum(placed.energy[final], LOWEST_ENERGY)))
    panel.scatter(placed.x[final], placed.y[final], s=12, color=colors, zorder=2, linewidths=0)
    return lines


def _nodes(panel: Any, placed: Layout, values: TreeValues, ratio: tuple[str, str] | None) -> None:
    """Write the values at the branchings, in boxes that are the darker the larger they are."""
    import matplotlib as mpl

    largest = max(1.0, float(np.abs(values.branchings).max(initial=0.0)))
    for node, value in zip(placed.branching, values.branchings, strict=True):
        if ratio is None:
            color, text = mpl.colormaps["Greys"](0.55 * max(0.0, value) / largest), f"{value:.1f}"
        else:
            color, text = mpl.colormaps["PuOr_r"](0.5 + 0.3 * value / largest), f"{value:+.1f}"
        box = {"boxstyle": "round,pad=0.18", "facecolor": color, "edgecolor": GREY, "linewidth": 0.6}
        at = placed.x[node], placed.y[node]
        panel.text(*at, text, ha="center", va="center", fontsize=LETTERS, bbox=box, zorder=3)


def _energy_ticks(bar: Any, energy: float) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    bar.ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
    bar.ax.set_ylim(LOWEST_ENERGY, max(energy, 2 * LOWEST_ENERGY))
