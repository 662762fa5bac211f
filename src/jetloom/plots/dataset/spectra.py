"""Spectra of the classes before and after they were made alike, by matching or by weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.data.building.labels import UNLABELLED
from jetloom.data.fitting.spectra import SEEDS, WIDE, bulk_edges, finer_edges
from jetloom.evaluation.statistics.histogram import Histogram
from jetloom.plots.style import GREY, ClassStyle, canvas, headline, plain_logarithms, say, shared_legend, steps, unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from jetloom.config.tasks.weights import Weights
    from jetloom.data.dataset import Dataset

    Floats = npt.NDArray[np.float64]

SAMPLED = 100_000
"""Training jets from which the ranges of the axes are taken."""
MOST_VARIABLES = 3
EVENT = ("run_number", "event_number")
SEED_TITLES = dict(zip(SEEDS, ("Energy of the tree [GeV]", "Mass of the tree [GeV]"), strict=True))
LARGE = 3.0
"""Ratios beyond this factor from 1 are drawn on a logarithmic axis."""
MOST = 30.0
"""The largest factor from 1 that such an axis shows."""


@dataclass(frozen=True)
class Spectrum:
    """A variable of the training part, one histogram a class."""

    title: str
    before: list[Histogram]
    """As the events are weighted, before jets were left out."""
    after: list[Histogram]
    """As the training weighs the jets that are left."""
    alike: Floats
    """Edges of the bins in which the classes were made alike, among those of the histograms; none if they were not."""


def fill_spectra(dataset: Dataset, rule: Weights) -> list[Spectrum]:
    """Fill the variables that are matched or flattened; otherwise the first spectators, to see that they differ."""
    facts = dataset.description
    shown = [entry["column"] for entry in facts["spectators"] if entry["column"] not in EVENT]
    titles = {entry["column"]: entry["title"] for entry in (*facts["inputs"], *facts["spectators"])}
    return _fill(dataset, {name: titles.get(name, name) for name in rule.variables or shown[:MOST_VARIABLES]})


def fill_seeds(dataset: Dataset) -> list[Spectrum]:
    """Fill the energies and masses of the trees, which densities of trees take as given."""
    return _fill(dataset, SEED_TITLES)


def _fill(dataset: Dataset, titles: dict[str, str]) -> list[Spectrum]:
    facts, names = dataset.description, list(titles)
    kept = (facts.get("matching") or {}).get("spectra", {})
    edges = _edges(dataset, names)
    weight, classes = facts["views"][0]["weight"], range(len(dataset.classes))
    found = {}
    for name, title in titles.items():
        before, after = ([Histogram(edges[name]) for _ in classes] for _ in range(2))
        found[name] = Spectrum(title, before, after, _alike(facts, name, edges[name]))
    for rows in _training(dataset):
        for index in classes:
            own = rows["label"] == index
            for name, spectrum in found.items():
                spectrum.before[index].fill(rows[name][own], rows["event_weight"][own])
                spectrum.after[index].fill(rows[name][own], rows[weight][own])
    for name in set(kept) & set(names):
        for index in classes:
            found[name].before[index] = _stored(kept[name], index)
    return list(found.values())


def _alike(facts: dict[str, Any], name: str, edges: Floats) -> Floats:
    """Return the edges of the bins in which the classes were made alike."""
    inner = (facts.get("matching") or {}).get("edges", {}).get(name)
    if inner is None:
        inner = facts["views"][0].get("flattening", {}).get(name, [])[1:-1]
    # A dataset of an earlier version has spectra in other bins.
    if not len(inner) or not np.isin(inner, edges).all():
        return np.zeros(0)
    return np.unique([edges[0], *inner, edges[-1]])


def _stored(entry: dict[str, Any], index: int) -> Histogram:
    """Return the spectrum of a class before the matching, which is no longer in the dataset."""
    histogram = Histogram(np.array(entry["edges"]))
    histogram.sums, histogram.squares = np.array(entry["sums"][index]), np.array(entry["squares"][index])
    return histogram


def _training(dataset: Dataset) -> Iterator[npt.NDArray[np.void]]:
    view = dataset.view(dataset.description["views"][0]["fold"])
    for rows in view.jet_rows("train"):
        yield rows[rows["label"] != UNLABELLED]


def _edges(dataset: Dataset, names: Sequence[str]) -> dict[str, Floats]:
    """Return the bins of some variables: those of what was kept, those of the flattening, or equal ones."""
    facts = dataset.description
    kept = (facts.get("matching") or {}).get("spectra", {})
    flattening = facts["views"][0].get("flattening", {})
    edges = {name: np.array(kept[name]["edges"]) for name in names if name in kept}
    for name in set(flattening) & set(names):
        low, *inner, high = flattening[name]
        edges[name] = finer_edges(inner, low, high)
    others = [name for name in names if name not in edges]
    return edges | (_bulk(dataset, others) if others else {})


def _bulk(dataset: Dataset, names: list[str]) -> dict[str, Floats]:
    sample, number = [], 0
    for rows in _training(dataset):
        sample.append(rows[names])
        number += len(rows)
        if number >= SAMPLED:
            break
    edges = {}
    for name in names:
        values = np.concatenate([rows[name] for rows in sample]).astype(np.float64)
        known = values[np.isfinite(values)]
        low, high = np.quantile(known, [0.001, 0.995]) if len(known) else (0.0, 1.0)
        edges[name] = bulk_edges(float(low), float(high))
    return edges


def draw_spectra(
    path: str | Path, spectra: Sequence[Spectrum], classes: Sequence[ClassStyle], reference: int, label: str, note: str
) -> None:
    """Draw each variable before and after, each class normalised to unit area, with the ratios to one class below.

    Where the classes were made alike in bins, the ratios are drawn in these, and as points in the finer bins as well.

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
    options: dict[str, Any] = {"gridspec_kw": {"height_ratios": [3, 1.3] * rows}}
    with canvas(path, (10.0, 5.4 * rows), 2 * rows, 2, headline(label, note), **options) as (figure, axes):
        for place, spectrum in enumerate(spectra):
            sides = {"Before, event weights": spectrum.before, "After, training weights": spectrum.after}
            for column, (side, histograms) in enumerate(sides.items()):
                upper, lower = axes[2 * place, column], axes[2 * place + 1, column]
                _densities(upper, histograms, classes)
                upper.set_ylim(_heights([*spectrum.before, *spectrum.after]))
                _ratios(lower, histograms, spectrum.alike, classes, reference)
                _finish((upper, lower), histograms[0].edges, spectrum.alike)
                upper.set_title(side, loc="left")
                lower.set_xlabel(spectrum.title)
            axes[2 * place, 0].set_ylabel(f"Share of jets / {unit(spectrum.title) or 'unit'}")
            axes[2 * place + 1, 0].set_ylabel(f"Ratio to\n{classes[reference].title}")
        if spectra:
            _legend(figure, axes[0, 0], any(len(spectrum.alike) for spectrum in spectra))
        else:
            for row in axes:
                for panel in row:
                    say(panel, "No variable is named")


