"""What became of the jets: losses, weights and split."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.io.atomic import write_text
from jetloom.plots.style import (
    ClassStyle,
    canvas,
    dataset_title,
    headline,
    shared_legend,
    steps,
)
from jetloom.plots.tables import page, paragraph, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jetloom.evaluation.statistics.histogram import Histogram

Dataset = dict[str, Any]

YIELD_HEADS = (
    "Sample", "Normalised by", "Channels", "Share read", "Expected yield [pb]", "Found yield [pb]", "Jets [pb]",
    "Repeated events",
)  # fmt: skip
YIELDS = (
    "Expected: the cross-section, which is the yield of all events that were generated. Found: the yield of those that "
    "were read, before any cut; it is lower by what was taken away before the files were written. Jets: the sum of the "
    "event weights of the jets in the dataset. Normalised by: the sum of weights that is given, that of the files' own "
    "bookkeeping, or that of the events that were read; whatever was not read is not in it."
)
SAMPLE_HEADS = ("Sample", "Files", "Events", "Sum of generator weights", "Skipped files")


def draw_weights(
    path: str | Path,
    classes: Sequence[ClassStyle],
    panels: Mapping[str, Sequence[Histogram]],
    label: str = "",
    note: str = "",
) -> None:
    """Draw the distributions of weights by class.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    classes : sequence of ClassStyle
    panels : mapping of str to sequence of Histogram
        Title of each panel's axis, and its numbers of jets by class.
    """
    with canvas(path, (5.0 * len(panels), 4.4), 1, len(panels), headline(label, note)) as (figure, axes):
        for panel, (title, histograms) in zip(axes[0], panels.items(), strict=True):
            for style, histogram in zip(classes, histograms, strict=True):
                values, errors = histogram.sums, np.sqrt(histogram.squares)
                steps(
                    panel, histogram.edges, values, errors, color=style.color, linestyle=style.line, label=style.title
                )
            panel.set_yscale("log")
            top = max((float(histogram.sums.max()) for histogram in histograms), default=1.0)
            panel.set_ylim(0.5, max(10.0, 3 * top))
            panel.set_xlabel(title)
            panel.set_ylabel("Jets")
            panel.ticklabel_format(axis="x", scilimits=(-3, 4))
        shared_legend(figure, axes[0, 0])


def draw_split(path: str | Path, classes: Sequence[ClassStyle], dataset: Dataset) -> None:
    """Draw the composition of the parts: numbers of jets by class, and shares of the weights."""
    summary = dataset["summary"]
    parts = list(dict.fromkeys(row["part"] for row in summary))
    measures = {"Jets": "jets", "Sum of weights (training)": "sum_of_weights"}
    head = headline(dataset.get("label", ""), dataset_title(dataset["task"]))
    width = 0.8 / max(1, len(classes))
    with canvas(path, (10.0, 4.4), 1, 2, head) as (figure, axes):
        for panel, (title, key) in zip(axes[0], measures.items(), strict=True):
            for place, style in enumerate(classes):
                values = [_cell(summary, part, style.name, key) for part in parts]
                where = np.arange(len(parts)) + (place - (len(classes) - 1) / 2) * width
                # sqrt(N) of jets, sqrt(sum of w^2) of weights: both are the value over the root of what it counts as.
                counts = "jets" if key == "jets" else "effective_jets"
                errors = [
                    abs(value) / np.sqrt(number) if (number := _cell(summary, part, style.name, counts)) > 0 else 0.0
                    for value, part in zip(values, parts, strict=True)
                ]
                panel.bar(
                    where, values, 0.92 * width, yerr=errors, color=style.color, label=style.title, ecolor="black"
                )
            panel.set_xticks(range(len(parts)), parts)
            panel.tick_params(axis="x", which="both", length=0)
            panel.set_ylabel(title)
            panel.set_xlim(-0.6, len(parts) - 0.4)
        shared_legend(figure, axes[0, 0])


def _cell(summary: Sequence[Mapping[str, Any]], part: str, name: str, key: str) -> float:
    return float(sum(row[key] for row in summary if row["part"] == part and row["class"] == name))


def _fate(sample: Mapping[str, Any], dataset: Dataset, titles: Mapping[str, str]) -> str:
    """Say what became of a sample's jets of no class."""
    match dataset.get("unlabelled", "drop"):
        case "keep":
            return "kept, weight 0"
        case "majority":
            return titles.get(sample["majority"], sample["majority"])
        case _:
            return "dropped"


