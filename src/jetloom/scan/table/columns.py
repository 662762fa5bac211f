"""The columns of the table of a scan: parameters, metrics and bookkeeping, none of which shares one with another."""

from __future__ import annotations

from collections.abc import Iterable

from jetloom.errors import ConfigurationError
from jetloom.models.base import Model
from jetloom.models.objectives.shipped import SHIPPED
from jetloom.models.own import defined_at

BOOKKEEPING = (
    "rank", "point", "status", "reason", "round_epochs", "best_epoch", "repetitions", "attempts", "wall_time_s",
    "peak_memory_mb", "host", "run", "model",
)  # fmt: skip
"""What the table says of each point besides its parameters and metrics."""

HISTORY = ("point", "run", "epoch", "learning_rate", "batch_size", "seconds")
"""What the histories say of each epoch besides its metrics."""

STD = "_std"
"""What the name of a metric's spread over the trainings of a point ends with."""

PREFIX = "param__"
"""What a parameter's column begins with, as in Talos, where its own name is taken."""


def metric_columns(model: Model) -> list[str]:
    """Return the columns of a model's metrics: each one, and its spread over the trainings of a point."""
    return [column for name in model.point_metrics() for column in (name, name + STD)]


def reserved(model: Model) -> frozenset[str]:
    """Return the names that no parameter's column has: of bookkeeping, of the metrics of all models and of this one."""
    shipped = [column for name in SHIPPED.names for column in (name, name + STD)]
    return frozenset([*BOOKKEEPING, *shipped, *metric_columns(model)])


def parameter_columns(model: Model, parameters: Iterable[str]) -> dict[str, str]:
    """Return the column of each parameter: its name or, where that is reserved, the name after ``param__``."""
    names, taken = list(parameters), reserved(model)
    found = {name: name for name in names if name not in taken}
    for name in names:
        if name in taken:
            column = PREFIX + name
            while column in taken or column in found.values():
                column = PREFIX + column
            found[name] = column
    return {name: found[name] for name in names}


def check_columns(name: str, model: Model) -> None:
    """Refuse metrics of a user's own objective that would share a column with each other, or with what is not theirs.

    Raises
    ------
    ConfigurationError
        Names the metric, and the file and the line of an objective of the user's own.
    """
    metrics = metric_columns(model)
    history = [*HISTORY, *model.epoch_metrics()]
    taken = {
        column for columns in ([*BOOKKEEPING, *metrics], history) for column in columns if columns.count(column) > 1
    }
    parameters = model.parameters.model_fields
    for metric in model.objective.metrics:
        term, problem = metric.name, ""
        if not term.isidentifier() or taken & {
            part + term + end for part in ("", "val_", "eval_") for end in ("", STD)
        }:
            problem = f"its metric '{term}' would share a column of the table or of the history with something else"
        elif term in parameters:
            problem = f"its metric '{term}' has the name of a parameter"
        if problem:
            where, path = defined_at(type(model.objective), f"tasks.{name}.model")
            raise ConfigurationError(problem, path=path, where=where, advice="give the metric another name")
