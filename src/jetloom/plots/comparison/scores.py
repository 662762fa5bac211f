"""What each model of a comparison says of the jets: its log ratio in bins of a variable, and log P."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.classification.comparison import members
from jetloom.evaluation.statistics.histogram import distributions
from jetloom.plots.by_class import draw_by_class
from jetloom.plots.style import ClassStyle, canvas, headline, say, shared_legend, unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    Array = npt.NDArray[Any]

WIDTH = 4.2
"""Width of a panel in inches."""

BINS = 30


def draw_score_bins(
    path: str | Path,
    classes: Sequence[ClassStyle],
    jets: tuple[Array, Array, Array],
    variable: tuple[str, Array],
    edges: Array,
    model: str,
    label: str = "",
) -> None:
    """Draw the distribution of a model's log ratio by class, a panel for each bin of a variable.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    classes : sequence of two ClassStyle
        Background and signal.
    jets : (signal, log ratio, weight)
        Arrays of shape (n,).
    variable : (str, array)
        Title and values, shape (n,).
    edges : array of float
        Edges of the bins.
    model : str
        Title of the model.
    label : str
        Experiment's label.
    """
    signal, scores, weights = jets
    title, values = variable
    bins = members(values, edges)
    columns = min(3, len(bins))
    rows = -(-len(bins) // columns)
    axis = _axis(scores)
    head = headline(label, "test part", model)
    with canvas(path, (WIDTH * columns, 0.6 + 3.2 * rows), rows, columns, head, sharex=True) as (figure, axes):
        for place, panel in enumerate(axes.ravel()):
            if place >= len(bins):
                panel.set_axis_off()
                continue
            inside = bins[place]
            _by_class(panel, classes, signal[inside], scores[inside], weights[inside], axis)
            panel.set_title(_range(title, edges[place], edges[place + 1]), fontsize="small")
        for panel in axes[-1]:
            panel.set_xlabel(f"log(P({classes[1].title}) / P({classes[0].title}))", fontsize="medium")
        for panel in axes[:, 0]:
            panel.set_ylabel("Density of jets", fontsize="medium")
        shared_legend(figure, axes[0, 0])


def _axis(values: Array) -> Array:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.linspace(-1.0, 1.0, BINS + 1)
    low, high = np.quantile(finite, [0.002, 0.998])
    room = max(1e-6, 0.02 * (high - low))
    return np.linspace(low - room, high + room, BINS + 1)


def _range(title: str, low: float, high: float) -> str:
    name, measure = title.split(" [")[0], unit(title)
    return f"{low:.4g} < {name} < {high:.4g}{' ' + measure if measure else ''}"


def _by_class(
    axes: Any, classes: Sequence[ClassStyle], signal: Array, values: Array, weights: Array, edges: Array
) -> None:
    groups = [(values[chosen], weights[chosen]) for chosen in (~signal.astype(bool), signal.astype(bool))]
    draw_by_class(axes, classes, distributions(groups, edges))
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(edges[0], edges[-1])
    if not len(values):
        say(axes, "No jets")


def draw_log_p(
    path: str | Path,
    classes: Sequence[ClassStyle],
    signal: Array,
    weights: Array,
    log_p: tuple[Array, Array],
    label: str = "",
) -> None:
    """Draw log P of the jets of both classes under the model of each class, and their difference.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    classes : sequence of two ClassStyle
        Background and signal.
    signal : array of bool, shape (n,)
    weights : array of float, shape (n,)
    log_p : (array, array)
        log P under the signal's model and under the background's, shape (n,).
    label : str
        Experiment's label.
    """
    of_signal, of_background = log_p
    background, chosen = classes
    panels = {
        f"log P under the model of {background.title}": of_background,
        f"log P under the model of {chosen.title}": of_signal,
        f"log P({chosen.title}) - log P({background.title})": of_signal - of_background,
    }
    shared = _axis(np.concatenate(log_p))
    with canvas(path, (WIDTH * 3, 4.2), 1, 3, headline(label, "test part")) as (figure, axes):
        for place, (panel, (title, values)) in enumerate(zip(axes[0], panels.items(), strict=True)):
            _by_class(panel, classes, signal, values, weights, shared if place < 2 else _axis(values))
            panel.set_xlabel(title, fontsize="medium")
            panel.set_ylabel("Density of jets", fontsize="medium")
        shared_legend(figure, axes[0, 0])
