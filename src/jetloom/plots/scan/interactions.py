"""Pairs of parameters: the mean of the ranking metric for each pair of their values."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from jetloom.models.objectives.metric import Metrics
from jetloom.models.objectives.shipped import SHIPPED
from jetloom.plots.scan.points import MANY_VALUES, is_numeric, trained, value_text, varied
from jetloom.plots.style import canvas

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from jetloom.plots.scan.points import Frame


def draw_interaction(
    path: str | Path, points: Frame, pair: tuple[str, str], rank_by: str, head: str = "", metrics: Metrics = SHIPPED
) -> None:
    """Draw the mean of the ranking metric for each pair of values of two parameters; grey: no such point."""
    import seaborn as sns

    good = trained(points, rank_by)
    first, second = pair
    # In the order of the values, not of their names.
    columns, rows = (_groups(good[name]) for name in (first, second))
    cells = good.assign(_x=columns, _y=rows).pivot_table(index="_y", columns="_x", values=rank_by, observed=False)
    cells = cells.iloc[::-1].astype(float)
    size = (max(5.0, 2.4 + 0.85 * cells.shape[1]), max(3.6, 1.6 + 0.5 * cells.shape[0]))
    with canvas(path, size, head=head) as (_, axes):
        panel = axes[0, 0]
        panel.set_facecolor("#dddddd")
        cells.index.name, cells.columns.name = second, first
        sns.heatmap(
            cells,
            ax=panel,
            cmap="cividis" if metrics.direction(rank_by) == "higher" else "cividis_r",
            annot=cells.shape[1] <= 12,
            fmt=".4g",
            annot_kws={"fontsize": 9},
            linewidths=1,
            cbar_kws={"label": f"Mean {metrics.title(rank_by)}"},
        )
        plain_ticks(panel)


def plain_ticks(axes: Any) -> None:
    """Take tick marks off a table of colours and set its names upright."""
    axes.tick_params(which="both", length=0, top=False, right=False)
    axes.minorticks_off()
    axes.tick_params(axis="y", rotation=0)
    for text in axes.figure.axes[-1].get_yticklabels():
        text.set_fontsize("small")


def _groups(values: pd.Series) -> pd.Series:
    """Return the values as ordered names; many numbers are put together in bins of equally many points."""
    import pandas as pd

    if is_numeric(values) and values.nunique() > MANY_VALUES:
        bins = pd.qcut(values, 6, duplicates="drop")
        return bins.cat.rename_categories([f"{low.left:.3g} to {low.right:.3g}" for low in bins.cat.categories])
    order = sorted(values.unique()) if is_numeric(values) else sorted(values.unique(), key=str)
    names = list(dict.fromkeys(value_text(value) for value in order))
    return pd.Series(pd.Categorical(values.map(value_text), names, ordered=True), index=values.index)


def pairs(points: Frame, parameters: list[str], rank_by: str) -> list[tuple[str, str]]:
    """Return the pairs of parameters that both vary among the trained points."""
    return list(combinations(varied(trained(points, rank_by), parameters), 2))
