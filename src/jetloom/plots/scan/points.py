"""The scan: its best points, and the ranking metric against the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.statistics.printed import measured
from jetloom.io.atomic import write_text
from jetloom.models.objectives.metric import Metrics
from jetloom.models.objectives.shipped import SHIPPED
from jetloom.plots.style import COLORS, GREY, canvas, say, say_beside, shared_legend
from jetloom.plots.tables import number, page, paragraph, plain, table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    Frame = pd.DataFrame

BEST = 10
EPOCHS = "round_epochs"
"""Column of the epochs that were trained; a parameter ``epochs`` is the most that may be."""

FIRST = ("val_auc", "val_loss", "val_accuracy", "eval_auc", "auc")
"""Metrics that stand first of those that are shown beside the ranking one."""

MANY_VALUES = 8
"""Numeric parameters with more values are drawn in bins where a table of values is needed."""


def is_numeric(values: pd.Series) -> bool:
    """Say whether a parameter is a number in all points (true and false are names, not numbers)."""
    return values.dtype.kind in "iuf" and bool(values.notna().all())


def measured_of(metrics: Metrics) -> list[str]:
    """Return the metrics that are shown beside the ranking one, of those that a scan has."""
    return list(dict.fromkeys([*FIRST, *(f"val_{name}" for name in metrics.known)]))


def varied(points: Frame, parameters: list[str]) -> list[str]:
    """Return the parameters that take more than one value."""
    return [name for name in parameters if points[name].astype(str).nunique() > 1]


def trained(points: Frame, rank_by: str) -> Frame:
    """Return the points that have the metric; diverged and failed ones have not."""
    return points[points[rank_by].notna()]


def over(points: Frame) -> Frame:
    """Return the points that were trained to their end, whatever their metrics mean."""
    return points[points["status"] == "trained"]


def without_value(points: Frame, rank_by: str, metrics: Metrics = SHIPPED) -> str:
    """Say of how many trained points the metric means nothing, and why, of the first; nothing if there are none."""
    doubted = over(points)[over(points)[rank_by].isna()]
    if not len(doubted):
        return ""
    reason = next((text for text in doubted.get("reason", []) if isinstance(text, str) and text), "")
    why = f": {reason}" if reason else ""
    return f"{metrics.title(rank_by)} means nothing for {len(doubted)} of the trained ones{why}. "


def best_rows(
    points: Frame, parameters: list[str], rank_by: str, metrics: Metrics = SHIPPED
) -> tuple[list[str], list[list[Any]]]:
    """Return heads and cells of the table of the best points."""
    # A density has no area under a ROC curve: its loss says what it does on data that had no say.
    test = [] if "eval_auc" in points.columns else ["eval_loss"]
    shown = list(dict.fromkeys([rank_by, *measured_of(metrics), *test]))
    shown = [name for name in shown if name in points.columns]
    heads = ["Rank", "Point", *parameters, *(metrics.title(name) for name in shown), "Epochs", "Trainings", "Time [s]"]
    rows = []
    for _, row in trained(points, rank_by).sort_values("rank").head(BEST).iterrows():
        cells = [int(row["rank"]), str(row["point"])[:8], *(value_text(row[name]) for name in parameters)]
        cells += [measured(row[name], row.get(f"{name}_std")) for name in shown]
        rows.append([*cells, *(number(row.get(name)) for name in (EPOCHS, "repetitions", "wall_time_s"))])
    return heads, rows


def write_best(
    path: str | Path, points: Frame, parameters: list[str], rank_by: str, metrics: Metrics = SHIPPED
) -> None:
    """Write the best points as an HTML table."""
    heads, rows = best_rows(points, parameters, rank_by, metrics)
    order = "highest" if metrics.direction(rank_by) == "higher" else "lowest"
    several = "repetitions" not in points or points["repetitions"].max() > 1
    spread = "mean ± standard deviation over the trainings of a point" if several else "each trained once, so without ±"
    good = len(over(points))
    text = (
        f"{len(points)} points, {good} trained, {len(points) - good} without result (diverged or failed). "
        f"{without_value(points, rank_by, metrics)}Ranked by {metrics.title(rank_by)}, {order} first; {spread}."
    )
    if rank_by.startswith("eval_"):
        text += " The test part has chosen the best point, so it no longer tests it: its value there is too good."
    write_text(path, page(f"The {len(rows)} best points", paragraph(text), table(heads, rows)))


def draw_best(
    path: str | Path, points: Frame, parameters: list[str], rank_by: str, head: str = "", metrics: Metrics = SHIPPED
) -> None:
    """Draw the table of the best points: rank, parameters that vary, the ranking metric, loss and test AUC."""
    heads, rows = best_rows(points, varied(points, parameters), rank_by, metrics)
    keep = [place for place, name in enumerate(heads) if name not in ("Trainings", metrics.title("val_accuracy"))]
    names = [heads[place].replace(" (", "\n(") for place in keep]
    cells = [[number(row[place]) for place in keep] for row in rows]
    # As they are read: the commands of formulas take no room.
    widths = [
        max(len(plain(line)) for line in [*name.split("\n"), *column]) + 2
        for name, *column in zip(names, *cells, strict=True)
    ]
    with canvas(path, (max(6.0, 0.095 * sum(widths)), 1.4 + 0.32 * len(rows)), head=head) as (_, axes):
        panel = axes[0, 0]
        if not rows:
            say(panel, nothing(points, rank_by, metrics))
            return
        panel.set_axis_off()
        shares = [width / sum(widths) for width in widths]
        drawn = panel.table(cells, colLabels=names, colWidths=shares, loc="center", cellLoc="right", bbox=[0, 0, 1, 1])
        drawn.auto_set_font_size(value=False)
        drawn.set_fontsize(10)
        for (line, _), cell in drawn.get_celld().items():
            cell.set_edgecolor("#dddddd")
            cell.set_facecolor("#e8f1f8" if line == 0 else "white")
            cell.set_height(cell.get_height() * (1.7 if line == 0 else 1.0))


def nothing(points: Frame, rank_by: str, metrics: Metrics = SHIPPED) -> str:
    """Say why no point has a value of a metric."""
    if not len(over(points)):
        return "No point was trained to the end"
    return (
        f"{metrics.title(rank_by)} means nothing for any of the {len(over(points))} trained points;\nscan.csv says why"
    )


def draw_parameter(
    path: str | Path, points: Frame, name: str, rank_by: str, head: str = "", metrics: Metrics = SHIPPED
) -> None:
    """Draw the ranking metric of all points against one parameter; points without a value lie on the lower edge."""
    good = trained(points, rank_by)
    lost = points[points[rank_by].isna()]
    with canvas(path, (6.5, 4.9), head=head) as (figure, axes):
        panel = axes[0, 0]
        if is_numeric(points[name]):
            position = {index: float(value) for index, value in points[name].items()}
            _numeric_axis(panel, points[name])
        else:
            names = sorted(points[name].map(value_text).unique())
            position = {index: float(names.index(value_text(value))) for index, value in points[name].items()}
            panel.set_xticks(range(len(names)), names, rotation=30 if max(map(len, names)) > 8 else 0)
            panel.tick_params(axis="x", which="minor", length=0)
            panel.set_xlim(-0.6, len(names) - 0.4)
        where = np.array([position[index] for index in good.index])
        values = good[rank_by].to_numpy(float)
        _points(panel, good, where, rank_by, spread=not is_numeric(points[name]))
        _typical(panel, where, values, boxes=not is_numeric(points[name]))
        if len(lost):
            edge = panel.get_xaxis_transform()
            beneath = [position[index] for index in lost.index]
            panel.plot(
                beneath,
                [0.03] * len(beneath),
                "x",
                color=COLORS[1],
                transform=edge,
                label=f"Without {metrics.title(rank_by)}",
            )
        if not len(good):
            say_beside(panel, [nothing(points, rank_by, metrics)])
        panel.set_xlabel(name)
        panel.set_ylabel(metrics.title(rank_by))
        panel.margins(y=0.12)
        shared_legend(figure, panel, 2)


def _numeric_axis(axes: Any, values: pd.Series) -> None:
    """Choose a logarithmic axis for what spans decades, and mark the values themselves where they are few."""
    low, high = float(values.min()), float(values.max())
    few = sorted(values.unique()) if values.nunique() <= MANY_VALUES else []
    logarithmic = low > 0 and high / low >= (10 if few else 30)
    if logarithmic:
        axes.set_xscale("log")
        axes.set_xlim(low / (high / low) ** 0.08, high * (high / low) ** 0.08)
    else:
        margin = 0.08 * (high - low) or max(1e-3, 0.1 * abs(high))
        axes.set_xlim(low - margin, high + margin)
    scale = np.log(few) if logarithmic else np.array(few, dtype=float)
    apart = np.diff(scale).min() / (scale[-1] - scale[0]) if len(few) > 1 else 1.0
    if few and apart > 0.06:
        axes.set_xticks(few, [value_text(value) for value in few])
        axes.tick_params(axis="x", which="minor", length=0)
        axes.set_xticks([], minor=True)


def _points(axes: Any, good: Frame, where: Any, rank_by: str, spread: bool) -> None:
    """Draw the points with the spread of their repetitions, the best one as a star."""
    if not len(good):
        return
    spreads = good[f"{rank_by}_std"].fillna(0.0).to_numpy(float) if f"{rank_by}_std" in good else np.zeros(len(good))
    # A point that was trained once has no spread, and not one of 0.
    errors, name = (spreads, "Point ± spread of trainings") if spreads.any() else (None, "Point, trained once")
    # Points of one name lie side by side in a fixed order, which no random numbers change.
    order = np.argsort(np.argsort(good["point"].to_numpy(str)))
    beside = where + (0.5 * ((order + 0.5) / len(good) - 0.5) if spread else 0.0)
    values = good[rank_by].to_numpy(float)
    axes.errorbar(beside, values, errors, fmt="o", color=COLORS[0], alpha=0.6, capsize=2, label=name)
    best = int(np.argmin(good["rank"].to_numpy()))
    look = {"markersize": 14, "color": COLORS[4], "markeredgecolor": "black", "zorder": 5}
    axes.plot(beside[best], values[best], "*", linestyle="none", label="Best point", **look)


def _typical(axes: Any, where: Any, values: Any, boxes: bool) -> None:
    """Draw the median and the central 68% of the points at each value, as a line with band or as boxes.

    Values with less than three points are left out: their points say all that there is to say.
    """
    places = np.unique(where)
    if len(places) > MANY_VALUES and not boxes:
        bins = np.unique(np.quantile(where, np.linspace(0, 1, 7)))
        member = np.clip(np.searchsorted(bins, where, side="right") - 1, 0, len(bins) - 2)
        groups = [(float(np.median(where[member == k])), values[member == k]) for k in np.unique(member)]
    else:
        groups = [(float(place), values[where == place]) for place in places]
    several = [(place, group) for place, group in groups if len(group) >= 3]
    if boxes:
        if several:
            axes.boxplot(
                [group for _, group in several],
                positions=[place for place, _ in several],
                widths=0.7,
                showfliers=False,
                manage_ticks=False,
                medianprops={"color": "black"},
                boxprops={"color": GREY},
            )
    elif len(several) > 1:
        # The line breaks where a value between two others has too few points.
        unknown = np.full(3, np.nan)
        at = np.array([place for place, _ in groups])
        quantiles = [np.quantile(group, [0.16, 0.5, 0.84]) if len(group) >= 3 else unknown for _, group in groups]
        low, middle, high = np.array(quantiles).T
        axes.plot(at, middle, color="black", linewidth=1.2, label="Median, central 68%")
        axes.fill_between(at, low, high, color=GREY, alpha=0.2, linewidth=0)


def value_text(value: Any) -> str:
    """Write a parameter's value: integers without a point, other numbers short, the rest as it stands."""
    if isinstance(value, bool | np.bool_ | str):
        return str(value)
    if value is None or value != value:
        return "none"
    return f"{value:.6g}"
