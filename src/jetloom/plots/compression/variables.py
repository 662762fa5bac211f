"""A variable before and after a compression: both histograms with their ratio, and the residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.plots.ratio_panel import mark_outside
from jetloom.plots.style import COLORS, GREY, canvas, headline, say

if TYPE_CHECKING:
    from pathlib import Path

    from jetloom.evaluation.compression.residuals import Variable

DEFINITIONS = {"relative": "Decoded / original - 1", "difference": "Decoded - original"}


def draw_variable(path: str | Path, shown: Variable, title: str, label: str = "") -> None:
    """Draw a variable before and after, and its residuals with their mean and width.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    shown : Variable
    title : str
        Title of its axis, with the unit.
    label : str
        Experiment's label.
    """
    grid = {"height_ratios": [3, 1]}
    note = f"{shown.name}, bound {shown.bound}, {shown.values:,} values"
    with canvas(path, (11.5, 5.4), 2, 2, headline(label, note), gridspec_kw=grid) as (_, axes):
        _both(axes[0, 0], axes[1, 0], shown, title)
        _residuals(axes[0, 1], axes[1, 1], shown)


def _both(upper: Any, lower: Any, shown: Variable, title: str) -> None:
    centres = (shown.edges[1:] + shown.edges[:-1]) / 2
    upper.stairs(shown.original, shown.edges, color=COLORS[0], label="Original", linewidth=1.6)
    look = {"fmt": "o", "color": COLORS[1], "markersize": 3, "linewidth": 0.8}
    upper.errorbar(centres, shown.decoded, np.sqrt(shown.decoded), label="Decoded", **look)
    highest = max(int(shown.original.max()), 1)
    if highest > 50 * max(1.0, float(np.median(shown.original))):
        upper.set_yscale("log")
        upper.set_ylim(0.5, 20 * highest)
    else:
        upper.set_ylim(0, 1.3 * highest)
    upper.set_ylabel("Values")
    upper.set_xticklabels([])
    upper.legend(loc="upper right")
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio, statistical = shown.decoded / shown.original, 1 / np.sqrt(shown.original)
    band = [np.append(1 + sign * statistical, 1 + sign * statistical[-1]) for sign in (-1, 1)]
    lower.axhline(1, color=GREY, linewidth=0.8)
    lower.fill_between(shown.edges, *band, step="post", color=COLORS[0], alpha=0.2, linewidth=0)
    lower.plot(centres, ratio, "o", color=COLORS[1], markersize=3)
    lower.set_ylim(0.8, 1.2)
    mark_outside(lower, centres, ratio, COLORS[1])
    lower.set_ylabel("Ratio")
    lower.set_xlabel(title, loc="center")  # the power of ten of the axis stands at the right
    for panel in (upper, lower):
        panel.set_xlim(shown.edges[0], shown.edges[-1])


def _residuals(upper: Any, lower: Any, shown: Variable) -> None:
    if shown.lowest == shown.highest == 0:
        say(upper, f"Bit for bit: all residuals of {shown.values:,} values are 0")
        lower.set_axis_off()
        return
    if not shown.residuals.sum():
        say(upper, "There is no value with a residual")
        lower.set_axis_off()
        return
    upper.stairs(shown.residuals, shown.residual_edges, color=COLORS[2], linewidth=1.6)
    upper.set_ylim(0, 1.55 * max(int(shown.residuals.max()), 1))
    upper.set_ylabel("Values")
    upper.set_xticklabels([])
    text = (
        f"mean {shown.mean:.3g} $\\pm$ {shown.mean_error:.1g}\n"
        f"$\\sigma$ {shown.sigma:.3g} $\\pm$ {shown.sigma_error:.1g}\n"
        f"RMS {shown.rms:.3g}, from {shown.lowest:.3g} to {shown.highest:.3g}"
    )
    upper.text(0.03, 0.96, text, transform=upper.transAxes, va="top", fontsize="small")
    beside = (
        f"outside of the bound: {shown.outside}\nbit for bit: {shown.kept_exactly:,}\nno residual: {shown.exceptions:,}"
    )
    upper.text(0.97, 0.96, beside, transform=upper.transAxes, va="top", ha="right", fontsize="small")
    box = {"q1": shown.quantiles[1], "med": shown.quantiles[2], "q3": shown.quantiles[3]}
    box |= {"whislo": shown.quantiles[0], "whishi": shown.quantiles[4], "mean": shown.mean}
    lower.bxp([box], orientation="horizontal", showfliers=False, showmeans=True, widths=0.5)
    lower.set_yticks([])
    lower.set_ylabel("68, 95 %", fontsize="small")
    lower.set_xlabel(DEFINITIONS[shown.definition], loc="center")
    for panel in (upper, lower):
        panel.set_xlim(shown.residual_edges[0], shown.residual_edges[-1])
