"""The metric that ranks the points of a scan, and whether a task's model has the metrics that its settings name."""

from __future__ import annotations

from jetloom.config.analysis import Analysis
from jetloom.config.tasks.task import Task
from jetloom.errors import ConfigurationError, near_misses
from jetloom.models.registry import find_model
from jetloom.scan.table.columns import check_columns


def criterion(task: Task) -> str:
    """Return the metric that ranks the points of a task: that of its search, or the model's own."""
    return task.search.rank_by or find_model(task.model).objective.ranked_by


def chosen_by_the_test(analysis: Analysis) -> list[str]:
    """Return a warning for each task whose points are ranked on the test part."""
    return [
        f"tasks.{name}.search.rank_by: {metric}: the test part chooses the best point, so it no longer tests it"
        for name, task in analysis.tasks.items()
        if (metric := criterion(task)).startswith("eval_")
    ]


def check_metrics(name: str, task: Task) -> None:
    """Refuse metrics that the model of a task does not have.

    Raises
    ------
    ConfigurationError
        If it ranks points, stops, chooses or lowers a learning rate by one, as a density model by ``val_auc``; or if
        a metric of its objective cannot have a column of its own.
    """
    model, training = find_model(task.model), task.training
    check_columns(name, model)
    named: dict[str, str | None] = {"search.rank_by": task.search.rank_by}
    named["training.select.monitor"] = training.select.monitor
    for key in ("early_stopping", "reduce_learning_rate"):
        if (settings := getattr(training, key)) is not None:
            named[f"training.{key}.monitor"] = settings.monitor
    if training.gate is not None:
        named["training.gate.metric"] = training.gate.metric
    for key, metric in named.items():
        known = model.point_metrics() if key == "search.rank_by" else model.epoch_metrics()
        if metric is not None and metric not in known:
            raise ConfigurationError(
                f"the model '{task.model}' has no metric '{metric}'",
                where=f"tasks.{name}.{key}",
                advice=near_misses(metric, known),
            )
