"""Bins of the branchings: how the training part fills them, what lies beyond their ranges, and which are empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.data.fitting.binning import empty_bins
from jetloom.io.atomic import write_text
from jetloom.io.trees import BRANCHING_VARIABLES, MOMENTUM
from jetloom.physics.scaling import edges
from jetloom.plots.style import COLORS, canvas, headline
from jetloom.plots.tables import page, paragraph, percent, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TITLES = {
    "z": "$z$ of the softer daughter",
    "theta": r"$\theta$ of the softer daughter [rad]",
    "phi": r"$\phi$ of the softer daughter [rad]",
    "delta": r"$\delta$ of the harder daughter [rad]",
    "e": "Energy [GeV]",
    "m": "Mass [GeV]",
}
MOMENTUM_TITLES = {**TITLES, "theta": r"$\theta$ to the jet axis [rad]", "phi": r"$\phi$ around the jet axis [rad]"}


def draw_binning(path: str | Path, binning: Mapping[str, Any], most: float, label: str, note: str) -> None:
    """Draw the share of branchings in each bin, in the units of the variable; a panel each.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    binning : mapping
        As :func:`jetloom.data.fitting.binning.fit_binning` gives it.
    most : float
        Shares beyond a range above this are marked.
    label, note : str
        Experiment's label and a note, for the line above.
    """
    number = f"{binning['branchings']:,} branchings of the training part"
    with canvas(path, (10.0, 7.4), 2, 2, headline(label, note, number)) as (_, axes):
        for panel, name in zip(axes.flat, BRANCHING_VARIABLES, strict=True):
            _panel(panel, name, binning, most)
        for panel in axes[:, 0]:
            panel.set_ylabel("Share of branchings per bin [%]")


def _panel(panel: Any, name: str, binning: Mapping[str, Any], most: float) -> None:
    limits, entry = binning["branching"][name], binning["shares"][name]
    ends = edges(name, limits, binning["scaling"], binning["granularity"])
    counts, total = np.array(entry["counts"], np.float64), max(1, binning["branchings"])
    shares, errors = 100 * counts / total, 100 * np.sqrt(counts) / total
    if name != "phi":
        _logarithmic(panel, ends)
    panel.stairs(shares, ends, fill=True, color=COLORS[0], alpha=0.35)
    panel.stairs(shares, ends, color=COLORS[0])
    middles = np.sqrt(np.maximum(ends[1:] * ends[:-1], 1e-300)) if ends[0] > 0 else 0.5 * (ends[1:] + ends[:-1])
    panel.errorbar(middles, shares, errors, fmt="none", color=COLORS[0], linewidth=1.0)
    top = max(1.0, float(shares.max()))
    for index in empty_bins(dict(binning))[name]:
        panel.axvspan(ends[index], ends[index + 1], color=COLORS[1], alpha=0.25, hatch="//", linewidth=0)
        panel.text(middles[index], 0.5 * top, "empty", rotation=90, ha="center", va="center", fontsize="small")
    panel.set_ylim(0, 1.3 * top)
    panel.set_xlim(ends[0], ends[-1])
    panel.set_xlabel(TITLES[name])
    panel.set_title(
        _beyond(entry), loc="right", fontsize="small", color=COLORS[1] if _too_many(entry, most) else "#444444"
    )


def _logarithmic(panel: Any, ends: Any) -> None:
    """Return equal bins equal widths: a logarithmic axis, linear around 0 if the first edge is 0."""
    if ends[0] > 0:
        panel.set_xscale("log")
    else:
        panel.set_xscale("symlog", linthresh=float(ends[1]))


def _beyond(entry: Mapping[str, Any]) -> str:
    return f"beyond the range: {100 * entry['below']:.2g}% below, {100 * entry['above']:.2g}% above"


def _too_many(entry: Mapping[str, Any], most: float) -> bool:
    return bool(max(entry["below"], entry["above"]) > most)


def write_binning(path: str | Path, binning: Mapping[str, Any], most: float, title: str) -> None:
    """Write the ranges, what lies beyond them and the empty bins as an HTML table."""
    empty = empty_bins(dict(binning))
    branchings = []
    for name in BRANCHING_VARIABLES:
        entry, limits = binning["shares"][name], binning["branching"][name]
        remarks = [f"more than {100 * most:g}% beyond the range"] if _too_many(entry, most) else []
        remarks += [f"empty: {', '.join(map(str, empty[name]))}"] if empty[name] else []
        branchings.append([TITLES[name], *limits, *_percents(entry), "; ".join(remarks) or "none"])
    momenta = [
        [MOMENTUM_TITLES[name], *binning["momentum"][name], *_percents(binning["momentum_shares"][name])]
        for name in MOMENTUM
    ]
    ends = ["a", "Limit"] if binning["scaling"] == "log1p" else ["From", "To"]
    heads = ["Variable", *ends, "Below", "Above"]
    text = (
        f"{binning['granularity']} bins of each variable of a branching, scaling '{binning['scaling']}', "
        f"{binning['branchings']:,} branchings of the training part. What lies beyond a range is in the bin beside it. "
        "Momenta have no bins: beyond their range they scale to numbers below 0 or above 1."
    )
    settings = [[key, str(value)] for key, value in binning["trees"].items()]
    write_text(
        path,
        page(
            f"Bins of trees: {title}",
            paragraph(text),
            table([*heads, "Remarks"], branchings, "Branchings"),
            table(heads, momenta, "Momenta"),
            table(["Setting", "Value"], settings, "The trees were made with"),
        ),
    )


def _percents(entry: Mapping[str, Any]) -> list[str]:
    return [percent(entry[side], 1.0) for side in ("below", "above")]
