"""Figures of events as they count in data: stacked scores, and the significance of a signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jetloom.plots.style import canvas, headline, shared_legend

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.evaluation.classification.yields import Significance, Stacked
    from jetloom.plots.style import ClassStyle


def draw_stacked(
    path: Path, classes: Sequence[ClassStyle], place: int, found: Stacked, unit: str, label: str = ""
) -> None:
    """Draw the score of a class: all classes stacked, the smallest at the bottom, and the class itself as a line."""
    order = np.argsort(found.sums.sum(axis=1))
    with canvas(path, (6.6, 5.0), 1, 1, headline(label, "test part, scaled to all events")) as (figure, axes):
        panel, base = axes[0, 0], np.zeros(found.sums.shape[1])
        for index in order:
            top = base + np.maximum(found.sums[index], 0.0)
            style = classes[index]
            panel.stairs(top, found.edges, baseline=base, fill=True, color=style.color, label=style.title)
            base = top
        error = np.sqrt(found.squares.sum(axis=0))
        panel.stairs(base + error, found.edges, baseline=np.maximum(base - error, 0.0), fill=True, color="none",
                     hatch="////", edgecolor="#444444", linewidth=0)  # fmt: skip
        panel.stairs(
            found.sums[place], found.edges, color="black", linewidth=1.5, label=f"{classes[place].title} alone"
        )
        panel.set_yscale("log")
        positive = found.sums[found.sums > 0]
        low = float(positive.min()) if len(positive) else 0.1
        panel.set_ylim(max(low / 3, 1e-6 * max(base.max(), 1e-9)), 5 * max(float(base.max()), low))
        panel.set_xlim(0, 1)
        panel.set_xlabel(f"Score: {classes[place].title}")
        panel.set_ylabel(f"{unit} per bin")
        shared_legend(figure, panel)


def draw_significance(path: Path, found: Significance, name: str, title: str, label: str = "") -> None:
    """Draw the significance against one of the conditions, and the events that are behind it."""
    values = np.array([one[name] for one in found.values])
    order = np.argsort(values)
    with canvas(path, (6.6, 5.6), 2, 1, headline(label, "test part, scaled to all events"), sharex=True) as (_, axes):
        upper, lower = axes[0, 0], axes[1, 0]
        upper.plot(values[order], found.significance[order], "o-", color="black")
        upper.set_ylim(0, 1.15 * max(float(found.significance.max()), 1e-9))
        upper.set_ylabel("Expected significance")
        for events, text, color in (
            (found.signal_events, f"{title}", "#D55E00"), (found.background_events, "All others", "#444444"),
        ):  # fmt: skip
            lower.plot(values[order], events[order], "s-", color=color, label=text)
        lower.set_yscale("log")
        lower.set_ylabel("Events")
        lower.set_xlabel(name)
        lower.legend()
