"""Single variables and a network's score by flavour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.classification.flavours import EDGES, density, rejection, with_flow
from jetloom.plots.style import COLORS, LINES, ClassStyle, canvas, headline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jetloom.evaluation.classification.flavours import Variable

LEAST_EFFICIENCY = 0.3


def draw_variable(
    path: Path, variable: Variable, classes: Sequence[ClassStyle], masks: Mapping[str, Any], weights: Any, label: str
) -> None:
    """Draw the shares of jets of each class by a variable, as steps with flow bins, logarithmic."""
    with canvas(path, (5.4, 4.4), 1, 1, headline(label, "outermost bins: all beyond")) as (figure, axes):
        del figure
        panel = axes[0, 0]
        for style in classes:
            edges, shares = with_flow(variable, masks[style.name], weights)
            panel.stairs(shares, edges, color=style.color, linestyle=style.line, label=style.title)
        panel.set_yscale("log")
        panel.set_xlabel(variable.name)
        panel.set_ylabel("Share of jets")
        panel.legend()


def draw_density(
    path: Path,
    one: Variable,
    other: Variable,
    classes: Sequence[ClassStyle],
    masks: Mapping[str, Any],
    label: str,
) -> None:
    """Draw the density of jets in two variables, a channel of red, green and blue for each of three classes."""
    import matplotlib.patches

    channels = [density(one, other, masks[style.name]).T for style in classes[:3]]
    image = np.stack([*channels, *[np.zeros_like(channels[0])] * (3 - len(channels))], axis=2)
    with canvas(path, (5.4, 4.6), 1, 1, headline(label, "logarithm of the number of jets")) as (figure, axes):
        del figure
        panel = axes[0, 0]
        extent = (one.low, one.high, other.low, other.high)
        panel.imshow(image, origin="lower", extent=extent, aspect="auto", interpolation="nearest")
        panel.set_xlabel(one.name)
        panel.set_ylabel(other.name)
        pure = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
        patches = [
            matplotlib.patches.Patch(color=color, label=style.title)
            for color, style in zip(pure, classes, strict=False)
        ]
        panel.legend(handles=patches, facecolor="white", frameon=True)
        assert image.shape == (EDGES - 1, EDGES - 1, 3)


def draw_rejections(
    path: Path, variables: Sequence[Variable], signal: Any, background: Any, weights: Any, titles: tuple[str, str],
    label: str,
) -> None:  # fmt: skip
    """Draw rejection against efficiency of each variable as a tagger, logarithmic."""
    with canvas(path, (5.4, 4.6), 1, 1, headline(label)) as (figure, axes):
        del figure
        panel = axes[0, 0]
        for place, variable in enumerate(variables):
            efficiency, rejected = rejection(variable, signal, background, weights)
            shown = (efficiency > LEAST_EFFICIENCY) & (efficiency < 1) & np.isfinite(rejected)
            style = {"color": COLORS[place % len(COLORS)], "linestyle": LINES[place % len(LINES)]}
            panel.plot(efficiency[shown], rejected[shown], label=variable.name, **style)
        panel.set_yscale("log")
        panel.set_xlabel(f"Efficiency for {titles[0]}")
        panel.set_ylabel(f"Rejection of {titles[1]}")
        panel.legend()
