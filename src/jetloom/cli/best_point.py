"""What verbs need of a task's best point: its configuration, dataset, facts and network."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis
    from jetloom.config.tasks.task import Task
    from jetloom.data.dataset import Dataset
    from jetloom.models.base import Model


@dataclass(frozen=True)
class BestPoint:
    """The best point of a task.

    ``facts`` holds ``point``, ``run``, ``fold``, ``ranked_by`` and the ``warnings`` of the training; the dataset has
    the titles and colours of the configuration.
    """

    analysis: Analysis
    task: Task
    dataset: Dataset
    facts: dict[str, Any]
    model: Model
    network: Any


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which best point is meant."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--scan", type=Path, help="directory of the scan; results/<analysis>/scans/<task>")


def open_best(arguments: argparse.Namespace, objective: str | None = None) -> BestPoint:
    """Open the best point that the options name.

    Parameters
    ----------
    arguments : Namespace
        With the options of :func:`add_options`.
    objective : str, optional
        Refuse a model of another one.

    Raises
    ------
    ConfigurationError
        If the task's model has another objective.
    EmptySampleError
        If no point was trained to its end.
    """
    from jetloom import paths
    from jetloom.config.load import find_task, load_analysis
    from jetloom.data.appearance import with_appearance
    from jetloom.data.dataset import Dataset
    from jetloom.errors import ConfigurationError
    from jetloom.inference.prediction import load_model
    from jetloom.models.registry import find_model
    from jetloom.scan.result_file import read_result, verify_file
    from jetloom.scan.table.collected import best_of, read_facts
    from jetloom.training.backends.backend import use_backend

    analysis = load_analysis(arguments.config)
    task = find_task(analysis, arguments.task)
    model = find_model(task.model)
    if objective is not None and model.objective.kind != objective:
        raise ConfigurationError(
            f"its model is a {model.objective.kind}, not a {objective}",
            where=f"tasks.{arguments.task}.model",
            advice="name a task of a density model, such as junipr" if objective == "density" else None,
        )
    stored = Dataset.open(arguments.dataset or paths.dataset(analysis, arguments.task))
    stored.verify()
    scan = arguments.scan or paths.scan(analysis, arguments.task)
    facts = read_facts(scan)
    best = best_of(facts, scan)
    # Keras reads the choice of the backend when it is imported, so this comes before the model.
    if model.trainer == "network":
        use_backend(task.training.backend, task.training.threads)
    training = scan / best.point / best.run
    network = load_model(verify_file(training, model.file))
    known = {"ranked_by": facts.rank_by, "warnings": read_result(training).warnings}
    dataset = with_appearance(stored, analysis, arguments.task)
    return BestPoint(analysis, task, dataset, best.model_dump() | known, model, network)
