"""Callbacks of the user's own: found, and checked before any job."""

from __future__ import annotations

import inspect
import json

from jetloom.config.analysis import Analysis
from jetloom.config.tasks.callbacks import OwnCallback
from jetloom.config.tasks.task import Task
from jetloom.errors import ConfigurationError, near_misses
from jetloom.models.own import blamed, check_methods, own_class
from jetloom.models.registry import find_model
from jetloom.training.callbacks.callback import Callback


def check_callbacks(analysis: Analysis) -> None:
    """Make the callbacks of all tasks, so that a mistake in one is told before any job.

    Raises
    ------
    ConfigurationError, MissingFileError
        For the first mistake: file, line, class, and what is wrong.
    """
    for name, task in analysis.tasks.items():
        own_callbacks(task, f"tasks.{name}.")


def own_callbacks(task: Task, within: str = "") -> list[Callback]:
    """Make the callbacks of the user's own that a task names, in their order.

    Parameters
    ----------
    task : Task
    within : str
        The key under which the task stands, with a dot at its end.

    Raises
    ------
    ConfigurationError, MissingFileError
        If there is no such file or class, or it is no callback.
    """
    where, made = f"{within}training.callbacks", list[Callback]()
    model = find_model(task.model)
    if task.training.callbacks and model.trainer != "network":
        raise ConfigurationError(
            f"a '{task.model}' is not trained in epochs that a callback could look at",
            where=where,
            advice="take it out",
        )
    for place, entry in enumerate(task.training.callbacks):
        callback = _made(entry, f"{where}.{place}")
        if callback.name in [one.name for one in made]:
            raise ConfigurationError(
                f"two callbacks have the name '{callback.name}'", where=where, advice="give one of them a `name`"
            )
        known = model.epoch_metrics()
        if callback.monitor is not None and callback.monitor not in known:
            raise ConfigurationError(
                f"the model '{task.model}' has no metric '{callback.monitor}'",
                where=f"{where}.{place}",
                advice=near_misses(callback.monitor, known),
            )
        made.append(callback)
    return made


def _made(entry: OwnCallback, where: str) -> Callback:
    """Make a callback."""
    kind: type[Callback] = own_class(entry.use, Callback, "callback", where)
    check_methods(kind, Callback, "callback")
    given = entry.model_extra or {}
    known = inspect.signature(kind).parameters
    for name in given:
        if name not in known and not any(one.kind is one.VAR_KEYWORD for one in known.values()):
            raise ConfigurationError(
                f"'{entry.use}' takes no '{name}'", where=where, advice=near_misses(name, [*known, "use", "name"])
            )
    for name, parameter in known.items():
        if name not in given and parameter.default is parameter.empty and parameter.kind <= parameter.KEYWORD_ONLY:
            raise ConfigurationError(f"'{entry.use}' needs '{name}'", where=where, advice=f"{name}: ...")
    with blamed(kind, "cannot be made"):
        made = kind(**given)
    made.name = entry.name or made.name or kind.__name__
    with blamed(kind):
        json.dumps(made.state())
    return made
