"""The best density model: its -log P of jets of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jetloom.plots.by_class import draw_by_class
from jetloom.plots.style import ClassStyle, canvas, headline, shared_legend

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.evaluation.statistics.histogram import Distribution

TITLES = (r"$-\log P$ of the jet [nats]", r"$-\log P$ / number of constituents [nats]")


def draw_log_p(
    path: str | Path,
    classes: Sequence[ClassStyle],
    log_p: Sequence[Distribution],
    per_constituent: Sequence[Distribution],
    label: str = "",
    note: str = "",
) -> None:
    """Draw -log P of the jets of each class, and the same per constituent.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    classes : sequence of ClassStyle
    log_p, per_constituent : sequences of Distribution
        One a class.
    label, note : str
        Experiment's label and a note, for the line above.
    """
    with canvas(path, (9.6, 4.6), 1, 2, headline(label, note)) as (figure, axes):
        for panel, title, shown in zip(axes[0], TITLES, (log_p, per_constituent), strict=True):
            draw_by_class(panel, classes, shown)
            panel.set_xlim(shown[0].edges[0], shown[0].edges[-1])
            panel.set_ylim(bottom=0.0)
            panel.set_xlabel(title)
            panel.set_ylabel("Density of jets")
        shared_legend(figure, axes[0, 0])
