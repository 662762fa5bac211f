"""Residuals of variables of one jet, two by two, and how they go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.plots.style import COLORS, canvas, headline, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from jetloom.evaluation.compression.residuals import Corner

LONG = 14
"""Letters of a name that fit beside a panel."""
_MARKS = {"relative": " (rel.)", "difference": ""}


def draw_corner(path: str | Path, shown: Corner, label: str = "") -> None:
    """Draw residuals of a group of variables: each alone, and each pair on a ground of the colour of its correlation.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    shown : Corner
        Axes run over 99.5 % of the residuals; dashed lines are quantiles 16 and 84 %.
    label : str
        Experiment's label.
    """
    import matplotlib as mpl

    size = len(shown.names)
    ground = mpl.colormaps["RdBu_r"]
    with canvas(
        path, (2.3 * size + 1.2, 2.1 * size + 0.8), size, size, headline(label, f"residuals: {shown.name}")
    ) as (
        figure,
        axes,
    ):
        for row in range(size):
            for column in range(size):
                panel = axes[row, column]
                if column > row:
                    panel.set_axis_off()
                    continue
                if column == row:
                    panel.stairs(shown.single[row], shown.edges[row], color=COLORS[0], linewidth=1.2)
                    for one in shown.quantiles[row]:
                        panel.axvline(one, color=COLORS[1], linestyle="--", linewidth=0.9)
                    panel.set_yticks([])
                else:
                    _pair(panel, shown, row, column, ground)
                panel.set_xlim(shown.edges[column][0], shown.edges[column][-1])
                _name(panel, shown, row, column)
        scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(-1, 1), ground)
        figure.colorbar(scale, ax=axes, label="Correlation of the residuals", shrink=0.6, aspect=30)


def _pair(panel: Any, shown: Corner, row: int, column: int, ground: Any) -> None:
    strength = shown.correlation[row, column]
    panel.set_facecolor((*ground(0.5 + 0.5 * np.nan_to_num(strength))[:3], 0.75))
    counts = np.ma.masked_equal(shown.pairs[row][column], 0)
    panel.pcolormesh(shown.edges[column], shown.edges[row], counts, cmap="Greys", vmin=0, alpha=0.45, rasterized=True)
    panel.text(0.95, 0.93, f"{strength:+.2f}", transform=panel.transAxes, ha="right", va="top", fontsize="small",
               bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1})  # fmt: skip


def _name(panel: Any, shown: Corner, row: int, column: int) -> None:
    last = len(shown.names) - 1
    panel.tick_params(labelsize="x-small")
    panel.locator_params(nbins=3, axis="x")
    titles = [_folded(name.rsplit("/", 1)[-1].rsplit(".", 1)[-1].rsplit(":", 1)[-1]) for name in shown.names]
    for axis in (panel.xaxis, panel.yaxis):
        axis.get_offset_text().set_fontsize("x-small")
    if row == last:
        panel.set_xlabel(titles[column] + _MARKS[shown.definitions[column]], fontsize="small", loc="left")
        panel.tick_params(axis="x", rotation=30)
    else:
        panel.set_xticklabels([])
    if column == 0 and row > 0:
        panel.set_ylabel(titles[row] + _MARKS[shown.definitions[row]], fontsize="small", loc="center")
    elif column != row:
        panel.set_yticklabels([])
    if column < row:
        panel.locator_params(nbins=3, axis="y")


def _folded(name: str) -> str:
    """Break a long name in two before a capital letter near its middle."""
    if len(name) <= LONG:
        return name
    places = [place for place in range(4, len(name) - 3) if name[place].isupper() or name[place - 1] == "_"]
    middle = min(places, key=lambda place: abs(place - len(name) / 2), default=0)
    return f"{name[:middle]}\n{name[middle:]}" if middle else name


def draw_correlation(
    path: str | Path, names: Sequence[str], correlation: npt.NDArray[np.float64], label: str = ""
) -> None:
    """Draw the correlations of residuals of all variables that have a bound: the lower triangle.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    names : sequence of str
    correlation : array, shape (n, n)
        NaN of variables whose residuals are all alike.
    label : str
        Experiment's label.
    """
    size = max(4.5, 0.36 * len(names) + 2.5)
    with canvas(path, (size + 1.2, size), head=headline(label, "residuals of variables of a jet")) as (figure, axes):
        panel = axes[0, 0]
        if len(names) < 2:
            say(panel, "No two variables of a jet have a bound")
            return
        hidden = np.triu(np.ones_like(correlation, dtype=bool), 1)
        drawn = panel.imshow(
            np.ma.masked_where(hidden | np.isnan(correlation), correlation), cmap="RdBu_r", vmin=-1, vmax=1
        )
        titles = [name.rsplit("/", 1)[-1].rsplit(".", 1)[-1].rsplit(":", 1)[-1] for name in names]
        panel.set_xticks(range(len(names)), titles, rotation=90, fontsize="x-small")
        panel.set_yticks(range(len(names)), titles, fontsize="x-small")
        panel.tick_params(which="both", length=0)
        panel.minorticks_off()
        figure.colorbar(drawn, ax=panel, label="Correlation")
