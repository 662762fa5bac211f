"""Distributions of the input variables by class, before and after the selection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.plots.by_class import draw_by_class
from jetloom.plots.style import ClassStyle, canvas, headline, shared_legend, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jetloom.evaluation.statistics.histogram import Histogram

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

BINS = 40
LOG_RANGE = 1e3
"""A second figure with a logarithmic axis is drawn if the densities of filled bins span more than this."""

SIDES = ("Before selection", "After selection")


def edges(low: float, high: float, sample: Array) -> Floats:
    """Choose the bins of a variable.

    Parameters
    ----------
    low, high : float
        Range of nearly all training jets.
    sample : array of float, shape (n,)
        Some values, of jets before the selection: the range is widened to hold 99% of them, and if all are whole
        numbers (a multiplicity, a charge) the bins are centred on whole numbers.

    Returns
    -------
    array of float64
        At most ``BINS + 1`` edges for a continuous variable.
    """
    known = sample[np.isfinite(sample)].astype(np.float64)
    if len(known):
        low = min(low, float(np.quantile(known, 0.005)))
        high = max(high, float(np.quantile(known, 0.995)))
    if len(known) and np.array_equal(known, np.rint(known)):
        step = max(1, int(np.ceil((high - low) / (1.5 * BINS))))
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + step, step)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, BINS + 1)


def draw_input(
    directory: str | Path,
    column: str,
    title: str,
    classes: Sequence[ClassStyle],
    before: Sequence[Histogram],
    after: Sequence[Histogram],
    label: str = "",
    note: str = "",
) -> list[str]:
    """Draw one variable: two panels on common axes, each class normalised to unit area, with statistical bands.

    Parameters
    ----------
    directory : path-like
        Where ``<column>.png`` and ``.pdf`` go, and ``<column>_log`` if the range demands it.
    column : str
        Name of the file.
    title : str
        Label of the axis, with the unit in brackets.
    classes : sequence of ClassStyle
    before, after : sequences of Histogram
        One a class, all with the same edges.
    label, note : str
        Experiment's label and a note, for the line above.

    Returns
    -------
    list of str
        Names of the figures, without suffix.
    """
    filled = [histogram.distribution().density for histogram in (*before, *after)]
    positive = np.concatenate([density[density > 0] for density in filled])
    spans = len(positive) > 0 and positive.max() / positive.min() > LOG_RANGE
    names = [column, f"{column}_log"] if spans else [column]
    for name in names:
        head = headline(label, note)
        with canvas(Path(directory) / name, (10.0, 4.6), 1, 2, head, sharex=True, sharey=True) as (figure, axes):
            for panel, side, histograms in zip(axes[0], SIDES, (before, after), strict=True):
                _panel(panel, side, classes, histograms)
                panel.set_xlabel(title)
            _limits(axes[0, 0], positive, logarithmic=name != column)
            inverse = unit(title)
            axes[0, 0].set_ylabel(f"Density of jets [1 / {inverse}]" if inverse else "Density of jets")
            shared_legend(figure, axes[0, 0])
    return names


def _panel(axes: Any, side: str, classes: Sequence[ClassStyle], histograms: Sequence[Histogram]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(side, loc="left")
    draw_by_class(axes, classes, [histogram.distribution() for histogram in histograms])
    ends = histograms[0].edges
    axes.set_xlim(ends[0], ends[-1])
    if np.array_equal(ends % 1.0, np.full(len(ends), 0.5)):
        # Bins around whole numbers, see edges(): marks at whole numbers, and none between them.
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.tick_params(axis="x", which="minor", length=0)
    axes.set_title(outside(histograms), loc="right", fontsize="small", color="#444444")


def outside(histograms: Sequence[Histogram]) -> str:
    """Say which share of all jets, counted without their weights, is not in the drawn range, e.g. ``"0.5% below"``."""
    entries = sum(histogram.entries for histogram in histograms)
    if not entries:
        return "no jets"
    lost = {where: sum(histogram.lost[where] for histogram in histograms) for where in histograms[0].lost}
    named = [f"{float(f'{100 * number / entries:.2g}'):g}% {where}" for where, number in lost.items() if number]
    return "Outside: " + ", ".join(named) if named else ""


def _limits(axes: Any, positive: Floats, logarithmic: bool) -> None:
    if not len(positive):
        return
    if logarithmic:
        axes.set_yscale("log")
        axes.set_ylim(0.5 * positive.min(), 3.0 * positive.max())
    else:
        axes.set_ylim(0.0, 1.12 * positive.max())
