"""The cut flow: how many events and jets each step of the samples and of the dataset left."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from jetloom.cutflow import FOUND
from jetloom.io.atomic import write_text
from jetloom.plots.style import (
    GREY,
    canvas,
    dataset_title,
    headline,
    sample_styles,
    say,
)
from jetloom.plots.tables import page, paragraph, percent, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


Dataset = dict[str, Any]
Step = dict[str, Any]

TOGETHER = "All samples"
READ = {"stage": "dataset", "reason": "all samples together"}
"""How the step is called with which the dataset takes over the jets of the samples."""
CHAIN = (
    "What is left since the start counts from what was in the files, at every step. The dataset takes over the jets of "
    "all samples together, so its steps count from the sum of all samples."
)


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
