"""Data against model for each head of a density model, in total and step by step."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.plots.ratio_panel import MODEL_OVER_DATA, mark_outside
from jetloom.plots.style import COLORS, GREY, canvas, headline, say, shared_legend

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jetloom.evaluation.density.heads import HeadShown
    from jetloom.evaluation.statistics.residuals import DataAndModel

Floats = npt.NDArray[np.float64]

AXES = {
    "end": "Number of constituents $n$",
    "mother": "Energy rank of the mother (0: hardest)",
    "z": "$z$ of the softer daughter",
    "theta": r"Angle $\theta$ of the softer daughter [rad]",
    "delta": r"Angle $\delta$ of the harder daughter [rad]",
    "phi": r"Azimuth $\phi$ of the softer daughter [rad]",
}
SHORT_AXES = {
    "mother": "Rank of the mother",
    "z": "$z$",
    "theta": r"$\theta$ [rad]",
    "delta": r"$\delta$ [rad]",
    "phi": r"$\phi$ [rad]",
}
SHOWN_STEPS = (0, 1, 2, 3, 5, 8, 13, 21)
"""Steps that get a panel; at step 0 the mother is known."""
HALF_HEIGHTS = (0.1, 0.2, 0.5)
"""How far a panel of ratios may reach from 1: the least that holds all, or the largest."""

MODEL = COLORS[1]


@dataclass(frozen=True)
class Shares:
    """Shares of data and model in bins, with one standard deviation of their difference."""

    head: str
    edges: Floats
    data: Floats
    errors: Floats
    model: Floats

    @classmethod
    def of(cls, head: str, edges: Floats, shown: DataAndModel, step: int, total: Any = None) -> Shares:
        """Divide the sums of a step by a total, by default that of the data."""
        size = len(edges) - 1
        whole = shown.data[step].sum() if total is None else total
        parts = (shown.data[step][:size], shown.errors[step][:size], shown.model[step][:size])
        with np.errstate(divide="ignore", invalid="ignore"):
            return cls(head, edges, *(part / whole for part in parts))

    @property
    def logarithmic(self) -> bool:
        """Whether the bins are drawn on a logarithmic axis."""
        return self.head in ("z", "theta", "delta") and bool(self.edges[0] > 0)

    @property
    def middle(self) -> Floats:
        """Where the points stand."""
        low, high = self.edges[:-1], self.edges[1:]
        return np.sqrt(low * high) if self.logarithmic else 0.5 * (low + high)

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Bins with data."""
        return np.isfinite(self.data) & (self.data > 0)

    def over_data(self, values: Floats) -> Floats:
        """Divide by the data; NaN where there are none."""
        return np.divide(values, self.data, out=np.full(len(self.data), np.nan), where=self.seen)


def draw_heads(directory: Path, shown: Mapping[str, HeadShown], label: str = "", note: str = "") -> None:
    """Draw ``<head>`` for each head, and ``<head>_steps`` for all but the end, whose outcomes are the steps.

    Parameters
    ----------
    directory : Path
    shown : mapping of head to HeadShown
    label, note : str
        Experiment's label and a note, for the line above.
    """
    head_line = headline(label, note)
    for head, found in shown.items():
        if head == "end":
            _draw_end(directory / "end", found, head_line)
            continue
        _draw_total(directory / head, head, found, head_line)
        _draw_steps(directory / f"{head}_steps", head, found, head_line)


def _draw_total(path: Path, head: str, found: HeadShown, head_line: str) -> None:
    with canvas(path, (6.2, 5.6), 2, 1, head_line, **_SHAPE) as (_, axes):
        if not found.total.data.any():
            axes[1, 0].set_axis_off()
            say(axes[0, 0], "No branchings")
            return
        shares = Shares.of(head, found.edges, found.total, 0)
        upper, lower = axes[:, 0]
        _compare(upper, lower, shares)
        # A model that is right to a per cent is not shown on a scale for one that is wrong by half.
        _look_at(lower, shares, next((half for half in HALF_HEIGHTS if _holds(half, shares)), HALF_HEIGHTS[-1]))
        said = found.total.agreement[0].text
        if head == "phi" and np.isfinite(found.surprise):
            size = len(found.edges) - 1
            said += rf"; mean $-\log P$: {found.surprise:.4f}, uniform: ln {size} = {log(size):.4f}"
        upper.set_title(said, fontsize="small", loc="left")
        upper.legend(fontsize="small")
        upper.set_ylabel("Share of branchings in bin" if head != "mother" else "Share of branchings")
        lower.set_xlabel(AXES[head])


_SHAPE: dict[str, Any] = {"sharex": True, "gridspec_kw": {"height_ratios": [3, 1]}}


def _holds(half: float, shares: Shares) -> bool:
    return bool((np.abs(shares.over_data(shares.model)[shares.seen] - 1.0) < half).all())


