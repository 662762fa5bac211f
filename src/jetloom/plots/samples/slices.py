"""The spectrum of jets over all samples, with cross-section weights: slices that are merged badly show as steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom import paths
from jetloom.evaluation.statistics.histogram import Histogram
from jetloom.io.hdf5.tables import TableReader
from jetloom.plots.ratio_panel import mark_outside
from jetloom.plots.style import canvas, readable_logarithms, shared_legend, steps
from jetloom.samples.facts import read_facts
from jetloom.samples.normalisation import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.config.analysis import Analysis
    from jetloom.plots.dataset.inputs import Array, Floats
    from jetloom.plots.style import ClassStyle

BINS = 50
BLOCK_ROWS = 65_536
SUM = "#bbbbbb"


@dataclass(frozen=True)
class Spectrum:
    """The jets of a sample: sums of weights in pb, and numbers of jets."""

    weighted: Histogram
    plain: Histogram


def spectra(analysis: Analysis, variable: str = "pt") -> dict[str, Spectrum]:
    """Fill the spectrum of each sample that has this variable, from all its HDF5 files in blocks.

    The weight of a jet is generator weight x cross-section / sum of generator weights; 1 for recorded data.
    """
    files = {
        sample: [paths.hdf5_file(analysis, sample, name) for name in paths.source_files(analysis, sample)]
        for sample in analysis.samples
    }
    ends = _edges([path for each in files.values() for path in each], variable)
    return {sample: _spectrum(analysis, sample, each, variable, ends) for sample, each in files.items()}


def sliced_in(analysis: Analysis, given: str | None) -> tuple[str, str]:
    """Return the variable whose spectrum is drawn, and its title: pt of jets, of events the first energy."""
    if given not in (None, "pt"):
        return given or "", given or ""
    sample = next(iter(analysis.samples))
    with TableReader(paths.hdf5_file(analysis, sample, next(iter(paths.source_files(analysis, sample))))) as reader:
        names = reader.dtype("jets").names or ()
        if "pt" in names:
            return "pt", "Jet $p_T$ [GeV]"
        texts = [reader.attribute(key, dict[str, dict[str, str]])["jets"] for key in ("units", "titles")]
    name = next((name for name in names if texts[0].get(name) == "GeV"), names[-1])
    return name, texts[1].get(name, name)


def _spectrum(analysis: Analysis, sample: str, files: Sequence[Path], variable: str, ends: Floats) -> Spectrum:
    settings = analysis.samples[sample]
    found = Spectrum(Histogram(ends), Histogram(ends))
    for path in files:
        with TableReader(path) as reader:
            for block in reader.blocks("jets", BLOCK_ROWS):
                weight = np.ones(len(block)) if settings.is_data else block["mc_event_weight"].astype(np.float64)
                found.weighted.fill(block[variable], weight)
                found.plain.fill(block[variable])
    total = normalise(sample, settings, [read_facts(path) for path in files]).total
    factor = 1.0 if settings.is_data or not total else analysis.scale_of(sample) / total
    found.weighted.sums *= factor
    found.weighted.squares *= factor**2
    return found


def _edges(files: Sequence[Path], variable: str) -> Floats:
    """Choose bins of equal ratio from the lowest to the highest value there is."""
    low, high = np.inf, 0.0
    for path in files:
        with TableReader(path) as reader:
            for block in reader.blocks("jets", BLOCK_ROWS):
                values = block[variable][block[variable] > 0]
                if len(values):
                    low, high = min(low, float(values.min())), max(high, float(values.max()))
    if not high > 0:
        return np.array([1.0, 10.0])
    return np.geomspace(low, max(high, low * 1.01), BINS + 1)


def kinks(sums: Array, squares: Array) -> tuple[Floats, Floats]:
    """Return each bin over the geometric mean of its neighbours, and its uncertainty; NaN where one of them is empty.

    A smooth spectrum gives 1 within its curvature. Where slices meet with wrong weights, it jumps.
    """
    ratio = np.full(len(sums), np.nan)
    error = np.full(len(sums), np.nan)
    left, here, right = sums[:-2], sums[1:-1], sums[2:]
    good = (left > 0) & (here > 0) & (right > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = squares / sums**2
        ratio[1:-1] = np.where(good, here / np.sqrt(left * right), np.nan)
        error[1:-1] = ratio[1:-1] * np.sqrt(relative[1:-1] + 0.25 * (relative[:-2] + relative[2:]))
    return ratio, error


def draw_slices(path: Path, title: str, samples: Sequence[ClassStyle], found: Sequence[Spectrum], head: str) -> None:
    """Draw the spectra with weights and, to compare, without; below each the kinks of the sum."""
    with canvas(path, (11.0, 6.2), 2, 2, head, sharex=True, height_ratios=(3, 1)) as (figure, axes):
        for place, (name, unit) in enumerate((("weighted", "pb"), ("plain", "jets"))):
            upper, lower = axes[0, place], axes[1, place]
            histograms = [getattr(each, name) for each in found]
            ends = histograms[0].edges
            width = np.diff(ends)
            sums = np.sum([one.sums for one in histograms], axis=0)
            squares = np.sum([one.squares for one in histograms], axis=0)
            # Broad and pale, so that a sample that makes up nearly all of the sum does not hide it.
            upper.stairs(sums / width, ends, baseline=None, color=SUM, linewidth=5, label="Sum")
            for style, one in zip(samples, histograms, strict=True):
                steps(
                    upper, ends, one.sums / width, np.sqrt(one.squares) / width,
                    color=style.color, linestyle=style.line, label=style.title,
                )  # fmt: skip
            ratio, error = kinks(sums, squares)
            middle = np.sqrt(ends[1:] * ends[:-1])
            lower.errorbar(middle, ratio, error, fmt="o", color="black", markersize=3, linewidth=1)
            lower.axhline(1.0, color="#666666", linewidth=0.8)
            lower.set_ylim(0.5, 1.5)
            mark_outside(lower, middle, ratio)
            lower.set_xlabel(title)
            lower.set_ylabel("Sum / mean of\nits neighbours")
            upper.set_title("With cross-section weights" if name == "weighted" else "Without weights", loc="left")
            upper.set_ylabel(f"{unit} / GeV" if "GeV" in title else unit)
            _scales(upper, ends, [one.sums / width for one in histograms])
        shared_legend(figure, axes[0, 0])


def _scales(axes: Any, ends: Floats, densities: Sequence[Floats]) -> None:
    axes.set_xscale("log")
    axes.set_xlim(ends[0], ends[-1])
    readable_logarithms(axes.xaxis, ends)
    filled = np.concatenate(densities)
    positive = filled[filled > 0]
    if len(positive):
        axes.set_yscale("log")
        axes.set_ylim(max(0.3 * positive.min(), 1e-8 * positive.max()), 3.0 * positive.max())
