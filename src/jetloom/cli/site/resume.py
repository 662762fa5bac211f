"""Go on after anything: driver killed, machine rebooted, jobs cancelled."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--profile", action="append", metavar="NAME", help="Snakemake's profile; several are merged, later ones win"
    )
    parser.add_argument("--config", default="config/config.yaml", help="configuration (default: config/config.yaml)")
    parser.add_argument(
        "--running",
        choices=("keep", "stop", "wait"),
        default="keep",
        help="trainings that run or are in the queue: keep them and do the others meanwhile (default), stop them at a "
        "checkpoint, or wait for them first",
    )
    parser.add_argument("--failed", action="store_true", help="try trainings again that failed for good")
    parser.add_argument("-n", "--dry-run", action="store_true", help="say what would be done, change nothing")
    parser.add_argument("--snakefile", type=Path, help="the workflow (default: that of jetloom's checkout)")
    parser.add_argument("words", nargs="*", metavar="-- OPTION", help="options and targets for Snakemake")


def run(arguments: argparse.Namespace) -> None:
    """Go on, and end with Snakemake's exit code."""
    import os
    import sys

    from jetloom.cluster.profiles.profile import CHECKOUT
    from jetloom.cluster.recovery.request import Request
    from jetloom.cluster.recovery.resume import resume
    from jetloom.config.load import load_analysis
    from jetloom.errors import ConfigurationError

    profiles = arguments.profile or [name for name in [os.environ.get("SNAKEMAKE_PROFILE")] if name]
    if not profiles:
        raise ConfigurationError("is missing", where="--profile", advice="name one: local, slurm, condor")
    request = Request(
        profiles=tuple(profiles),
        config=Path(arguments.config),
        running=arguments.running,
        failed=arguments.failed,
        dry=arguments.dry_run,
        snakefile=arguments.snakefile or CHECKOUT / "Snakefile",
        words=tuple(arguments.words),
    )
    sys.exit(resume(load_analysis(arguments.config), request))