def _densities(panel: Any, histograms: Sequence[Histogram], classes: Sequence[ClassStyle]) -> None:
    for style, histogram in zip(classes, histograms, strict=True):
        share, error = _shares(histogram.sums, histogram.squares)
        widths = np.diff(histogram.edges)
        look = {"color": style.color, "linestyle": style.line, "label": style.title}
        steps(panel, histogram.edges, share / widths, error / widths, **look)
    panel.set_yscale("log")


def _heights(histograms: Sequence[Histogram]) -> tuple[float, float]:
    """Return the ends of an axis for the densities on both sides."""
    densities = [_shares(histogram.sums, histogram.squares)[0] / np.diff(histogram.edges) for histogram in histograms]
    positive = np.concatenate([density[density > 0] for density in densities])
    return (0.5 * float(positive.min()), 3.0 * float(positive.max())) if len(positive) else (0.1, 1.0)


def _shares(sums: Floats, squares: Floats) -> tuple[Floats, Floats]:
    """Return the shares of jets in bins, and their uncertainties."""
    scale = 1.0 / max(float(sums.sum()), 1e-300)
    return sums * scale, np.sqrt(squares) * scale


def _ratios(
    panel: Any, histograms: Sequence[Histogram], alike: Floats, classes: Sequence[ClassStyle], reference: int
) -> None:
    """Draw the ratios to one class, in the bins in which the classes were made alike if there are some."""
    edges = histograms[0].edges
    ends = alike if len(alike) else edges
    first = np.searchsorted(edges, ends[:-1])
    coarse = [_shares(*(np.add.reduceat(v, first) for v in (h.sums, h.squares))) for h in histograms]
    fine = [_shares(h.sums, h.squares) for h in histograms]
    seen = [np.ones(1)]
    for index, style in enumerate(classes):
        ratio, error = _ratio(coarse[index], coarse[reference])
        steps(panel, ends, ratio, error, color=style.color, linestyle=style.line, baseline=None)
        seen += [ratio - error, ratio + error]
        if len(alike) and index != reference:
            ratio, error = _ratio(fine[index], fine[reference])
            look = {"fmt": "o", "markersize": 2.5, "linewidth": 0.8, "alpha": 0.7, "color": style.color}
            panel.errorbar(0.5 * (edges[1:] + edges[:-1]), ratio, error, **look)
            seen.append(ratio)
    _ratio_axis(panel, np.concatenate(seen))
    panel.axhline(1.0, color="black", linewidth=0.8)


def _ratio(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return the ratio of shares, and the uncertainty that comes from the numerator."""
    # Where next to nothing is, a ratio says nothing.
    known = np.all([(error < 0.5 * share) & (share > 0) for share, error in (one, other)], axis=0)
    base = np.where(known, other[0], np.nan)
    return one[0] / base, one[1] / base


def _ratio_axis(panel: Any, seen: Floats) -> None:
    """Let an axis hold some ratios, one of them 1; a logarithmic one if they are far from 1."""
    known = seen[np.isfinite(seen) & (seen > 0)]
    low, high = float(known.min()), float(known.max())
    if max(high, 1.0 / low) < LARGE:
        reach = max(0.15, 1.1 * (high - 1.0), 1.1 * (1.0 - low))
        panel.set_ylim(max(0.0, 1.0 - reach), 1.0 + reach)
        return
    panel.set_yscale("log")
    plain_logarithms(panel.yaxis)
    panel.set_ylim(max(1.0 / MOST, low / 1.3), min(MOST, 1.3 * high))


def _finish(panels: tuple[Any, Any], edges: Floats, alike: Floats) -> None:
    """Set the horizontal axis of a pair of panels, and mark the bins in which the classes were made alike."""
    for panel in panels:
        if edges[0] > 0 and edges[-1] / edges[0] > WIDE:
            panel.set_xscale("log")
            plain_logarithms(panel.xaxis)
        panel.set_xlim(edges[0], edges[-1])
        for edge in alike[1:-1]:
            panel.axvline(edge, color=GREY, linestyle=":", linewidth=0.6)
    panels[0].tick_params(axis="x", labelbottom=False)


def _legend(figure: Any, panel: Any, alike: bool) -> None:
    if alike:
        panel.plot([], [], ":", color=GREY, linewidth=0.8, label="Bins in which they were made alike")
        panel.plot([], [], "o", color=GREY, markersize=3, label="Ratio in finer bins")
    shared_legend(figure, panel)
