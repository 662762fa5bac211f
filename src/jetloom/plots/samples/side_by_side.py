"""One quantity of several samples: a panel a sample on common axes, before and after cuts, and all of them overlaid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.statistics.histogram import Histogram
from jetloom.plots.dataset.inputs import BINS, LOG_RANGE, edges, outside
from jetloom.plots.style import canvas, readable_logarithms, say_beside, shared_legend, steps
from jetloom.statistics.meaning import not_meaningful

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jetloom.plots.dataset.inputs import Array, Floats
    from jetloom.plots.style import ClassStyle

COLUMNS = 4
BESIDE = 2
"""Bins at least that are drawn on either side of a value of interest."""
SIDES = ("before", "after")


@dataclass(frozen=True)
class Drawn:
    """A quantity of one sample before and after cuts: values and weights of each."""

    before: tuple[Array, Array]
    after: tuple[Array, Array]

    def histograms(self, ends: Floats, logarithmic: bool) -> tuple[Histogram, Histogram]:
        """Fill a histogram of each side; of the absolute values on a logarithmic axis."""
        one, other = (
            Histogram(ends).fill(np.abs(values) if logarithmic else values, weights)
            for values, weights in (self.before, self.after)
        )
        return one, other


def draw(
    path: Path,
    title: str,
    what: str,
    samples: Sequence[ClassStyle],
    drawn: Sequence[Drawn],
    head: str = "",
    logarithmic: bool = False,
    centred: bool = False,
    names: Mapping[float, str] | None = None,
) -> None:
    """Draw a quantity and publish it as PNG and PDF.

    Parameters
    ----------
    path : Path
        Without suffix.
    title : str
        Label of the axis.
    what : str
        What is counted, "jets" or "constituents".
    samples : sequence of ClassStyle
        Title, colour and line of each sample.
    drawn : sequence of Drawn
        One a sample.
    head : str
        Line above the figure.
    logarithmic : bool
        Draw absolute values on a logarithmic axis.
    centred : bool
        Make 0 the middle of a bin.
    names : mapping of float to str, optional
        Names of values, for quantities that are kinds.
    """
    ends = bins([values for one in drawn for values, _ in (one.before, one.after)], logarithmic, centred)
    filled = [one.histograms(ends, logarithmic) for one in drawn]
    panels = len(samples) + 1
    columns = min(COLUMNS, panels)
    rows = -(-panels // columns)
    size = (max(8.0, 4.3 * columns), 3.4 * rows + 0.9)
    with canvas(path, size, rows, columns, head, sharex=True, sharey=True) as (figure, axes):
        flat = axes.ravel()
        for panel, style, pair in zip(flat, samples, filled, strict=False):
            _sides(panel, style, pair)
            doubts = {side: histogram.doubt() for side, histogram in zip(SIDES, pair, strict=True)}
            say_beside(panel, [f"{side} cuts: {not_meaningful(why)}" for side, why in doubts.items() if why])
            panel.set_title(style.title, loc="left")
            panel.set_title(outside(pair), loc="right", fontsize="small", color="#444444")
        for style, pair in zip(samples, filled, strict=True):
            _sides(flat[len(samples)], style, pair)
        flat[len(samples)].set_title("Overlaid", loc="left")
        for panel in flat[panels:]:
            panel.set_visible(False)
        _axes(axes, ends, logarithmic, filled, names)
        for panel in flat[:panels]:
            panel.set_xlabel(_absolute(title) if logarithmic and _signed(drawn) else title)
        for row in axes:
            row[0].set_ylabel(f"Share of {what} per {'bin' if (_content(ends) == 1).all() else 'whole number'}")
        shared_legend(figure, flat[len(samples)], columns=2 * len(samples))


def bins(parts: Sequence[Array], logarithmic: bool = False, centred: bool = False) -> Floats:
    """Choose the bins that hold 99% of each part; see :func:`draw`."""
    known = [part[np.isfinite(part)].astype(np.float64) for part in parts]
    if logarithmic:
        known = [np.abs(part[part != 0]) for part in known]
    known = [part for part in known if len(part)]
    if not known:
        return np.array([0.5, 1.5])
    low = min(float(np.quantile(part, 0.005)) for part in known)
    high = max(float(np.quantile(part, 0.995)) for part in known)
    together = np.concatenate(known)
    if not logarithmic:
        around = centred and (low < 0 or high > 0)
        return _around_zero(min(low, 0.0), max(high, 0.0)) if around else edges(low, high, together)
    if np.array_equal(together, np.rint(together)):
        return _whole(low, high)
    if not high > low:
        low, high = low / 2, high * 2
    return np.geomspace(low, high, BINS + 1)


def _around_zero(low: float, high: float) -> Floats:
    """Return equal bins with 0 in the middle of one, and only as far to each side as there is something."""
    step = (high - low) / BINS
    below, above = (max(BESIDE, int(np.ceil(end / step))) for end in (-low, high))
    return np.linspace(-below - 0.5, above + 0.5, below + above + 2) * step


def _whole(low: float, high: float) -> Floats:
    """Return bins for whole numbers on a logarithmic axis: with edges between the numbers, and widths that only grow.

    If a bin of two numbers came before one of a single number, the rounding of the edges would show as a zigzag.
    """
    growth = (high / low) ** (1.0 / BINS) - 1.0
    found, width = [np.floor(low) - 0.5], 1
    while found[-1] < high:
        width = max(width, int(growth * found[-1]))
        found.append(found[-1] + width)
    return np.array(found)


def _content(ends: Floats) -> Floats:
    """Return the whole numbers that each bin holds, if the edges lie between whole numbers; 1 otherwise."""
    return np.diff(ends) if _between(ends) else np.ones(len(ends) - 1)


def _between(ends: Floats) -> bool:
    return np.array_equal(ends % 1.0, np.full(len(ends), 0.5))


def _sides(panel: Any, style: ClassStyle, pair: tuple[Histogram, Histogram]) -> None:
    for side, histogram, line, alpha in zip(SIDES, pair, (":", "-"), (0.8, 1.0), strict=True):
        scale = (1.0 / histogram.total if _drawn(histogram) else 0.0) / _content(histogram.edges)
        steps(
            panel,
            histogram.edges,
            histogram.sums * scale,
            np.sqrt(histogram.squares) * scale,
            color=style.color,
            linestyle=line,
            label=f"{style.title}, {side} cuts",
            alpha=alpha,
        )


def _drawn(histogram: Histogram) -> bool:
    return histogram.total > 0 and not histogram.doubt()


def _axes(
    axes: Any,
    ends: Floats,
    logarithmic: bool,
    filled: Sequence[tuple[Histogram, Histogram]],
    names: Mapping[float, str] | None,
) -> None:
    from matplotlib.ticker import MaxNLocator

    first = axes[0, 0]
    first.set_xlim(ends[0], ends[-1])
    if logarithmic:
        first.set_xscale("log")
        readable_logarithms(first.xaxis, ends)
    elif names:
        first.set_xticks(list(names), list(names.values()))
    elif _between(ends):
        first.xaxis.set_major_locator(MaxNLocator(integer=True))
    if names or (_between(ends) and not logarithmic):
        for panel in axes.ravel():
            panel.tick_params(axis="x", which="minor", length=0)
    content = _content(ends)
    shares = np.concatenate(
        [one.sums / one.total / content for pair in filled for one in pair if _drawn(one)] or [ends[:0]]
    )
    positive = shares[shares > 0]
    if len(positive) and positive.max() / positive.min() > LOG_RANGE:
        first.set_yscale("log")
        first.set_ylim(0.5 * positive.min(), 3.0 * positive.max())
    elif len(positive):
        first.set_ylim(0.0, 1.15 * positive.max())


def _signed(drawn: Sequence[Drawn]) -> bool:
    return any((values < 0).any() for one in drawn for values, _ in (one.before, one.after))


def _absolute(title: str) -> str:
    """Put bars around what a title names, its unit left out: ``|$p_x$| [GeV]``."""
    name, bracket, rest = title.partition(" [")
    return f"|{name}|{bracket}{rest}"
