"""Distributions of jets by class in one panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.plots.style import ClassStyle, say_beside, steps
from jetloom.statistics.meaning import not_meaningful

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jetloom.evaluation.statistics.histogram import Distribution


def draw_by_class(axes: Any, classes: Sequence[ClassStyle], shown: Sequence[Distribution]) -> None:
    """Draw a distribution a class as steps with bands, and say of which it means nothing, and why.

    Parameters
    ----------
    axes : matplotlib Axes
    classes : sequence of ClassStyle
    shown : sequence of Distribution
        One a class, with the same edges.
    """
    doubted = []
    for style, one in zip(classes, shown, strict=True):
        steps(axes, one.edges, one.density, one.error, color=style.color, linestyle=style.line, label=style.title)
        if one.doubt:
            doubted.append(f"{style.title}: {not_meaningful(one.doubt)}")
    say_beside(axes, doubted)
