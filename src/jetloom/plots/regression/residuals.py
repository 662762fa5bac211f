"""A regression: predicted against true values, residuals, bias and resolution against the true value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.plots.by_class import draw_by_class
from jetloom.plots.style import COLORS, GREY, canvas, headline, say, shared_legend, stacked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.evaluation.regression.numbers import Plane, Profile
    from jetloom.evaluation.statistics.histogram import Distribution
    from jetloom.plots.style import ClassStyle


def draw_predicted(path: str | Path, shown: Plane, target: str, label: str = "") -> None:
    """Draw which share of the jets of a bin of the true value is predicted where.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    shown : Plane
    target : str
        Title of the variable.
    label : str
        Experiment's label.
    """
    with canvas(path, (6.6, 5.4), head=headline(label, "test part")) as (figure, axes):
        panel, share = axes[0, 0], np.ma.masked_less_equal(shown.share.T, 0.0)
        if share.mask.all():
            say(panel, "There is no jet to show")
            return
        # A true value that few jets have lies in one bin with all its share, and would take the colours to itself.
        peaks = shown.share.max(axis=1)
        highest = 1.5 * float(np.median(peaks[peaks > 0]))
        drawn = panel.pcolormesh(shown.edges, shown.edges, share, cmap="viridis", vmin=0.0, vmax=highest)
        ends = shown.edges[[0, -1]]
        panel.plot(ends, ends, "--", color=COLORS[1], linewidth=1.4, label="Predicted as it is")
        panel.set_xlim(*ends)
        panel.set_ylim(*ends)
        panel.set_xlabel(f"True {target}")
        panel.set_ylabel(f"Predicted {target}")
        figure.colorbar(drawn, ax=panel, label="Share of the jets of a true value", extend="max")
        shared_legend(figure, panel)


def draw_residuals(
    path: str | Path, classes: Sequence[ClassStyle], shown: Sequence[Distribution], target: str, label: str = ""
) -> None:
    """Draw predicted less true values of the jets of each class.

    Parameters
    ----------
    path, target, label
        As for :func:`draw_predicted`.
    classes : sequence of ClassStyle
    shown : sequence of Distribution
        One a class.
    """
    with canvas(path, (6.2, 4.8), head=headline(label, "test part")) as (figure, axes):
        panel = axes[0, 0]
        draw_by_class(panel, classes, shown)
        panel.axvline(0.0, color=GREY, linestyle=":", linewidth=1.0)
        panel.set_xlim(shown[0].edges[0], shown[0].edges[-1])
        panel.set_ylim(bottom=0.0)
        panel.set_xlabel(f"Predicted less true {target}")
        panel.set_ylabel("Density of jets")
        shared_legend(figure, panel)


def draw_resolution(path: str | Path, shown: Profile, target: str, label: str = "") -> None:
    """Draw the resolution in bins of the true value, and the bias beneath.

    Parameters
    ----------
    path, target, label
        As for :func:`draw_predicted`.
    shown : Profile
        A bin whose numbers mean nothing has no point.
    """
    with stacked(path, (6.2, 5.6), headline(label, "test part"), 1.4) as (_, upper, lower):
        _binned(upper, shown.edges, shown.resolution, shown.resolution_std)
        _binned(lower, shown.edges, shown.bias, shown.bias_std)
        lower.axhline(0.0, color=GREY, linestyle=":", linewidth=1.0)
        upper.set_ylabel(f"Resolution of {target}")
        upper.set_ylim(bottom=0.0)
        lower.set_ylabel("Bias")
        lower.set_xlabel(f"True {target}")
        lower.set_xlim(shown.edges[0], shown.edges[-1])


def _binned(axes: Any, edges: Any, values: Any, errors: Any) -> None:
    known = np.isfinite(values)
    if not known.any():
        say(axes, "No bin has jets enough")
        return
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    spread = np.where(np.isfinite(errors), errors, 0.0)
    axes.errorbar(middle[known], values[known], spread[known], half[known], fmt="o", color=COLORS[0], capsize=2)
