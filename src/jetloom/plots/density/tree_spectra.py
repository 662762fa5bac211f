"""Spectra of trees of several samples side by side, with their ratios to one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.density.spectra import SPECTRA, Curve
from jetloom.evaluation.statistics.agreement import Agreement
from jetloom.plots.ratio_panel import mark_outside
from jetloom.plots.style import canvas, headline, shared_legend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Floats = npt.NDArray[np.float64]

AXES = {
    "multiplicity": ("Number of constituents", "Share of jets"),
    "energy": ("Energy of a constituent [GeV]", "Constituents per jet"),
    "z": ("$z$", "Branchings per jet"),
    "theta": (r"$\theta$ [rad]", "Branchings per jet"),
    "delta": (r"$\delta$ [rad]", "Branchings per jet"),
    "phi": (r"$\phi$ [rad]", "Branchings per jet"),
}


@dataclass(frozen=True)
class Line:
    """Spectra of one sample, how they are drawn, and how each of them agrees with the reference."""

    title: str
    color: str
    style: Any
    spectra: Mapping[str, Curve]
    agreement: Mapping[str, Agreement] = field(default_factory=dict)


def draw_spectra(
    path: str | Path,
    reference: Line,
    lines: Sequence[Line],
    ratio: str,
    label: str = "",
    note: str = "",
    names: Any = SPECTRA,
) -> None:
    """Draw all spectra, the reference as points, and beneath them the ratios to it.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    reference : Line
    lines : sequence of Line
    ratio : str
        What the ratios are: of the lines to the reference.
    label, note : str
        Experiment's label and a note, for the line above.
    names : sequence of str
        Spectra to draw.
    """
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    heights = {"height_ratios": [3, 1.2] * rows}
    size = (4.3 * columns + 0.3, 4.1 * rows + 0.7)
    with canvas(path, size, 2 * rows, columns, headline(label, note), gridspec_kw=heights) as (figure, axes):
        for place, name in enumerate(names):
            row, column = 2 * (place // columns), place % columns
            _panel(axes[row, column], axes[row + 1, column], name, reference, lines)
            axes[row + 1, column].set_ylabel(ratio, fontsize="medium")
        for place in range(len(names), rows * columns):
            for row in (2 * (place // columns), 2 * (place // columns) + 1):
                axes[row, place % columns].set_axis_off()
        shared_legend(figure, axes[0, 0])


def _panel(upper: Any, lower: Any, name: str, reference: Line, lines: Sequence[Line]) -> None:
    data = reference.spectra[name]
    mean, errors, ends = data.mean, data.errors, data.edges
    middle = 0.5 * (ends[1:] + ends[:-1]) if ends[0] <= 0 or name == "multiplicity" else np.sqrt(ends[1:] * ends[:-1])
    seen = mean > 0
    look = {"fmt": "o", "color": reference.color, "markersize": 4, "linewidth": 1}
    upper.errorbar(middle[seen], mean[seen], errors[seen], label=reference.title, **look)
    lower.errorbar(middle[seen], np.ones(int(seen.sum())), (errors[seen] / mean[seen]), **look)
    lower.set_ylim(0.4, 1.6)
    for line in lines:
        other = line.spectra[name]
        upper.stairs(other.mean, ends, color=line.color, linestyle=line.style, label=line.title, linewidth=1.8)
        ratio = np.divide(other.mean, mean, out=np.full(len(mean), np.nan), where=seen)
        error = np.divide(other.errors, mean, out=np.full(len(mean), np.nan), where=seen)
        lower.stairs(ratio, ends, color=line.color, linestyle=line.style, linewidth=1.5, baseline=None)
        low, high = np.nan_to_num(ratio - error), np.nan_to_num(ratio + error)
        lower.stairs(high, ends, baseline=low, fill=True, color=line.color, alpha=0.25, linewidth=0)
        mark_outside(lower, middle, ratio, line.color, filled=line.style == "-")
    said = (line.agreement[name].ratio for line in lines)
    upper.set_title(r"$\chi^2$/ndf: " + r" $\to$ ".join(said), fontsize="small", loc="left")
    for panel in (upper, lower):
        if name not in ("multiplicity", "phi"):
            panel.set_xscale("log")
        panel.set_xlim(ends[0], ends[-1])
    upper.set_ylim(bottom=0.0)
    upper.tick_params(labelbottom=False)
    lower.set_xlabel(AXES[name][0])
    upper.set_ylabel(AXES[name][1], fontsize="medium")
