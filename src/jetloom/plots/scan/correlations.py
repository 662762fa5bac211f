"""Rank correlations of a scan's parameters and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jetloom.models.objectives.metric import Metrics
from jetloom.models.objectives.shipped import SHIPPED
from jetloom.plots.scan.interactions import plain_ticks
from jetloom.plots.scan.points import EPOCHS, is_numeric, measured_of, nothing, trained, varied
from jetloom.plots.style import canvas, say

if TYPE_CHECKING:
    from pathlib import Path

    from jetloom.plots.scan.points import Frame

FEWEST = 8
"""Points that rank correlations need: those of 4 points are often +1 or -1 by chance alone."""


def draw_correlations(
    path: str | Path, points: Frame, parameters: list[str], rank_by: str, head: str = "", metrics: Metrics = SHIPPED
) -> None:
    """Draw the rank correlations (Spearman) of numeric parameters, metrics, epochs and time over the points."""
    import seaborn as sns

    good = trained(points, rank_by)
    numeric = [name for name in varied(good, parameters) if is_numeric(good[name])]
    measured_names = [rank_by, "val_loss", *measured_of(metrics), "loss", EPOCHS, "wall_time_s"]
    other = [name for name in dict.fromkeys(measured_names) if name in good and good[name].nunique() > 1]
    names = numeric + other
    if len(good) < FEWEST or len(names) < 2:
        _no_correlations(path, len(good), head, "" if len(good) else nothing(points, rank_by, metrics))
        return
    side = max(4.0, 2.6 + 0.62 * len(names))
    with canvas(path, (side + 1.0, side), head=head) as (_, axes):
        panel = axes[0, 0]
        matrix = good[names].astype(float).corr(method="spearman")
        sns.heatmap(
            matrix,
            ax=panel,
            mask=np.triu(np.ones_like(matrix, dtype=bool), k=1),
            cmap="PuOr",
            vmin=-1,
            vmax=1,
            annot=True,
            fmt=".2f",
            annot_kws={"fontsize": 9},
            linewidths=1,
            square=True,
            cbar_kws={"label": f"Rank correlation ({len(good)} points)", "shrink": 0.8},
        )
        plain_ticks(panel)
        panel.tick_params(axis="x", rotation=90)


def _no_correlations(path: str | Path, points: int, head: str, why_none: str) -> None:
    """Draw a sentence that says why there are no correlations."""
    few = f"{points} trained point{'s' if points != 1 else ''}: rank correlations need {FEWEST} or more."
    why = "With fewer, values near +1 and -1 are frequent by chance alone."
    same = "Neither parameters nor metrics differ between the points: there is nothing to correlate."
    with canvas(path, (8.0, 2.2), head=head) as (_, axes):
        say(axes[0, 0], why_none or f"{few}\n{why}" if points < FEWEST else same)
