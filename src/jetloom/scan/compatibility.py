"""Checks of tasks that share a dataset: what their models need of it and of each other."""

from __future__ import annotations

from jetloom.config.analysis import Analysis
from jetloom.config.comparisons import Comparison
from jetloom.config.tasks.task import Task
from jetloom.data.block import BRANCHINGS
from jetloom.errors import ConfigurationError, near_misses
from jetloom.models.base import Model
from jetloom.models.own import blamed
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.models.updates import CONTROL, LOSS, streams_of
from jetloom.scan.collected import check_readers, check_target
from jetloom.scan.table.columns import HISTORY


def check_models(analysis: Analysis) -> None:
    """Check that each task gives its model what it needs, and that tasks fit which name each other.

    Raises
    ------
    ConfigurationError
        For the first that does not fit.
    """
    models = {name: find_model(task.model) for name, task in analysis.tasks.items()}
    check_readers(analysis, models)
    check_target(analysis, models)
    for name, task in analysis.tasks.items():
        _check_trees(analysis, name, task, models[name])
        _check_classes(name, task, models[name])
        _check_updates(name, task, models[name])
        _check_order(analysis, name, task, models[name])
        for label, unary in task.unaries.items():
            where = f"tasks.{name}.unaries.{label}"
            _require_density(where, unary, analysis.tasks[unary], models[unary], label)
        if task.start is not None:
            _check_start(f"tasks.{name}.start", task, analysis.tasks[task.start], models[name])
    for name, comparison in analysis.comparisons.items():
        _check_comparison(analysis, f"comparisons.{name}", comparison, models)


def _check_comparison(analysis: Analysis, where: str, comparison: Comparison, models: dict[str, Model]) -> None:
    for task_name in comparison.tasks:
        if models[task_name].objective.kind != "classifier":
            raise ConfigurationError(
                f"'{task_name}' is no classifier", where=f"{where}.tasks", advice="name density models in `ratios`"
            )
    first = analysis.tasks[comparison.tasks[0]]
    if comparison.variable not in first.spectators:
        raise ConfigurationError(
            f"'{comparison.variable}' is no spectator of '{comparison.tasks[0]}'",
            where=f"{where}.variable",
            advice=near_misses(comparison.variable, first.spectators),
        )
    if first.split.folds:
        raise ConfigurationError(
            "models are compared on one test part, and the best of each could be of another fold",
            where=where,
            advice=f"set tasks.{analysis.dataset_of(comparison.tasks[0])}.split.folds to 0",
        )
    labels = list(first.labels)
    for name, ratio in comparison.ratios.items():
        if len(labels) != 2:
            raise ConfigurationError(
                f"a likelihood ratio is of two classes, the labels are {len(labels)}", where=f"{where}.ratios"
            )
        for side, task_name, label in zip(
            ("background", "signal"), (ratio.background, ratio.signal), labels, strict=True
        ):
            place = f"{where}.ratios.{name}.{side}"
            _require_density(place, task_name, analysis.tasks[task_name], models[task_name], label)


def _check_trees(analysis: Analysis, name: str, task: Task, model: Model) -> None:
    if BRANCHINGS in model.reads and task.reads != "trees":
        owner = analysis.dataset_of(name)
        raise ConfigurationError(
            f"the model '{task.model}' reads trees, and the dataset has none",
            where=f"tasks.{name}",
            advice=f"set tasks.{owner}.reads to trees",
        )
    collection = analysis.trees.collection
    if task.reads == "trees" and collection not in analysis.conversion.slots:
        raise ConfigurationError(
            f"trees are made of '{collection}', which is not written",
            where=f"tasks.{name}.reads",
            advice=f"give it places: conversion.slots: {{{collection}: 100}}",
        )


