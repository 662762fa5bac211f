"""The best density model: its log P of jets of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.statistics.histogram import distributions
from jetloom.plots.by_class import draw_by_class
from jetloom.plots.style import ClassStyle, canvas, headline, shared_legend

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Array = npt.NDArray[Any]

BINS = 40


def draw_log_p(
    path: str | Path,
    classes: Sequence[ClassStyle],
    log_p: Array,
    constituents: Array,
    labels: Array,
    weights: Array,
    label: str = "",
    note: str = "",
) -> None:
    """Draw -log P of the jets of each class, and the same per constituent.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    classes : sequence of ClassStyle
    log_p, constituents, labels, weights : arrays, shape (n,)
        log P of each jet, its number of constituents, the index of its class and its weight.
    label, note : str
        Experiment's label and a note, for the line above.
    """
    shown = {
        r"$-\log P$ of the jet [nats]": -np.asarray(log_p, np.float64),
        r"$-\log P$ / number of constituents [nats]": -np.asarray(log_p, np.float64) / constituents,
    }
    with canvas(path, (9.6, 4.6), 1, 2, headline(label, note)) as (figure, axes):
        for panel, (title, values) in zip(axes[0], shown.items(), strict=True):
            edges, members = _edges(values[labels >= 0]), [labels == index for index in range(len(classes))]
            draw_by_class(panel, classes, distributions([(values[own], weights[own]) for own in members], edges))
            panel.set_xlim(edges[0], edges[-1])
            panel.set_ylim(bottom=0.0)
            panel.set_xlabel(title)
            panel.set_ylabel("Density of jets")
        shared_legend(figure, axes[0, 0])


def _edges(values: Array) -> npt.NDArray[np.float64]:
    low, high = np.quantile(values, [0.002, 0.998]) if len(values) else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1.0, BINS + 1)
