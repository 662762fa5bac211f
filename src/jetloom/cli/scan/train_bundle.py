"""Train what a bundle of trainings still lacks, in one job; each is a process of its own."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", type=Path, required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--bundle", required=True, help="name of the bundle, as snakemake -n shows it")
    parser.add_argument("--memory", type=int, metavar="MB", help="memory that the job asked for, for the ledgers")
    parser.add_argument("--minutes", type=int, help="wall time of the job: checkpoints are left before its end")
    parser.add_argument("--gpus", type=int, help="GPUs that the job asked for, for the ledgers")


def run(arguments: argparse.Namespace) -> None:
    """Train what has no result yet, and write the manifest."""
    import os

    from jetloom.cluster.bundles.job import BundleJob
    from jetloom.cluster.bundles.training import Asked, Trainings
    from jetloom.config.load import load_analysis
    from jetloom.scan.attempts.identity import DRIVE

    trainings = Trainings(load_analysis(arguments.config), arguments.task)
    asked = Asked(arguments.memory, arguments.minutes, arguments.gpus)
    BundleJob(trainings, arguments.bundle, arguments.config, asked, os.environ.get(DRIVE, "")).run()