def _check_classes(name: str, task: Task, model: Model) -> None:
    classes = task.classes or list(task.labels)
    if model.objective.kind == "classifier" and len(classes) < 2:
        raise ConfigurationError(
            f"'{task.model}' tells classes apart, and there is only '{classes[0]}'",
            where=f"tasks.{name}.{'classes' if task.classes else 'labels'}",
            advice="name a second class",
        )
    if model.objective.kind == "density" and task.unaries:
        raise ConfigurationError(
            "a density model starts from no other of each class",
            where=f"tasks.{name}.unaries",
            advice="set `start` to go on from one",
        )
    for key in (*task.parameters, *task.scan) if task.starts else ():
        if key in model.inherited:
            raise ConfigurationError(
                f"'{key}' is that of the densities it starts from",
                where=f"tasks.{name}.{'scan' if key in task.scan else 'parameters'}",
                advice=f"take it out, and set it for {' and '.join(task.starts.values())}",
            )
    missing = [label for label in task.labels if label not in task.unaries]
    if task.unaries and missing:
        raise ConfigurationError(f"class '{missing[0]}' has none", where=f"tasks.{name}.unaries")


def _check_updates(name: str, task: Task, model: Model) -> None:
    """Check that updates have the batches that they read, and the history a column for the loss of each."""
    if model.trainer != "network":
        if task.control is not None:
            raise ConfigurationError(
                f"a '{task.model}' is not trained against a control region",
                where=f"tasks.{name}.control",
                advice="take it out",
            )
        return
    settings = model.parameters.model_validate(resolve_parameters(model, task.first_point, f"tasks.{name}"))
    with blamed(type(model), "updates failed", "updates"):
        updates = model.updates(settings)
    reads = CONTROL in streams_of(updates)
    if reads != (task.control is not None):
        raise ConfigurationError(
            f"the updates of '{task.model}' read the batches of a control region, and the task names none"
            if reads
            else f"no update of '{task.model}' reads the batches of a control region",
            where=f"tasks.{name}.control",
            advice="name the task that owns its dataset" if reads else "take it out",
        )
    columns = [*HISTORY, *model.epoch_metrics(), *model.loss_columns(settings)]
    for update in updates:
        if columns.count(LOSS + update.name) > 1:
            raise ConfigurationError(
                f"two columns of the history of '{task.model}' would be '{LOSS}{update.name}'",
                where=f"tasks.{name}.model",
                advice=f"give the update '{update.name}' another name",
            )


def _check_order(analysis: Analysis, name: str, task: Task, model: Model) -> None:
    """Check the classes of a model that knows its own, and those of its control region: both by name and order."""
    owners = [(analysis.dataset_of(name), model.classes)]
    owners += [] if task.control is None else [(analysis.dataset_of(task.control), model.control_classes)]
    found = {owner: tuple(analysis.tasks[owner].labels) for owner, _ in owners}
    for owner, wanted in owners:
        if wanted and found[owner] != wanted:
            swapped = [found[one] for one, _ in owners] == [theirs for _, theirs in reversed(owners)]
            raise ConfigurationError(
                f"its classes are {', '.join(found[owner])} where a '{task.model}' needs {', '.join(wanted)}",
                where=f"tasks.{owner}.labels",
                advice="the task and its control region are swapped" if swapped else "name them so, in this order",
            )


def _check_start(where: str, task: Task, start: Task, model: Model) -> None:
    """Check that a model can go on from another, which is of its kind and has learnt its classes."""
    if not model.can_continue:
        raise ConfigurationError(f"a '{task.model}' goes on from no other model", where=where, advice="take it out")
    if start.model != task.model:
        raise ConfigurationError(f"'{task.start}' is a '{start.model}', not a '{task.model}'", where=where)
    learnt = start.classes or list(start.labels)
    for label in task.classes or task.labels:
        if label not in learnt:
            raise ConfigurationError(f"'{task.start}' has not learnt {label}", where=where)


def _require_density(where: str, name: str, task: Task, model: Model, label: str) -> None:
    """Require that a task learns the density of one class and nothing else."""
    if model.objective.kind != "density":
        raise ConfigurationError(f"the model of '{name}' is no density of jets", where=where)
    learnt = task.classes or list(task.labels)
    if learnt != [label]:
        raise ConfigurationError(
            f"'{name}' learns {' and '.join(learnt)} where {label} is needed",
            where=where,
            advice=f"set tasks.{name}.classes to [{label}]",
        )
