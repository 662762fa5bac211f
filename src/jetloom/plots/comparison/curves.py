"""Several models in one figure: ROC curves, areas in bins of a variable, correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.classification.roc import EFFICIENCIES, rejection
from jetloom.evaluation.statistics.printed import written
from jetloom.plots.style import GREY, ClassStyle, canvas, headline, plain_logarithms, shared_legend, stacked
from jetloom.statistics.meaning import not_meaningful

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.evaluation.classification.comparison import Areas, Contest, Correlations
    from jetloom.evaluation.statistics.bootstrap import Estimate

NO_END = 1e12
"""Where a background compatible with zero gives a band no upper end, it is drawn to the top of the panel."""

BROAD = 0.3
"""Bands of the ratio of rejections that are broader than this do not decide about the range of its panel."""


def draw_roc(
    path: str | Path, models: Sequence[ClassStyle], classes: tuple[str, str], found: Contest, label: str = ""
) -> None:
    """Draw rejection against efficiency of all models, and beneath the ratio to the first one.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    models : sequence of ClassStyle
    classes : (str, str)
        Titles of background and signal.
    found : Contest
    label : str
        Experiment's label.
    """
    background, signal = classes
    with stacked(path, (6.6, 7.0), headline(label, "test part"), lower=1.2) as (_, upper, lower):
        curves = rejection(found.passed.value)
        for place, style in enumerate(models):
            _rejections(upper, found, place, style)
            ratio, error = found.ratio.value[place], found.ratio.std[place]
            lower.plot(EFFICIENCIES, ratio, color=style.color, linestyle=style.line)
            lower.fill_between(EFFICIENCIES, ratio - error, ratio + error, color=style.color, alpha=0.2, linewidth=0)
        at = np.linspace(0.05, 1.0, 50)
        upper.plot(at, 1.0 / at, ":", color=GREY, linewidth=1.2, label="Random choice")
        top = curves[np.isfinite(curves)]
        upper.set(xlim=(0.0, 1.0), ylim=(0.8, 6 * max(20.0, float(top.max()) if top.size else 20.0)))
        upper.set_yscale("log")
        upper.set_ylabel(f"Rejection of {background} (1 / efficiency)")
        upper.legend(loc="upper right", title="Model (area under curve)", fontsize="small", title_fontsize="small")
        lower.axhline(1.0, color=GREY, linestyle=":", linewidth=1.2)
        lower.set_ylim(_ratio_range(found.ratio))
        lower.set_xlabel(f"Efficiency for {signal}")
        lower.set_ylabel(f"Ratio to\n{models[0].title}", fontsize="medium")


def _rejections(axes: Any, found: Contest, place: int, style: ClassStyle) -> None:
    """Draw the curve of one model with its band."""
    value, std = found.passed.value[place], found.passed.std[place]
    curve, low, high = rejection(value), rejection(value + std), rejection(value - std)
    known, high = np.isfinite(curve), np.where(np.isfinite(high), high, NO_END)
    name, at = f"{style.title} ({written(found.area(place).entry())})", EFFICIENCIES[known]
    axes.plot(at, curve[known], label=name, color=style.color, linestyle=style.line)
    axes.fill_between(at, low[known], high[known], color=style.color, alpha=0.2, linewidth=0)


def _ratio_range(ratio: Estimate) -> tuple[float, float]:
    """Return a range that holds the ratios, and their bands where these are not broad."""
    error = np.where(ratio.std < BROAD, ratio.std, 0.0)
    ends = np.stack([ratio.value - error, ratio.value + error])
    known = ends[np.isfinite(ends)]
    low, high = (float(known.min()), float(known.max())) if known.size else (1.0, 1.0)
    room = 0.05 * max(0.2, high - low)
    return max(0.0, low - room), high + room


def draw_areas(
    path: str | Path,
    models: Sequence[ClassStyle],
    classes: tuple[str, str],
    found: Areas,
    title: str,
    label: str = "",
) -> None:
    """Draw the area under the curve of all models in bins of a variable, with bands of one standard deviation.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    models : sequence of ClassStyle
    classes : (str, str)
        Titles of background and signal.
    found : Areas
    title : str
        Name of the variable, with its unit in brackets.
    label : str
        Experiment's label.
    """
    edges = found.edges
    with stacked(path, (7.0, 6.8), headline(label, "test part")) as (figure, upper, lower):
        for place, style in enumerate(models):
            value, std = found.auc.value[place], found.auc.std[place]
            band = {"baseline": np.nan_to_num(value - std), "fill": True, "alpha": 0.2, "linewidth": 0}
            upper.stairs(np.nan_to_num(value + std), edges, color=style.color, **band)
            look = {"color": style.color, "linestyle": style.line, "linewidth": 1.6, "label": style.title}
            upper.hlines(value, edges[:-1], edges[1:], **look)
        upper.axhline(0.5, color=GREY, linestyle=":", linewidth=1.2)
        ends = np.stack([found.auc.value - found.auc.std, found.auc.value + found.auc.std])
        seen = ends[np.isfinite(ends)]
        low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.5, 1.0)
        room = 0.08 * max(0.02, high - low)
        upper.set_ylim(max(0.0, low - room), high + room)
        upper.set_ylabel("Area under the ROC curve")
        _jets_in_bins(lower, classes, found)
        lower.set_xlabel(title)
        if edges[0] > 0 and edges[-1] / edges[0] > 10:
            lower.set_xscale("log")
            plain_logarithms(lower.xaxis)
        lower.set_xlim(edges[0], edges[-1])
        shared_legend(figure, upper, columns=2)


def _jets_in_bins(panel: Any, classes: tuple[str, str], found: Areas) -> None:
    for column, (name, line) in enumerate(zip(classes, ("--", "-"), strict=True)):
        panel.stairs(found.jets[:, column], found.edges, color=GREY, linestyle=line, label=name)
    panel.set_ylim(0.0, 1.5 * max(1, int(found.jets.max(initial=0))))
    panel.set_ylabel("Jets")
    panel.legend(loc="upper right", fontsize="x-small", ncols=2)


def draw_correlations(
    path: str | Path,
    models: Sequence[ClassStyle],
    classes: tuple[str, str],
    found: Sequence[Correlations],
    label: str = "",
) -> None:
    """Draw the rank correlations of the models' scores, a panel for each class.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    models : sequence of ClassStyle
    classes : (str, str)
        Titles of background and signal.
    found : sequence of Correlations
        One a class; of one without a meaning the panel says why.
    label : str
        Experiment's label.
    """
    titles, side = [style.title for style in models], 2.6 + 0.9 * len(models)
    with canvas(path, (side * len(found), side), 1, len(found), headline(label, "test part")) as (figure, axes):
        for panel, name, one in zip(axes[0], classes, found, strict=True):
            image = panel.imshow(np.ma.masked_invalid(one.matrix), cmap="cividis", vmin=0.0, vmax=1.0)
            for row, column in np.ndindex(one.matrix.shape):
                value = float(one.matrix[row, column])
                text = f"{value:.2f}" if np.isfinite(value) else "–"
                panel.text(column, row, text, ha="center", va="center", color=_over(value))
            panel.set_xticks(range(len(titles)), titles, rotation=35, ha="right")
            panel.set_yticks(range(len(titles)), titles if panel is axes[0, 0] else [])
            panel.minorticks_off()
            panel.tick_params(which="both", length=0)
            panel.set_title(f"{name}: {not_meaningful(one.doubt)}" if one.doubt else name)
        figure.colorbar(image, ax=list(axes[0]), label="Rank correlation of the scores", shrink=0.8)


def _over(value: float) -> str:
    return "black" if not np.isfinite(value) or value > 0.55 else "white"
