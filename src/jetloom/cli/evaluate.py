"""Evaluate the best point on the test part, with uncertainties and plots."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--scan", type=Path, help="directory of the scan; results/<analysis>/scans/<task>")
    parser.add_argument("--output", type=Path, help="where the results go; results/<analysis>/best/<task>")


def run(arguments: argparse.Namespace) -> None:
    """Predict, measure, draw."""
    from jetloom import paths
    from jetloom.config.load import find_task, load_analysis
    from jetloom.data.appearance import dressed
    from jetloom.data.dataset import Dataset
    from jetloom.errors import EmptySampleError
    from jetloom.evaluation.prediction import load_model
    from jetloom.models.registry import find_model
    from jetloom.plots.best import evaluate
    from jetloom.plots.scan_files import read_facts
    from jetloom.plots.tables import measured
    from jetloom.scan.collect import verify_file
    from jetloom.training.backend import use_backend

    analysis = load_analysis(arguments.config)
    task = find_task(analysis, arguments.task)
    stored = Dataset.open(arguments.dataset or paths.dataset(analysis, arguments.task))
    stored.verify()
    dataset = dressed(stored, analysis, arguments.task)
    scan = arguments.scan or paths.scan(analysis, arguments.task)
    best = read_facts(scan)["best"]
    if best is None:
        raise EmptySampleError("no point was trained to its end", path=scan / "scan.json", advice="look at scan.csv")
    # Keras reads the choice of the backend when it is imported, so this comes before the model.
    model = find_model(task.model)
    if model.trainer == "network":
        use_backend(task.training.backend, task.training.threads)
    network = load_model(verify_file(scan / best["point"] / best["run"], model.file))
    output = arguments.output or paths.best(analysis, arguments.task)
    results = evaluate(network, model, dataset, best, output, analysis.seed)
    for name, entry in results["metrics"].items():
        logger.info("%s %s on %d jets of the test part", name, measured(entry["value"], entry["std"]), results["jets"])
