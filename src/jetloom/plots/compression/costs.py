"""What compressors need at the same bounds, and the response of decoded values in bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.plots.style import COLORS, GREY, MARKERS, canvas, headline, say, shared_legend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from jetloom.evaluation.compression.residuals import Curve, Response


def draw_curves(path: str | Path, curves: Sequence[Curve], label: str = "") -> None:
    """Draw distortion against rate: how far values lie off, in units of their bounds, for so many bits a value.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    curves : sequence of Curve
        One a method.
    label : str
        Experiment's label.
    """
    with canvas(path, (7.0, 5.2), head=headline(label, "all variables with a bound")) as (figure, axes):
        panel = axes[0, 0]
        if not curves:
            say(panel, "No variable has a bound: everything is bit for bit")
            return
        for place, curve in enumerate(curves):
            look = {"color": COLORS[place], "marker": MARKERS[place], "label": curve.method}
            panel.plot(curve.bits, curve.distortion, **look)
        panel.set_yscale("log")
        panel.set_xlim(0, 1.05 * max(float(curve.bits.max()) for curve in curves))
        panel.set_xlabel("Bits a value")
        panel.set_ylabel("Root mean square of residuals\nin units of the bounds that were asked for")
        shared_legend(figure, panel)


def draw_methods(path: str | Path, methods: Mapping[str, Mapping[str, Any]], label: str = "") -> None:
    """Draw the ratio of each method, and its time an entry there and back.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    methods : mapping
        By method ``ratio``, ``encoding_per_entry`` and ``decoding_per_entry`` (seconds), ``outside``.
    label : str
        Experiment's label.
    """
    names = sorted(methods, key=lambda name: -methods[name]["ratio"])
    place = np.arange(len(names))
    with canvas(path, (11.0, 0.55 * len(names) + 2.2), 1, 2, headline(label, "at the same bounds"), sharey=True) as (
        figure,
        axes,
    ):
        ratio, times = axes[0]
        ratio.barh(place, [methods[name]["ratio"] for name in names], color=COLORS[0], height=0.6)
        for one, name in zip(place, names, strict=True):
            outside = methods[name]["outside"]
            note = f" {methods[name]['ratio']:.2f}" + (f", {outside:,} outside of their bound" if outside else "")
            ratio.text(methods[name]["ratio"], one, note, va="center", fontsize="small")
        ratio.set_yticks(place, names)
        ratio.invert_yaxis()
        ratio.set_xlim(0, 1.6 * max(methods[name]["ratio"] for name in names))
        ratio.set_xlabel("Bytes in memory / bytes compressed")
        for key, shift, color in (("encoding", -0.15, COLORS[1]), ("decoding", 0.15, COLORS[2])):
            seconds = np.array([methods[name][f"{key}_per_entry"] for name in names])
            times.barh(place + shift, 1e6 * seconds, color=color, height=0.3, label=key.capitalize())
        times.set_xlim(0, 1.05 * times.get_xlim()[1])
        times.set_xlabel("Time an entry [microseconds]")
        for panel in (ratio, times):
            panel.minorticks_off()
        shared_legend(figure, times)


def draw_response(path: str | Path, shown: Sequence[Response], titles: Callable[[str], str], label: str = "") -> None:
    """Draw the mean and the width of decoded over original values in bins.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    shown : sequence of Response
    titles : callable
        Title of a variable, with its unit.
    label : str
        Experiment's label.
    """
    columns = max(1, len(shown))
    with canvas(path, (4.6 * columns, 6.0), 2, columns, headline(label, "response")) as (_, axes):
        if not shown:
            say(axes[0, 0], "Neither pt nor m has a bound")
            axes[1, 0].set_axis_off()
            return
        for place, one in enumerate(shown):
            _response(axes[0, place], axes[1, place], one, titles)


def _response(upper: Any, lower: Any, shown: Response, titles: Callable[[str], str]) -> None:
    centres, halves = (shown.edges[1:] + shown.edges[:-1]) / 2, np.diff(shown.edges) / 2
    name, against = titles(shown.name), titles(shown.against)
    look = {"fmt": "o", "color": COLORS[0], "markersize": 4, "linewidth": 1.0}
    upper.axhline(0, color=GREY, linewidth=0.8)
    upper.errorbar(centres, shown.mean - 1, shown.mean_error, halves, **look)
    lower.errorbar(centres, shown.sigma, shown.sigma_error, halves, **look)
    upper.set_title(name, fontsize="medium")
    upper.set_ylabel("Mean response - 1")
    lower.set_ylabel("Width of the response")
    lower.set_ylim(0, 1.3 * lower.get_ylim()[1])
    upper.set_xticklabels([])
    lower.set_xlabel(against)
    if shown.edges[0] > 0 and shown.edges[-1] > 10 * shown.edges[0]:
        for panel in (upper, lower):
            panel.set_xscale("log")
