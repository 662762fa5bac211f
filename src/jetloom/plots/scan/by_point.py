"""A figure a point: its losses and learning rate by epoch, with its parameters beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.plots.style import COLORS, canvas, readable_logarithms, say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

RUNS = 6
"""Runs of a point that are drawn."""


def draw_point(path: str | Path, history: pd.DataFrame, parameters: Mapping[str, Any], head: str = "") -> None:
    """Draw the losses of a point's trainings and their learning rate by epoch, its parameters as text.

    Parameters
    ----------
    path : path-like
        Name without suffix; it ends with the name of the point.
    history : DataFrame
        One row an epoch of each run: ``run``, ``epoch``, ``loss``, ``val_loss``, ``learning_rate``.
    parameters : mapping
        What is written beside the curves.
    head : str
        Line above the figure.
    """
    from matplotlib.ticker import MaxNLocator

    with canvas(path, (9.6, 6.4), 2, 2, head, width_ratios=(2, 1), sharex="col") as (figure, axes):
        grid = axes[0, 1].get_gridspec()
        for panel in (axes[0, 1], axes[1, 1]):
            panel.remove()
        text = figure.add_subplot(grid[:, 1])
        text.axis("off")
        lines = [f"{name}: {value}" for name, value in parameters.items()]
        text.text(0, 1, "\n".join(lines), va="top", ha="left", fontsize="small", parse_math=False)
        losses, rates = axes[0, 0], axes[1, 0]
        if history.empty:
            say(losses, "It was not trained")
            return
        for place, (run, rows) in enumerate(list(history.groupby("run", sort=False))[:RUNS]):
            color = COLORS[place % len(COLORS)]
            marker = "o" if len(rows) == 1 else None
            losses.plot(rows["epoch"], rows["val_loss"], color=color, marker=marker, label=f"{run}, validation")
            losses.plot(rows["epoch"], rows["loss"], "--", color=color, marker=marker, label=f"{run}, training")
            rates.plot(rows["epoch"], rows["learning_rate"], color=color, marker=marker)
        losses.set_ylabel("Loss")
        losses.legend(fontsize="x-small")
        rates.set_ylabel("Learning rate")
        if history["learning_rate"].nunique() > 1:
            rates.set_yscale("log")
            readable_logarithms(rates.yaxis, history["learning_rate"].to_numpy(float))
        rates.set_xlabel("Epoch")
        rates.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        rates.tick_params(axis="x", which="minor", length=0)
        losses.tick_params(axis="x", which="minor", length=0)
