"""Data against model for each head of a density model, in total and step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.density import HEAD_TITLES
from jetloom.evaluation.heads import HeadSums, head_edges
from jetloom.plots.style import COLORS, GREY, canvas, headline, say, shared_legend

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

AXES = {
    "end": "Number of constituents",
    "mother": "Energy rank of the mother (0: hardest)",
    "z": "$z$ of the softer daughter",
    "theta": r"Angle $\theta$ of the softer daughter [rad]",
    "delta": r"Angle $\delta$ of the harder daughter [rad]",
    "phi": r"Azimuth $\phi$ of the softer daughter [rad]",
}
SHOWN_STEPS = (0, 1, 2, 3, 5, 8, 13, 21)
"""Steps that get a panel; at step 0 the mother is known."""

MODEL = COLORS[1]


def draw_heads(
    directory: Path, sums: Mapping[str, HeadSums], binning: dict[str, Any], label: str = "", note: str = ""
) -> None:
    """Draw ``<head>`` for each head, and ``<head>_steps`` for all but the end, which is one panel a step anyway.

    Parameters
    ----------
    directory : Path
    sums : mapping of head to HeadSums
    binning : dict
        Scaling and bins of the dataset.
    label, note : str
        Experiment's label and a note, for the line above.
    """
    head_line = headline(label, note)
    for head, found in sums.items():
        if head == "end":
            _draw_end(directory / "end", found, head_line)
            continue
        total = HeadSums(*(array.sum(axis=0, keepdims=True) for array in (found.data, found.squares, found.model)))
        edges = np.arange(total.data.shape[1] + 1) - 0.5 if head == "mother" else head_edges(head, binning)
        with canvas(directory / head, (6.2, 5.6), 2, 1, head_line, **_SHAPE) as (_, axes):
            _compare(axes[:, 0], edges, (total.data[0], total.squares[0], total.model[0]), total.data.sum())
            _dress(axes[:, 0], head, edges, total.data[0])
            axes[0, 0].set_ylabel("Share of branchings")
        _draw_steps(directory / f"{head}_steps", head, found, edges, head_line)


_SHAPE: dict[str, Any] = {"sharex": True, "gridspec_kw": {"height_ratios": [3, 1]}}


def _compare(axes: Any, edges: Array, values: tuple[Array, Array, Array], total: float | Array) -> None:
    """Draw data as points and model as steps, and their ratio beneath."""
    data, squares, model = values
    with np.errstate(divide="ignore", invalid="ignore"):
        shares, errors, expected = data / total, np.sqrt(squares) / total, model / total
        middle = 0.5 * (edges[1:] + edges[:-1]) if edges[0] <= 0 else np.sqrt(edges[1:] * edges[:-1])
        _points(axes[0], middle, shares, errors)
        axes[0].stairs(expected, edges, color=MODEL, linewidth=1.8, label="Model, given the true history")
        axes[0].legend(fontsize="small")
        axes[1].axhline(1.0, color=MODEL, linewidth=1.2)
        ratio, error = shares / expected, errors / expected
    seen = np.isfinite(ratio) & (data > 0)
    axes[1].errorbar(middle[seen], ratio[seen], error[seen], fmt="ko", markersize=3, linewidth=1)
    axes[1].set_ylim(0.5, 1.5)
    axes[1].set_ylabel("Data / model")


def _points(panel: Any, middle: Floats, shares: Floats, errors: Floats) -> None:
    seen = np.isfinite(shares) & (shares > 0)
    bars = [np.minimum(errors, 0.999 * shares)[seen], errors[seen]]
    panel.errorbar(middle[seen], shares[seen], bars, fmt="ko", markersize=4, linewidth=1, label="Data")


def _dress(axes: Any, head: str, edges: Floats, data: Floats) -> None:
    """Give the axes of a head their scales, limits and titles; the last one carries the title."""
    if head in ("z", "theta", "delta"):
        axes[-1].set_xscale("log")
    if head == "mother":
        axes[0].set_yscale("log")
        axes[0].set_ylim(3e-4, 2.0)
        last = int(np.flatnonzero(data > 0).max(initial=0))
        axes[-1].set_xlim(-0.5, last + 0.5)
        _whole_numbers(axes[-1])
    else:
        axes[0].set_ylim(bottom=0.0)
        axes[-1].set_xlim(edges[0], edges[-1])
    axes[-1].set_xlabel(AXES[head])


def _whole_numbers(panel: Any) -> None:
    from matplotlib.ticker import MaxNLocator, NullLocator

    panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    panel.xaxis.set_minor_locator(NullLocator())


def _draw_end(path: Path, sums: HeadSums, head_line: str) -> None:
    """Draw how many constituents jets have, and how often a jet ends that has got so far."""
    data, squares, model = sums.data[:, 0], sums.squares[:, 0], sums.model[:, 0]
    reached = np.cumsum(data[::-1])[::-1]
    last = int(np.flatnonzero(data > 0).max(initial=0)) + 1
    edges: Array = np.arange(last + 1) + 0.5
    with canvas(path, (10.4, 5.6), 2, 2, head_line, **_SHAPE) as (_, axes):
        for column, total in enumerate((data.sum(), reached[:last])):
            _compare(axes[:, column], edges, (data[:last], squares[:last], model[:last]), total)
            axes[1, column].set_xlabel(AXES["end"])
            axes[1, column].set_xlim(0.5, last + 0.5)
            _whole_numbers(axes[1, column])
            axes[0, column].set_ylim(bottom=0.0)
        axes[0, 0].set_ylabel("Share of jets")
        axes[0, 1].set_ylabel("Share of jets with so many that end")
        axes[0, 1].set_ylim(0.0, 1.05)


def _draw_steps(path: Path, head: str, sums: HeadSums, edges: Floats, head_line: str) -> None:
    steps = [step for step in SHOWN_STEPS if step < len(sums.data) and (head, step) != ("mother", 0)]
    shown = [step for step in steps if sums.data[step].sum() > 0]
    columns = min(4, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    with canvas(path, (3.3 * columns + 0.6, 2.9 * rows + 0.8), rows, columns, head_line) as (figure, axes):
        panels = axes.ravel()
        for panel, step in zip(panels, shown, strict=False):
            _step(panel, head, step, sums, edges)
        for panel in panels[len(shown) :]:
            panel.set_axis_off()
        if not shown:
            say(panels[0], "No branchings")
        figure.supylabel("Share of branchings of the step", fontsize="medium")
        shared_legend(figure, panels[0])


def _step(panel: Any, head: str, step: int, sums: HeadSums, edges: Floats) -> None:
    """Draw one step of a head."""
    data, squares, model = sums.data[step], sums.squares[step], sums.model[step]
    total = data.sum()
    middle = 0.5 * (edges[1:] + edges[:-1]) if edges[0] <= 0 else np.sqrt(edges[1:] * edges[:-1])
    _points(panel, middle, data / total, np.sqrt(squares) / total)
    panel.stairs(model / total, edges, color=MODEL, linewidth=1.8, label="Model, given the true history")
    _dress([panel], head, edges, data)
    panel.set_xlabel(HEAD_TITLES[head] if head != "mother" else "Rank of the mother")
    if head == "mother":
        panel.set_xlim(-0.5, min(step, 12) + 0.5)
    panel.set_title(f"Branching {step + 1}", fontsize="medium", color=GREY)
