"""The best point: scores, ROC curves, performance against kinematics, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.statistics.printed import written
from jetloom.plots.style import (
    GREY,
    ClassStyle,
    canvas,
    headline,
    plain_logarithms,
    say,
    say_beside,
    shared_legend,
    stacked,
    steps,
)
from jetloom.statistics.meaning import not_meaningful

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.evaluation.classification.binned import Performance
    from jetloom.evaluation.classification.calibration import Calibration
    from jetloom.evaluation.classification.roc import Roc
    from jetloom.evaluation.statistics.histogram import Distribution

WIDTH = 4.8
"""Width of a panel in inches."""


def draw_scores(
    path: str | Path,
    classes: Sequence[ClassStyle],
    train: Sequence[Sequence[Distribution]],
    test: Sequence[Sequence[Distribution]],
    label: str = "",
) -> None:
    """Draw the distribution of each score by true class: the training part as steps, the test part as points.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    classes : sequence of ClassStyle
    train, test : sequences of sequences of Distribution
        By the class that is scored, then by true class.
    label : str
        Experiment's label.
    """
    head = headline(label, "lines: training part, points: test part")
    with canvas(path, (WIDTH * len(classes), 4.6), 1, len(classes), head) as (figure, axes):
        for place, panel in enumerate(axes[0]):
            _scores_of(panel, classes, train[place], test[place])
            panel.set_xlabel(f"Score for {classes[place].title}")
            panel.set_ylabel("Density of jets")
        shared_legend(figure, axes[0, 0])


def _scores_of(
    panel: Any, classes: Sequence[ClassStyle], train: Sequence[Distribution], test: Sequence[Distribution]
) -> None:
    """Draw the distribution of one score by true class."""
    lowest, doubted = [], []
    for style, lines, points in zip(classes, train, test, strict=True):
        steps(panel, lines.edges, lines.density, lines.error, color=style.color, linestyle=style.line)
        lowest.append(_points(panel, style, points))
        parts = {"training": lines.doubt, "test": points.doubt}
        doubted += [f"{style.title}, {name} part: {not_meaningful(why)}" for name, why in parts.items() if why]
    say_beside(panel, doubted)
    if any(lowest):
        panel.set_yscale("log")
        panel.set_ylim(bottom=max(1e-4, 0.3 * min(value for value in lowest if value)))
    panel.set_xlim(0.0, 1.0)


def _points(axes: Any, style: ClassStyle, shown: Distribution) -> float:
    """Draw the points of the test part, and give the lowest of them, 0 if there is none."""
    density, error = shown.density, shown.error
    middle = 0.5 * (shown.edges[1:] + shown.edges[:-1])
    seen = density > 0
    # An error bar that reaches zero would run to the bottom of the logarithmic axis anyway.
    bars = [np.minimum(error, 0.999 * density)[seen], error[seen]]
    look = {"fmt": style.marker, "markersize": 4, "color": style.color, "linewidth": 1}
    axes.errorbar(middle[seen], density[seen], bars, label=style.title, **look)
    return float(density[seen].min()) if seen.any() else 0.0


def draw_roc(path: str | Path, classes: Sequence[ClassStyle], curves: Sequence[Roc], label: str = "") -> None:
    """Draw rejection against efficiency, a panel for each signal class and a curve for each other class."""
    with canvas(path, (WIDTH * len(classes), 4.6), 1, len(classes), headline(label, "test part")) as (_, axes):
        for place, (panel, signal) in enumerate(zip(axes[0], classes, strict=True)):
            for curve in (curve for curve in curves if curve.signal == place):
                _roc_curve(panel, curve, classes[curve.background])
            at = np.linspace(0.05, 1.0, 50)
            panel.plot(at, 1.0 / at, ":", color=GREY, linewidth=1.2, label="Random choice")
            panel.set_yscale("log")
            panel.set_xlim(0.0, 1.0)
            panel.set_ylim(0.8, 30 * _highest([curve for curve in curves if curve.signal == place]))
            panel.set_xlabel(f"Efficiency for {signal.title}")
            panel.set_ylabel("Rejection (1 / efficiency) of background")
            panel.legend(
                loc="upper right", title="Background (area under curve)", fontsize="small", title_fontsize="small"
            )


def _highest(curves: Sequence[Roc]) -> float:
    values = [curve.rejection[np.isfinite(curve.rejection)] for curve in curves]
    return max([20.0, *(float(value.max()) for value in values if len(value))])


def _roc_curve(axes: Any, curve: Roc, other: ClassStyle) -> None:
    known = np.isfinite(curve.rejection)
    if curve.doubt or not known.any():
        why = f"\n{not_meaningful(curve.doubt)}" if curve.doubt else f" ({written(curve.auc.entry())}), none passes"
        axes.plot([], [], color=other.color, label=f"{other.title}{why}")
        return
    name = f"{other.title} ({written(curve.auc.entry())})"
    axes.plot(curve.efficiency[known], curve.rejection[known], color=other.color, linestyle=other.line, label=name)
    # Where the background is compatible with zero the band has no upper end; it is drawn to the top of the panel.
    top = np.where(np.isfinite(curve.high), curve.high, 1e12)
    axes.fill_between(curve.efficiency[known], curve.low[known], top[known], color=other.color, alpha=0.25, linewidth=0)


def draw_performance(
    path: str | Path,
    classes: Sequence[ClassStyle],
    results: Sequence[Performance],
    title: str,
    target: float = 0.5,
    label: str = "",
) -> None:
    """Draw efficiency and rejection in bins of a variable for one cut, a column for each signal class.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    classes : sequence of ClassStyle
    results : sequence of Performance
        One a pair of classes.
    title : str
        Name of the variable, with its unit in brackets.
    target : float
        Signal efficiency of the cut over all bins.
    label : str
        Experiment's label.
    """
    columns = len(classes)
    head = headline(label, f"test part, one cut of {100 * target:.0f}% signal efficiency over all jets")
    with canvas(path, (WIDTH * columns, 6.4), 2, columns, head, sharex=True) as (_, axes):
        for place, signal in enumerate(classes):
            upper, lower = axes[:, place]
            mine = [result for result in results if result.signal == place]
            for shift, result in enumerate(mine):
                _binned(upper, lower, result, classes[result.background], shift, len(mine))
            upper.axhline(target, color=GREY, linestyle=":", linewidth=1.2)
            upper.set_ylim(0.0, 1.3)
            upper.set_ylabel(f"Efficiency for {signal.title}")
            upper.legend(loc="upper right", title="Background", fontsize="small", title_fontsize="small", ncols=3)
            lower.set_yscale("log")
            plain_logarithms(lower.yaxis)
            _rejection_limits(lower, mine)
            lower.set_ylabel("Rejection (1 / efficiency)")
            lower.set_xlabel(title)
            if mine:
                _binned_axis(lower, mine[0])


def _binned_axis(axes: Any, result: Performance) -> None:
    if _spans(result):
        axes.set_xscale("log")
        plain_logarithms(axes.xaxis)
    axes.set_xlim(result.edges[0], result.edges[-1])


def _spans(result: Performance) -> bool:
    """Say whether the bins span so much (momenta do) that only a logarithmic axis shows all of them."""
    return bool(result.edges[0] > 0 and result.edges[-1] / result.edges[0] > 10)


def _rejection_limits(axes: Any, results: Sequence[Performance]) -> None:
    values = np.concatenate([result.rejection for result in results]) if results else np.ones(1)
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if len(values) else (1.0, 10.0)
    axes.set_ylim(0.6 * low, 2.0 * high)


def _binned(upper: Any, lower: Any, result: Performance, other: ClassStyle, shift: int, several: int) -> None:
    left, right = result.edges[:-1], result.edges[1:]
    # Points of several curves stand beside each other in the bin, so that no error bar hides another.
    share = (shift + 1) / (several + 1)
    at = left * (right / left) ** share if _spans(result) else left + (right - left) * share
    across = [at - left, right - at]
    look = {"fmt": other.marker, "color": other.color, "linewidth": 1.2}
    upper.errorbar(at, result.efficiency, result.efficiency_std, across, label=other.title, **look)
    seen = np.isfinite(result.rejection)
    value, low = result.rejection[seen], result.low[seen]
    # A background compatible with zero has no upper end: the bar then leaves the panel.
    high = np.where(np.isfinite(result.high), result.high, 1e12)[seen]
    bars = np.nan_to_num([value - low, high - value])
    lower.errorbar(at[seen], value, bars, [across[0][seen], across[1][seen]], **look)


def draw_calibration(
    path: str | Path, classes: Sequence[ClassStyle], results: Sequence[Calibration], label: str = ""
) -> None:
    """Draw the observed share of each class against its score, and beneath how many jets have such a score."""
    with stacked(path, (6.2, 6.4), headline(label, "test part")) as (_, upper, lower):
        upper.plot([0, 1], [0, 1], ":", color=GREY, linewidth=1.2)
        for style, result in zip(classes, results, strict=True):
            error = f"\n{not_meaningful(result.doubt)}" if result.doubt else f" (ECE {result.ece:.3f})"
            bars = [result.observed - result.low, result.high - result.observed]
            shown = np.where(bool(result.doubt), np.nan, result.observed)
            upper.errorbar(
                result.predicted, shown, np.maximum(0.0, bars), fmt=style.marker, linestyle=style.line,
                linewidth=1.2, color=style.color, label=style.title + error,
            )  # fmt: skip
            edges = np.linspace(0.0, 1.0, len(result.share) + 1)
            lower.stairs(result.share, edges, color=style.color, linestyle=style.line)
        upper.set_ylim(-0.03, 1.25)
        upper.set_xlim(0.0, 1.0)
        upper.set_ylabel("Observed share of the class")
        upper.legend(loc="upper left", fontsize="small")
        if any(np.nanmax(result.share, initial=0.0) > 0 for result in results):
            lower.set_yscale("log")
        else:
            say(lower, "No jets")
        lower.set_ylabel("Share of jets")
        lower.set_xlabel("Score (predicted probability of the class)")
