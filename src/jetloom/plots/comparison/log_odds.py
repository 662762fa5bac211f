"""What models say of the log ratio of two classes against what is observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.statistics.printed import measured
from jetloom.plots.style import GREY, ClassStyle, headline, panels, shared_legend
from jetloom.statistics.meaning import not_meaningful

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.evaluation.classification.log_odds import LogOdds

WIDTH = 4.2
"""Width of a panel in inches."""


def draw_log_odds(
    path: str | Path,
    models: Sequence[ClassStyle],
    found: Sequence[LogOdds],
    classes: tuple[str, str],
    label: str = "",
) -> None:
    """Draw the observed log ratio of the classes against what each model says it is, a panel a model.

    What an overconfident model says runs far beyond what is observed: each panel has a horizontal scale of its own.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    models : sequence of ClassStyle
    found : sequence of LogOdds
        One a model.
    classes : (str, str)
        Titles of background and signal.
    label : str
        Experiment's label.
    """
    background, signal = classes
    with panels(path, len(models), (WIDTH, 4.0), headline(label, "test part"), sharey=True) as (figure, each, axes):
        for panel, style, odds in zip(each, models, found, strict=True):
            _panel(panel, odds, style)
            panel.set_xlabel(f"log(P({signal}) / P({background})) of the model", fontsize="small")
        for panel in axes[:, 0]:
            panel.set_ylabel(f"Observed log ratio\nof {signal} to {background}", fontsize="medium")
        low, high = _range(np.concatenate([odds.observed for odds in found]))
        # The line's numbers stand above the points.
        axes[0, 0].set_ylim(low, high + 0.35 * (high - low))
        shared_legend(figure, axes[0, 0])


def _panel(panel: Any, odds: LogOdds, style: ClassStyle) -> None:
    low, high = _range(odds.said)
    ends = np.array([low, high])
    panel.plot(ends, ends, ":", color=GREY, linewidth=1.4, label="A model that is right")
    line = odds.line
    if np.isfinite(line.chi2):
        fitted = line.intercept[0] + line.slope[0] * ends
        panel.plot(ends, fitted, "-", color=style.color, linewidth=1.2, label="Straight line of least $\\chi^2$")
    look = {"fmt": "o", "markersize": 4, "linewidth": 1.2, "color": style.color}
    panel.errorbar(odds.said, odds.observed, odds.std, label="Bins of equally many jets", **look)
    panel.set_xlim(low, high)
    panel.set_title(style.title, loc="left", fontsize="medium")
    words = (
        f"slope {measured(*line.slope)}\nintercept {measured(*line.intercept)}\n"
        rf"$\chi^2$/ndf = {line.chi2:.1f}/{line.freedom}"
    )
    if odds.doubt:
        words = f"Straight line:\n{not_meaningful(odds.doubt)}"
    panel.text(0.04, 0.96, words, transform=panel.transAxes, ha="left", va="top", fontsize="small")


def _range(values: Any) -> tuple[float, float]:
    """Return ends around values, with some room."""
    if not len(values):
        return -1.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = 0.08 * max(high - low, 0.5)
    return low - room, high + room