def _yields(name: str, sample: Mapping[str, Any]) -> list[Any]:
    """Return the row of a sample in the table of yields; recorded data has no cross-section."""
    facts = sample.get("normalisation") or {}
    channels = ", ".join(sample.get("channels") or {})
    return [
        *(sample.get("title") or name, facts.get("source", ""), channels, facts.get("share")),
        *(facts.get("expected"), facts.get("found"), sample.get("yield"), sample.get("repeated_events", 0)),
    ]


def write_summary(
    path: str | Path, classes: Sequence[ClassStyle], dataset: Dataset, batch_sizes: Sequence[int] = ()
) -> None:
    """Write weights and split as HTML: jets and sums of weights by part and class, then samples, inputs, classes."""
    titles = {style.name: style.title for style in classes}
    heads = [
        "Part",
        "Class",
        "Jets",
        "Sum of event weights",
        "Sum of training weights",
        "Jets of negative weight",
        "Effective jets",
    ]
    numbers = ("jets", "sum_of_event_weights", "sum_of_weights", "negative", "effective_jets")
    split = [
        [row["part"], titles.get(row["class"], row["class"]), *(row[key] for key in numbers)]
        for row in dataset["summary"]
    ]
    samples = [
        [
            *(entry.get("title") or name, entry["files"], entry["events"], entry["sum_of_weights"]),
            *(len(entry["skipped"]), entry.get("unlabelled", 0), _fate(entry, dataset, titles)),
        ]
        for name, entry in dataset["samples"].items()
    ]
    told = [
        paragraph(f"{entry.get('title') or name}: {warning}")
        for name, entry in dataset["samples"].items()
        for warning in entry.get("warnings", [])
    ]
    inputs = [[entry["title"], entry["column"], entry["expression"]] for entry in dataset["inputs"]]
    write_text(
        path,
        page(
            f"Weights and split: {dataset_title(dataset['task'])}",
            table(heads, split, "Split and weights"),
            table([*SAMPLE_HEADS, "Jets of no class", "What they become"], samples, "Samples"),
            table(YIELD_HEADS, [_yields(name, entry) for name, entry in dataset["samples"].items()], "Yields"),
            paragraph(YIELDS),
            *told,
            *([composition(dataset, titles, batch_sizes)] if batch_sizes else []),
            table(["Input", "Column", "Expression"], inputs, "Inputs of the model"),
            *_oddities(dataset),
        ),
    )


def composition(dataset: Dataset, titles: Mapping[str, str], sizes: Sequence[int]) -> str:
    """Return the table of what a batch holds: rows of each class, with their spread, and its share of the weights."""
    training = {Path(name).stem for name in dataset["views"][0]["train"]}
    extra = (dataset["views"][0].get("repetition") or {}).get("extra", {})
    entries = [row for row in dataset["summary"] if row["part"] in training]
    rows: Counter[str] = Counter()
    weights: Counter[str] = Counter()
    for entry in entries:
        rows[entry["class"]] += entry["jets"]
        weights[entry["class"]] += entry["sum_of_weights"]
    for name in rows:
        rows[name] += extra.get(name, 0)
    total, weight = max(sum(rows.values()), 1), sum(weights.values())
    lines = []
    for size in sizes:
        size = min(size, total)
        left = (total - size) / max(total - 1, 1)  # drawn without putting back
        for name, number in rows.items():
            share = number / total
            spread = math.sqrt(size * share * (1 - share) * left)
            cells = [
                f"{size * share:.1f} ± {spread:.1f}",
                f"{100 * share:.3g} %",
                f"{100 * weights[name] / weight:.3g} %",
            ]
            lines.append([size, titles.get(name, name), *cells])
    heads = ["Batch", "Class", "Rows in a batch", "Share of the rows", "Share of the weights"]
    return table(heads, lines, "Composition of batches")


def _oddities(dataset: Dataset) -> list[str]:
    """Return tables of what files lack, and of values of inputs that may be no measurements."""
    absent = [
        [entry.get("title") or name, variable, number, entry["files"]]
        for name, entry in dataset["samples"].items()
        for variable, number in entry.get("absent", {}).items()
    ]
    suspects = [
        [entry["column"], f"{entry['value']:.9g}", entry["jets"], f"{100 * entry['share']:.3g} %", entry["spreads"]]
        for entry in dataset["views"][0].get("suspects", [])
    ]
    shown = []
    if absent:
        shown.append(table(["Sample", "Variable", "Files without it", "Of"], absent, "What files lack"))
    if suspects:
        heads = ["Input", "Value", "Jets of the training part", "Share", "Spreads from the others"]
        shown.append(table(heads, suspects, "Values far from all others"))
    return shown
