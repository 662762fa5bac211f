"""Panels of ratios beneath histograms."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

MODEL_OVER_DATA = "Model / test"
"""The title of the axis wherever a model is compared with data: always this way round."""

AWAY = 0.07
"""How far the marks stand from the edge, as a share of the panel's height."""


def mark_outside(
    axes: Any, x: npt.ArrayLike, ratio: npt.ArrayLike, color: str = "#000000", filled: bool = True
) -> None:
    """Mark the ratios that lie outside a panel by triangles at its edge that point to where they are.

    Call it after the limits of the panel are set; infinite ratios are marked too, NaN are not.

    Parameters
    ----------
    axes : matplotlib Axes
    x, ratio : arrays, shape (n,)
    color : str
        That of the line or the points that the ratios belong to.
    filled : bool
        False for the marks of a second line of the same colour, such as a dashed one.
    """
    places, values = np.asarray(x, np.float64), np.asarray(ratio, np.float64)
    low, high = sorted(axes.get_ylim())
    for marker, outside, height in (("^", values > high, 1.0 - AWAY), ("v", values < low, AWAY)):
        if outside.any():
            heights = np.full(int(outside.sum()), height)
            face = color if filled else "none"
            look = {"markersize": 5, "linestyle": "none", "markeredgewidth": 0.8, "zorder": 5}
            # Heights as shares of the panel, so that a logarithmic axis is none the worse.
            across = axes.get_xaxis_transform()
            axes.plot(
                places[outside], heights, marker=marker, color=color, markerfacecolor=face, transform=across, **look
            )
