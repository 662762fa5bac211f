"""Drawings of clustering trees with what a density model says of each branching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.plots.density.tree_layout import Layout, layout
from jetloom.plots.style import GREY, canvas, headline

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
    """Return -log P by branching from log P of a jet's steps, shape (n + 1, 6)."""
    values = -np.asarray(steps, np.float64).sum(axis=1)
    return TreeValues(values[:-1], float(values[-1]))


def log_ratio(signal: npt.NDArray[Any], background: npt.NDArray[Any]) -> TreeValues:
    """Return log(P_signal / P_background) by branching from log P of a jet's steps under two models."""
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
    size = (max(7.2, 3.2 + 0.56 * placed.x.max()), max(3.6, 2.1 + 0.21 * (len(branchings) + 1)))
    with canvas(path, size, head=headline(label, note)) as (figure, axes):
        panel = axes[0, 0]
        # No longer than can be taken in at a glance beside a high tree.
        where = {"ax": panel, "pad": 0.01, "aspect": 25, "shrink": min(1.0, 6.0 / size[1]), "anchor": (0.0, 1.0)}
        bar = figure.colorbar(_lines(panel, placed, energy), extend="min", **where)
        bar.set_label("Energy of the\nparticle (line) [GeV]", fontsize="medium")
        _energy_ticks(bar, energy)
        boxes = shading(values, ratio is not None)
        _nodes(panel, placed, values, boxes, "{:.1f}" if ratio is None else "{:+.1f}")
        if len(values.branchings):
            figure.colorbar(boxes, **where).set_label(_box_title(ratio), fontsize="medium")
        panel.set_title(summary(values, ratio), loc="left", fontsize="medium")
        panel.set_xlim(-0.6, max(2.0, placed.x.max()) + 0.4)
        panel.set_ylim(-0.9, max(1.0, placed.y.max()) + 0.9)
        panel.set_axis_off()


def energy_colors() -> Any:
    """Return the colours of the lines, a matplotlib Colormap from green to dark blue, which no box takes."""
    import matplotlib as mpl
    from matplotlib.colors import LinearSegmentedColormap

    # Without the light end of the map, which cannot be seen on white.
    return LinearSegmentedColormap.from_list("energy", mpl.colormaps["YlGnBu"](np.linspace(0.35, 1.0, 256)))


def shading(values: TreeValues, ratio: bool) -> Any:
    """Return the scale of the boxes, a matplotlib ScalarMappable.

    It is grey, the darker the more surprising, from 0 to the largest value of the tree; for log ratios it is from
    purple (background) by white at 0 to orange (signal), equally far to both sides.
    """
    import matplotlib as mpl
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    largest = max(1.0, float(np.abs(values.branchings).max(initial=0.0)))
    # Without the dark ends of the maps, on which numbers cannot be read.
    name, low, high = ("PuOr_r", 0.2, 0.8) if ratio else ("Greys", 0.0, 0.55)
    colors = LinearSegmentedColormap.from_list("boxes", mpl.colormaps[name](np.linspace(low, high, 257)))
    return ScalarMappable(Normalize(-largest if ratio else 0.0, largest), colors)


def _box_title(ratio: tuple[str, str] | None) -> str:
    if ratio is None:
        return "$-\\log P$ of the\nbranching (box) [nats]"
    return f"{_log_ratio_title(ratio)}\nof the branching (box) [nats]"


def _log_ratio_title(ratio: tuple[str, str]) -> str:
    return rf"$\log$ [$P$({ratio[0]}) / $P$({ratio[1]})]"


def summary(values: TreeValues, ratio: tuple[str, str] | None) -> str:
    """Return the line with the total, and its two parts."""
    count = len(values.branchings)
    parts = f"{values.branchings.sum():.2f} at {count} branchings, {round(values.end, 2) + 0.0:.2f} at the end"
    if ratio is None:
        return rf"$-\log P$ = {values.total:.2f}: {parts}"
    return rf"{_log_ratio_title(ratio)} = {values.total:+.2f}: {parts}"


def _lines(panel: Any, placed: Layout, energy: float) -> Any:
    """Draw the particles; those that branch no more end in a dot."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LogNorm

    shades = energy_colors()
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


def _nodes(panel: Any, placed: Layout, values: TreeValues, boxes: Any, written: str) -> None:
    """Write the values at the branchings, in boxes of the colours of a scale."""
    for node, value in zip(placed.branching, values.branchings, strict=True):
        box = {"boxstyle": "round,pad=0.18", "facecolor": boxes.to_rgba(value), "edgecolor": GREY, "linewidth": 0.6}
        at, text = (placed.x[node], placed.y[node]), written.format(round(float(value), 1) + 0.0)
        panel.text(*at, text, ha="center", va="center", fontsize=LETTERS, bbox=box, zorder=3)


def _energy_ticks(bar: Any, energy: float) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    bar.ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
    bar.ax.set_ylim(LOWEST_ENERGY, max(energy, 2 * LOWEST_ENERGY))
