"""Learning curves of the best points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.models.objectives.metric import Metrics
from jetloom.models.objectives.shipped import SHIPPED
from jetloom.plots.scan.points import BEST, nothing, trained
from jetloom.plots.style import canvas, say

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    Frame = pd.DataFrame


def curves(histories: Frame, rank_by: str) -> list[str]:
    """Return the metrics to draw: the validation loss and, if it is another one, the ranking metric by epoch."""
    # A metric of the test part has no history; the validation part's stands in for it.
    shown = rank_by.replace("eval_", "val_") if rank_by.startswith("eval_") else rank_by
    return [name for name in dict.fromkeys(["val_loss", shown]) if name in histories]


def draw_learning(
    path: str | Path, points: Frame, histories: Frame, rank_by: str, head: str = "", metrics: Metrics = SHIPPED
) -> None:
    """Draw loss and ranking metric by epoch for the best points: mean over the runs, band of one standard deviation.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    points : DataFrame
        One row a point, as in ``scan.csv``.
    histories : DataFrame
        One row a point, run and epoch, as in ``histories.csv``.
    rank_by : str
        Metric that ranks the points.
    head : str
        Line above the figure.
    metrics : Metrics
        With their titles.
    """
    import seaborn as sns
    from matplotlib.ticker import MaxNLocator

    best = trained(points, rank_by).sort_values("rank").head(BEST)
    ranks = {str(point): int(rank) for point, rank in zip(best["point"], best["rank"], strict=True)}
    chosen = histories[histories["point"].astype(str).isin(ranks)]
    names = curves(histories, rank_by) if len(chosen) else []
    with canvas(path, (5.2 * max(1, len(names)) + 1.6, 4.6), 1, max(1, len(names)), head) as (figure, axes):
        if not names:
            say(axes[0, 0], "There are no learning curves" if len(best) else nothing(points, rank_by, metrics))
            return
        order = [f"{ranks[point]}: {point[:8]}" for point in sorted(ranks, key=ranks.__getitem__)]
        shown = chosen.assign(name=[f"{ranks[str(p)]}: {str(p)[:8]}" for p in chosen["point"]])
        colors = dict(zip(order, sns.color_palette("viridis", len(order)), strict=True))
        for panel, name in zip(axes[0], names, strict=True):
            sns.lineplot(
                shown.reset_index(drop=True), x="epoch", y=name, hue="name", hue_order=order, palette=colors,
                errorbar="sd", ax=panel, legend=False, linewidth=1.2, err_kws={"linewidth": 0},
            )  # fmt: skip
            _front(panel, shown[shown["name"] == order[0]], name, colors[order[0]])
            if shown["epoch"].nunique() == 1:
                panel.set_xlim(shown["epoch"].min() - 0.9, shown["epoch"].max() + 0.9)
            panel.set_xlabel("Epoch")
            panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            panel.tick_params(axis="x", which="minor", length=0)
            panel.set_ylabel(metrics.title(name))
        _legend(figure, order, colors)


def _front(axes: Any, best: Frame, name: str, color: Any) -> None:
    """Draw the best point once more in bold, and its values on the training part in dashes."""
    mean = best.groupby("epoch")[[name]].mean()
    axes.plot(mean.index, mean[name], color=color, linewidth=3, marker="o" if len(mean) == 1 else None)
    bare = name.removeprefix("val_")
    if bare != name and bare in best and best[bare].notna().any():
        training = best.groupby("epoch")[bare].mean()
        axes.plot(training.index, training, color="black", linestyle="--", linewidth=1.4)


def _legend(figure: Any, order: list[str], colors: Any) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colors[name], linewidth=3 if place == 0 else 1.2, label=name)
        for place, name in enumerate(order)
    ]
    handles.append(Line2D([], [], color="black", linestyle="--", linewidth=1.4, label="1, training"))
    figure.legend(handles=handles, loc="outside right upper", title="Rank: point", fontsize="small")