def _compare(upper: Any, lower: Any, shares: Shares) -> None:
    """Draw data as points and model as steps, and beneath them both over the data."""
    middle, seen = shares.middle, shares.seen
    bars = np.stack([np.minimum(shares.errors, 0.999 * shares.data), shares.errors])
    look = {"fmt": "ko", "linewidth": 1}
    upper.errorbar(middle[seen], shares.data[seen], bars[:, seen], markersize=4, label="Test jets", **look)
    upper.stairs(shares.model, shares.edges, color=MODEL, linewidth=1.8, label="Model, given the true history")
    relative = shares.over_data(shares.errors)[seen]
    lower.errorbar(middle[seen], np.ones(len(relative)), relative, markersize=3, **look)
    ratio = shares.over_data(shares.model)
    lower.stairs(ratio, shares.edges, color=MODEL, linewidth=1.5, baseline=None)
    if shares.head == "phi":
        uniform = np.full(len(ratio), 1.0 / len(ratio))
        flat = {"color": GREY, "linewidth": 0.9, "linestyle": "--", "baseline": None, "zorder": 1}
        upper.stairs(uniform, shares.edges, label="Uniform, 1/(2π)", **flat)
        lower.stairs(shares.over_data(uniform), shares.edges, **flat)
    _dress(upper, lower, shares)


def _look_at(lower: Any, shares: Shares, half: float) -> None:
    """Set how far a panel of ratios reaches, and mark what lies beyond."""
    lower.set_ylim(1.0 - half, 1.0 + half)
    mark_outside(lower, shares.middle, shares.over_data(shares.model), MODEL)
    lower.set_ylabel(MODEL_OVER_DATA, fontsize="medium")


def _dress(upper: Any, lower: Any, shares: Shares) -> None:
    """Return the axes of a head their scales and limits."""
    if shares.logarithmic:
        lower.set_xscale("log")
        upper.set_xscale("log")
    upper.set_ylim(bottom=0.0)
    for panel in (upper, lower):
        panel.set_xlim(shares.edges[0], shares.edges[-1])
    if shares.head == "mother":
        last = int(np.flatnonzero(shares.seen).max(initial=0))
        upper.set_yscale("log")
        # Down to the rarest rank that has data: a fixed floor would hide it.
        upper.set_ylim(0.3 * shares.data[shares.seen].min(initial=1.0), 2.0)
        for panel in (upper, lower):
            panel.set_xlim(-0.5, last + 0.5)
            _whole_numbers(panel)


def _whole_numbers(panel: Any) -> None:
    from matplotlib.ticker import MaxNLocator, NullLocator

    panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    panel.xaxis.set_minor_locator(NullLocator())


def _draw_end(path: Path, found: HeadShown, head_line: str) -> None:
    """Draw how many constituents jets have, and how often a jet ends that has got so far."""
    total = found.total
    data = total.data[0] if len(total.data) else np.zeros(1)
    last = int(np.flatnonzero(data > 0).max(initial=0)) + 1
    wholes: tuple[Any, Any] = data.sum(), np.cumsum(data[::-1])[::-1][:last]
    titles = ("Probability to end at $n$, of all jets", "Probability to end at $n$, once there")
    with canvas(path, (10.4, 5.6), 2, 2, head_line, **_SHAPE) as (_, axes):
        if not data.any():
            for panel in axes.ravel():
                say(panel, "No jets")
            return
        for column, whole in enumerate(wholes):
            upper, lower = axes[:, column]
            shares = Shares.of("end", found.edges[: last + 1], total, 0, whole)
            _compare(upper, lower, shares)
            _look_at(lower, shares, HALF_HEIGHTS[-1])
            upper.set_ylabel(titles[column])
            upper.legend(fontsize="small")
            lower.set_xlabel(AXES["end"])
            _whole_numbers(lower)
        said = f"{total.agreement[0].text}; the data add up to 1, the model to {total.model[0].sum() / data.sum():.3f}"
        axes[0, 0].set_title(said, fontsize="small", loc="left")
        axes[0, 1].set_ylim(0.0, 1.05)


def _draw_steps(path: Path, head: str, found: HeadShown, head_line: str) -> None:
    data = found.steps.data
    steps = [step for step in SHOWN_STEPS if step < len(data) and (head, step) != ("mother", 0)]
    shown = [step for step in steps if data[step].sum() > 0]
    columns = min(4, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    heights = {"height_ratios": [3, 1.2] * rows}
    size = (3.4 * columns + 0.6, 3.9 * rows + 0.8)
    with canvas(path, size, 2 * rows, columns, head_line, gridspec_kw=heights) as (figure, axes):
        for place in range(rows * columns):
            row, column = 2 * (place // columns), place % columns
            upper, lower = axes[row : row + 2, column]
            if place < len(shown):
                _step(upper, lower, head, shown[place], found)
            else:
                upper.set_axis_off()
                lower.set_axis_off()
        if not shown:
            say(axes[0, 0], "No branchings")
        figure.supylabel("Share of branchings of the step", fontsize="medium")
        shared_legend(figure, axes[0, 0])


def _step(upper: Any, lower: Any, head: str, step: int, found: HeadShown) -> None:
    """Draw one step of a head; of the mother, all ranks that there are."""
    edges = found.edges[: step + 2] if head == "mother" else found.edges
    shares = Shares.of(head, edges, found.steps, step)
    _compare(upper, lower, shares)
    _look_at(lower, shares, HALF_HEIGHTS[-1])
    if head == "mother":
        for panel in (upper, lower):
            panel.set_xlim(-0.5, step + 0.5)
    upper.tick_params(labelbottom=False)
    lower.set_xlabel(SHORT_AXES[head])
    upper.set_title(f"Branching {step + 1}", fontsize="medium", color=GREY, loc="left")
    agreement = found.steps.agreement[step]
    # Late steps have few jets, and no chi^2: nothing stands there then, the reason is in metrics.json.
    upper.set_title("" if agreement.doubt else agreement.text, fontsize="small", loc="right")
