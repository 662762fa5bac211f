"""Spectra of the classes before and after they were made alike, by matching or by weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.data.labels import UNLABELLED
from jetloom.evaluation.histogram import Histogram
from jetloom.plots.style import ClassStyle, canvas, headline, say, shared_legend, steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from jetloom.config.tasks import Weights
    from jetloom.data.dataset import Dataset

BINS = 30
SAMPLED = 100_000
"""Training jets from which the ranges of the axes are taken."""
MOST_VARIABLES = 3
EVENT = ("run_number", "event_number")


@dataclass(frozen=True)
class Spectrum:
    """A variable of the training part, one histogram a class."""

    title: str
    before: list[Histogram]
    """As the events are weighted, before jets were left out."""
    after: list[Histogram]
    """As the training weighs the jets that are left."""


def fill_spectra(dataset: Dataset, rule: Weights) -> list[Spectrum]:
    """Fill the variables that are matched or flattened; otherwise the first spectators, to see that they differ."""
    facts = dataset.description
    titles = {entry["column"]: entry["title"] for entry in (*facts["inputs"], *facts["spectators"])}
    shown = [entry["column"] for entry in facts["spectators"] if entry["column"] not in EVENT]
    names = rule.variables or shown[:MOST_VARIABLES]
    kept = (facts.get("matching") or {}).get("spectra", {})
    edges = {
        name: np.array(kept[name]["edges"]) if name in kept else found
        for name, found in zip(names, _edges(dataset, names), strict=True)
    }
    weight, classes = facts["views"][0]["weight"], range(len(dataset.classes))
    found = {name: Spectrum(titles.get(name, name), *([Histogram(edges[name]) for _ in classes] for _ in range(2)))
             for name in names}  # fmt: skip
    for rows in _training(dataset):
        for name, spectrum in found.items():
            for index in classes:
                chosen = rows[rows["label"] == index]
                spectrum.before[index].fill(chosen[name], chosen["event_weight"])
                spectrum.after[index].fill(chosen[name], chosen[weight])
    for name, entry in kept.items():
        for index in classes:
            found[name].before[index] = _stored(entry, index)
    return list(found.values())


def _stored(entry: dict[str, Any], index: int) -> Histogram:
    """Give the spectrum of a class before the matching, which is no longer in the dataset."""
    histogram = Histogram(np.array(entry["edges"]))
    histogram.sums, histogram.squares = np.array(entry["sums"][index]), np.array(entry["squares"][index])
    return histogram


def _training(dataset: Dataset) -> Iterator[npt.NDArray[np.void]]:
    view = dataset.view(dataset.description["views"][0]["fold"])
    for jets in view.blocks("train"):
        yield jets.rows[jets["label"] != UNLABELLED]


def _edges(dataset: Dataset, names: Sequence[str]) -> list[npt.NDArray[np.float64]]:
    sample, number = [], 0
    for rows in _training(dataset):
        sample.append(rows[list(names)])
        number += len(rows)
        if number >= SAMPLED:
            break
    edges = []
    for name in names:
        values = np.concatenate([rows[name] for rows in sample]).astype(np.float64)
        known = values[np.isfinite(values)]
        low, high = np.quantile(known, [0.001, 0.995]) if len(known) else (0.0, 1.0)
        edges.append(np.linspace(low, high if high > low else low + 1.0, BINS + 1))
    return edges


def draw_spectra(
    path: str | Path, spectra: Sequence[Spectrum], classes: Sequence[ClassStyle], reference: int, label: str, note: str
) -> None:
    """Draw each variable before and after, each class normalised to unit area, with the ratios to one class below.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    spectra : sequence of Spectrum
    classes : sequence of ClassStyle
    reference : int
        The class that the others are divided by.
    label, note : str
        Experiment's label and a note, for the line above.
    """
    rows = max(1, len(spectra))
    options: dict[str, Any] = {"gridspec_kw": {"height_ratios": [3, 1.3] * rows}, "sharex": False, "sharey": "row"}
    with canvas(path, (10.0, 5.4 * rows), 2 * rows, 2, headline(label, note), **options) as (figure, axes):
        for place, spectrum in enumerate(spectra):
            sides = {"Before, event weights": spectrum.before, "After, training weights": spectrum.after}
            for column, (side, histograms) in enumerate(sides.items()):
                upper, lower = axes[2 * place, column], axes[2 * place + 1, column]
                _spectrum(upper, lower, histograms, classes, reference)
                upper.set_title(side, loc="left")
                upper.tick_params(axis="x", labelbottom=False)
                lower.set_xlabel(spectrum.title)
            axes[2 * place, 0].set_ylabel("Share of jets per bin")
            axes[2 * place + 1, 0].set_ylabel(f"Ratio to\n{classes[reference].title}")
        if spectra:
            shared_legend(figure, axes[0, 0])
        else:
            for row in axes:
                for panel in row:
                    say(panel, "No variable is named")


def _spectrum(
    upper: Any, lower: Any, histograms: Sequence[Histogram], classes: Sequence[ClassStyle], reference: int
) -> None:
    edges = histograms[0].edges
    shares = []
    for style, histogram in zip(classes, histograms, strict=True):
        scale = 1.0 / max(float(histogram.sums.sum()), 1e-300)
        share, error = histogram.sums * scale, np.sqrt(histogram.squares) * scale
        shares.append((share, error))
        steps(upper, edges, share, error, color=style.color, linestyle=style.line, label=style.title)
    for style, (share, error) in zip(classes, shares, strict=True):
        # Where next to nothing is, a ratio says nothing.
        known = (shares[reference][0] > 0) & (error < 0.5 * share)
        base = np.where(known, shares[reference][0], np.nan)
        steps(lower, edges, share / base, error / base, color=style.color, linestyle=style.line, baseline=None)
    positive = np.concatenate([share[share > 0] for share, _ in shares] or [np.ones(1)])
    upper.set_yscale("log")
    if len(positive):
        upper.set_ylim(0.5 * positive.min(), 3.0 * positive.max())
    for panel in (upper, lower):
        panel.set_xlim(edges[0], edges[-1])
    lower.set_ylim(0.4, 1.6)
    lower.axhline(1.0, color="black", linewidth=0.8)
