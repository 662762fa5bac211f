"""The stages of the workflow: one row a rule. Requests, ledgers, ``doctor`` and advice follow from this table.

A test holds it to the rules: a rule without a row here, or a row without a rule, fails it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from jetloom.config.analysis import Analysis
from jetloom.models.registry import find_model
from jetloom.paths import shown_collections

Request = Literal["simulate", "convert", "dataset", "train", "evaluate", "plot"]
NO_TASK = ""
"""Stands for the task of a stage that belongs to none."""


@dataclass(frozen=True)
class Stage:
    """A rule of the workflow."""

    rule: str
    """Its name, which is also that of its log's and its ledger's directory."""
    request: Request
    """The key of ``cluster.stages`` that holds its first request."""
    tasks: Callable[[Analysis], Iterable[str]]
    """The tasks of an analysis that it has jobs for; one :data:`NO_TASK` if it has jobs that belong to no task."""


def _always(_analysis: Analysis) -> list[str]:
    return [NO_TASK]


def _if(needed: object) -> list[str]:
    return [NO_TASK] if needed else []


def _simulated(analysis: Analysis) -> list[str]:
    return _if(any(sample.simulate is not None for sample in analysis.samples.values()))


def _prepared(analysis: Analysis) -> list[str]:
    return _if(any(sample.prepare is not None for sample in analysis.samples.values()))


def _by_ntuples(analysis: Analysis) -> list[str]:
    return _if(analysis.conversion.route != "direct")


def _with_trees(analysis: Analysis) -> list[str]:
    return _if(_owners_of_trees(analysis))


def _drawn(analysis: Analysis) -> list[str]:
    return _if(shown_collections(analysis))


def _every_task(analysis: Analysis) -> list[str]:
    return list(analysis.tasks)


def _if_tasks(analysis: Analysis) -> list[str]:
    return _if(analysis.tasks)


def _owners(analysis: Analysis) -> list[str]:
    return list(dict.fromkeys(analysis.dataset_of(task) for task in analysis.tasks))


def _owners_of_trees(analysis: Analysis) -> list[str]:
    return [task for task in _owners(analysis) if analysis.tasks[task].reads == "trees"]


def tasks_with(analysis: Analysis, objective: str) -> list[str]:
    """Return the tasks whose model has an objective of a kind, as ``classifier`` or ``density``."""
    return [name for name, task in analysis.tasks.items() if find_model(task.model).objective.kind == objective]


def _classifiers(analysis: Analysis) -> list[str]:
    return tasks_with(analysis, "classifier")


def _densities(analysis: Analysis) -> list[str]:
    return tasks_with(analysis, "density")


def sampled_tasks(analysis: Analysis) -> list[str]:
    """Return the tasks from whose best model jets are drawn."""
    return [name for name, task in analysis.tasks.items() if task.model == "junipr" and task.sampled]


def _regressions(analysis: Analysis) -> list[str]:
    return tasks_with(analysis, "regression")


def tasks_with_page(analysis: Analysis) -> list[str]:
    """Return the tasks whose best model is evaluated on a page of the report: those of an objective that has one."""
    return [*_classifiers(analysis), *_densities(analysis), *_regressions(analysis)]


def exported_tasks(analysis: Analysis) -> list[str]:
    """Return the tasks whose best network is exported for other programs."""
    return [name for name, task in analysis.tasks.items() if task.export]


def tasks_with_flavours(analysis: Analysis) -> list[str]:
    """Return the classifiers beside which single variables are drawn."""
    return [name for name in tasks_with(analysis, "classifier") if analysis.tasks[name].flavours is not None]


def tasks_with_region(analysis: Analysis) -> list[str]:
    """Return the tasks whose trainings keep what they say of the control region in each epoch."""
    return [name for name, task in analysis.tasks.items() if find_model(task.model).objective.of_control]


def applied_tasks(analysis: Analysis) -> list[str]:
    """Return the tasks whose best model is applied to files."""
    return [name for name, task in analysis.tasks.items() if task.apply.samples]


def _compared(analysis: Analysis) -> list[str]:
    return _if(analysis.comparisons)


def _compressed(analysis: Analysis) -> list[str]:
    return _if(analysis.compressions)


def reweighted(analysis: Analysis) -> list[tuple[str, str]]:
    """Return the comparisons and their ratios that turn jets of one class into another: each model has learnt one."""
    return [
        (name, ratio)
        for name, comparison in analysis.comparisons.items()
        for ratio, pair in comparison.pairs.items()
        if len(analysis.tasks[pair.signal].classes) == 1 and len(analysis.tasks[pair.background].classes) == 1
    ]


def _with_reweighting(analysis: Analysis) -> list[str]:
    return _if(reweighted(analysis))


STAGES = {
    stage.rule: stage
    for stage in (
        Stage("simulate", "simulate", _simulated),
        Stage("prepare", "convert", _prepared),
        Stage("ntuple", "convert", _by_ntuples),
        Stage("hdf5", "convert", _always),
        Stage("trees", "convert", _with_trees),
        Stage("plot_constituents", "plot", _drawn),
        Stage("plot_samples", "plot", _drawn),
        Stage("dataset", "dataset", _owners),
        Stage("plot_inputs", "plot", _owners),
        Stage("plot_binning", "plot", _owners_of_trees),
        Stage("train", "train", _every_task),
        Stage("collect", "plot", _every_task),
        Stage("plot_scan", "plot", _every_task),
        Stage("runs", "plot", _if_tasks),
        Stage("deploy", "plot", _every_task),
        Stage("evaluate", "evaluate", _classifiers),
        Stage("plot_best", "plot", _classifiers),
        Stage("evaluate_density", "evaluate", _densities),
        Stage("plot_best_density", "plot", _densities),
        Stage("evaluate_regression", "evaluate", _regressions),
        Stage("plot_best_regression", "plot", _regressions),
        Stage("plot_epochs", "plot", tasks_with_region),
        Stage("plot_flavours", "plot", tasks_with_flavours),
        Stage("export", "evaluate", exported_tasks),
        Stage("sample_jets", "evaluate", sampled_tasks),
        Stage("plot_sampled", "plot", sampled_tasks),
        Stage("reweight", "evaluate", _with_reweighting),
        Stage("plot_reweighting", "plot", _with_reweighting),
        Stage("apply", "evaluate", applied_tasks),
        Stage("compare", "evaluate", _compared),
        Stage("plot_comparison", "plot", _compared),
        Stage("compress", "convert", _compressed),
        Stage("decompress", "convert", _compressed),
        Stage("compare_compression", "evaluate", _compressed),
        Stage("plot_compression", "plot", _compressed),
    )
}
"""Name of the rule -> stage, in the order of the data's way."""


def jobs_of(analysis: Analysis) -> list[tuple[Stage, str]]:
    """Return each stage that an analysis has jobs of, with each task that it has them for."""
    return [(stage, task) for stage in STAGES.values() for task in stage.tasks(analysis)]
