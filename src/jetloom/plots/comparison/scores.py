"""What each model of a comparison says of the jets: its log ratio in bins of a variable, and -log P."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.plots.by_class import draw_by_class
from jetloom.plots.style import ClassStyle, canvas, headline, panels, say, shared_legend, unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from jetloom.evaluation.statistics.histogram import Distribution

WIDTH = 4.2
"""Width of a panel in inches."""


def draw_score_bins(
    path: str | Path,
    classes: Sequence[ClassStyle],
    shown: Sequence[Sequence[Distribution]],
    variable: tuple[str, npt.NDArray[np.float64]],
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
    shown : sequence of sequences of Distribution
        By bin, then by class.
    variable : (str, array of float)
        Title of the variable, and the edges of its bins.
    model : str
        Title of the model.
    label : str
        Experiment's label.
    """
    title, edges = variable
    head = headline(label, "test part", model)
    with panels(path, len(shown), (WIDTH, 3.2), head, sharex=True) as (figure, each, axes):
        for place, (panel, inside) in enumerate(zip(each, shown, strict=True)):
            _by_class(panel, classes, inside)
            panel.set_title(_range(title, edges[place], edges[place + 1]), fontsize="small")
        # The lowest panel of each column, which need not be in the last row.
        for panel in each[-axes.shape[1] :]:
            panel.set_xlabel(_ratio_title(classes), fontsize="medium")
            panel.tick_params(labelbottom=True)
        for panel in axes[:, 0]:
            panel.set_ylabel("Density of jets", fontsize="medium")
        shared_legend(figure, axes[0, 0])


def _ratio_title(classes: Sequence[ClassStyle]) -> str:
    return f"log(P({classes[1].title}) / P({classes[0].title}))"


def _range(title: str, low: float, high: float) -> str:
    name, measure = title.split(" [")[0], unit(title)
    return f"{low:.4g} < {name} < {high:.4g}{' ' + measure if measure else ''}"


def _by_class(axes: Any, classes: Sequence[ClassStyle], shown: Sequence[Distribution]) -> None:
    draw_by_class(axes, classes, shown)
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(shown[0].edges[0], shown[0].edges[-1])
    if not any(one.jets for one in shown):
        say(axes, "No jets")


def draw_log_p(
    path: str | Path,
    classes: Sequence[ClassStyle],
    surprise: tuple[Sequence[Distribution], Sequence[Distribution]],
    log_ratio: Sequence[Distribution],
    label: str = "",
) -> None:
    """Draw -log P of the jets of both classes under the density of each class, and their log ratio.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    classes : sequence of two ClassStyle
        Background and signal.
    surprise : (sequence of Distribution, sequence of Distribution)
        -log P by class, under the density of the background and under that of the signal.
    log_ratio : sequence of Distribution
        log(P(signal) / P(background)) by class.
    label : str
        Experiment's label.
    """
    titles = [rf"$-\log P$ under the density of {style.title} [nats]" for style in classes]
    shown = [*zip(titles, surprise, strict=True), (f"{_ratio_title(classes)} [nats]", log_ratio)]
    with canvas(path, (WIDTH * 3, 4.2), 1, 3, headline(label, "test part")) as (figure, axes):
        for panel, (title, distributions) in zip(axes[0], shown, strict=True):
            _by_class(panel, classes, distributions)
            panel.set_xlabel(title, fontsize="medium")
            panel.set_ylabel("Density of jets", fontsize="medium")
        shared_legend(figure, axes[0, 0])
