"""What became of the jets: cut flow, losses, weights and split."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.cutflow import FOUND
from jetloom.io.atomic import write_text
from jetloom.plots.style import (
    GREY,
    ClassStyle,
    canvas,
    dataset_title,
    headline,
    sample_styles,
    say,
    shared_legend,
    steps,
)
from jetloom.plots.tables import page, paragraph, percent, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jetloom.evaluation.statistics.histogram import Histogram

Dataset = dict[str, Any]
Step = dict[str, Any]

TOGETHER = "All samples"
READ = {"stage": "dataset", "reason": "all samples together"}
"""How the step is called with which the dataset takes over the jets of the samples."""
CHAIN = (
    "What is left since the start counts from what was in the files, at every step. The dataset takes over the jets of "
    "all samples together, so its steps count from the sum of all samples."
)
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


def flows(dataset: Dataset) -> dict[str, list[Step]]:
    """Return the cut flow of each sample by title, and that of the dataset's own cuts, which no longer knows samples.

    Each step has a ``start`` besides what is stored: how many there were of its level before any cut. The dataset goes
    on with what all samples have left, so its steps start from the sum of the samples' starts.
    """
    found: dict[str, list[Step]] = {}
    together: dict[str, int] = defaultdict(int)
    for name, entry in dataset["samples"].items():
        first: dict[str, int] = {}
        title = entry.get("title") or name
        found[title] = [{**step, "start": first.setdefault(step["level"], step["before"])} for step in entry["counts"]]
        for level, number in first.items():
            together[level] += number
    # What the dataset reads is what the cuts of the samples have left, and no new start.
    own = [{**step, **READ} if step["reason"] == FOUND else step for step in dataset.get("counts", [])]
    if own:
        found[TOGETHER] = [{**step, "start": together.get(step["level"], step["before"])} for step in own]
    return found


def write_cut_flow(path: str | Path, dataset: Dataset) -> None:
    """Write the cut flow as an HTML table: one row a cut, with what it took away of which."""
    rows = []
    for sample, counts in flows(dataset).items():
        for step in counts:
            before, after = step["before"], step["after"]
            lost = before - after
            losses = [percent(lost, before), percent(after, step["start"])]
            rows.append([sample, step["stage"], step["level"], step["reason"], before, after, lost, *losses])
    heads = ["Sample", "Stage", "Of", "Cut", "Before", "After", "Lost", "Lost by this cut", "Left since the start"]
    skipped = [
        [entry.get("title") or name, str(file["file"]), str(file["reason"])]
        for name, entry in dataset["samples"].items()
        for file in entry.get("skipped", [])
    ]
    lost = table(["Sample", "File", "Reason"], skipped) if skipped else paragraph("No file was skipped.")
    title = f"Cut flow: {dataset_title(dataset['task'])}"
    write_text(path, page(title, paragraph(CHAIN), table(heads, rows), "<h3>Skipped files</h3>", lost))


def draw_cut_flow(path: str | Path, dataset: Dataset) -> None:
    """Draw which share of events, jets and constituents is left after each cut, a panel a level and a bar a sample."""
    levels: dict[str, dict[str, list[tuple[str, float]]]] = defaultdict(lambda: defaultdict(list))
    for sample, counts in flows(dataset).items():
        for step in counts:
            share = step["after"] / step["start"] if step["start"] else 0.0
            levels[step["level"]][f"{step['stage']}: {step['reason']}"].append((sample, share))
    colors = _flow_colors(dataset)
    heights = [max(1.0, sum(0.25 + 0.2 * len(bars) for bars in cuts.values())) for cuts in levels.values()]
    head = headline(dataset.get("label", ""), dataset_title(dataset["task"]))
    size = (8.5, 1.6 + 0.5 * len(heights) + sum(heights))
    ratios = {"height_ratios": heights} if heights else None
    with canvas(path, size, max(1, len(heights)), 1, head, sharex=True, gridspec_kw=ratios) as (figure, axes):
        if not levels:
            say(axes[0, 0], "Nothing was counted")
            return
        for panel, (level, cuts) in zip(axes[:, 0], levels.items(), strict=True):
            _flow_panel(panel, level, cuts, colors)
        axes[-1, 0].set_xlabel("Left of what was in the files [%]")
        _sample_legend(figure, colors)


def _flow_colors(dataset: Dataset) -> dict[str, str]:
    """Return the colour of each flow by title: that of the sample in all figures, grey for all samples together."""
    known, samples = list(dataset.get("sample_titles", [])), dataset["samples"]
    gone = [(name, samples[name].get("title") or name) for name in samples if name not in dict(known)]
    styles = sample_styles([*known, *gone])
    colors = {samples[name].get("title") or name: styles[name].color for name in samples}
    return colors | ({TOGETHER: GREY} if dataset.get("counts") else {})


def _flow_panel(
    axes: Any, level: str, cuts: Mapping[str, Sequence[tuple[str, float]]], colors: Mapping[str, str]
) -> None:
    place, ticks = 0.0, []
    for bars in cuts.values():
        middle = place + 0.4 * (len(bars) - 1)
        for sample, share in bars:
            axes.barh(place, 100 * share, height=0.7, color=colors[sample], alpha=0.85)
            axes.text(100 * share + 1.0, place, f"{100 * share:.1f}", va="center", fontsize="small", clip_on=False)
            place += 0.8
        ticks.append(middle)
        place += 0.6
    axes.set_yticks(ticks, list(cuts))
    axes.tick_params(axis="y", which="both", length=0)
    axes.minorticks_off()
    axes.set_ylim(place - 0.3, -0.8)
    axes.set_xlim(0, 112)
    axes.set_title(level.capitalize(), loc="left")


def _sample_legend(figure: Any, colors: Mapping[str, str]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=color, alpha=0.85, label=name) for name, color in colors.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)))


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


def write_summary(path: str | Path, classes: Sequence[ClassStyle], dataset: Dataset) -> None:
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
            table(["Input", "Column", "Expression"], inputs, "Inputs of the model"),
            *_oddities(dataset),
        ),
    )


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
