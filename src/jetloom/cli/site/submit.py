"""Let the driver be a job of the batch system itself, until the analysis is done."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jetloom.cluster.submission.request import Driver
    from jetloom.config.analysis import Analysis


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--profile", action="append", metavar="NAME", help="Snakemake's profile; several are merged, later ones win"
    )
    parser.add_argument("--config", default="config/config.yaml", help="configuration (default: config/config.yaml)")
    parser.add_argument(
        "--minutes", type=int, help="wall time of each driver (default: a day, or what the site gives at most)"
    )
    parser.add_argument("--memory", type=int, default=2000, help="its memory in MB (default: 2000)")
    parser.add_argument(
        "--margin",
        type=float,
        help="seconds before the end of its wall time at which it ends by itself (default: 120, at most a quarter)",
    )
    parser.add_argument(
        "--universe",
        choices=("scheduler", "vanilla"),
        default="scheduler",
        help="HTCondor: beside the queue, as DAGMan (default), or on a worker, which must be able to submit",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="WORDS",
        help="one more option for sbatch (--option=--partition=long), or line for HTCondor (--option '+MaxRuntime=90')",
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="print the script and how it would be submitted")
    parser.add_argument("--stop", action="store_true", help="stop the driver for good; its jobs go on")
    parser.add_argument("--here", metavar="JOB", help="be the driver, within the job of this id; the script says it")
    parser.add_argument("--snakefile", type=Path, help="the workflow (default: that of jetloom's checkout)")
    parser.add_argument("words", nargs="*", metavar="-- OPTION", help="options and targets for Snakemake")


def run(arguments: argparse.Namespace) -> None:
    """Submit, stop, or drive."""
    from jetloom.config.load import load_analysis

    analysis = load_analysis(arguments.config)
    if arguments.here:
        sys.exit(_drive(analysis, arguments.here))
    if arguments.stop:
        _stop(analysis)
    else:
        _submit(analysis, arguments)


def _submit(analysis: Analysis, arguments: argparse.Namespace) -> None:
    from jetloom.cluster.schedulers.registry import SCHEDULERS
    from jetloom.cluster.submission.engines import engine_of
    from jetloom.cluster.submission.journal import place
    from jetloom.cluster.submission.submit import submit

    driver = _asked(analysis, arguments)
    engine = engine_of(driver.executor, analysis, driver.profiles)
    if arguments.dry_run:
        directory = place(analysis.analysis)
        sys.stdout.write(driver.script(directory) + "\n")
        sys.stdout.write("".join(f"# {line}\n" for line in _shown(engine.command(driver, directory))))
    else:
        submit(driver, engine, SCHEDULERS[driver.executor])


def _shown(command: list[str]) -> list[str]:
    import shlex

    return [shlex.join(command)] if command[0] == "sbatch" else command


def _asked(analysis: Analysis, arguments: argparse.Namespace) -> Driver:
    """Return the driver that the command line asks for."""
    import os

    from jetloom.cluster.profiles.profile import CHECKOUT, executor_of, read_profile
    from jetloom.cluster.recovery.resume import refuse_contradictions
    from jetloom.cluster.schedulers.registry import find_scheduler
    from jetloom.cluster.submission.engines import engine_of
    from jetloom.cluster.submission.request import Driver
    from jetloom.errors import ConfigurationError

    profiles = arguments.profile or [name for name in [os.environ.get("SNAKEMAKE_PROFILE")] if name]
    if not profiles:
        raise ConfigurationError("is missing", where="--profile", advice="name one: slurm, condor")
    snakefile = arguments.snakefile or CHECKOUT / "Snakefile"
    refuse_contradictions(arguments.words, snakefile)
    executor = executor_of(read_profile(profiles, snakefile))
    if find_scheduler(executor) is None:
        raise ConfigurationError(
            f"its jobs are no jobs of a batch system ({executor})",
            where=f"--profile {' '.join(profiles)}",
            advice="start `snakemake` itself, or name a profile for slurm or htcondor",
        )
    longest = engine_of(executor, analysis, profiles).longest()
    minutes = arguments.minutes or min(DAY, longest or DAY)
    margin = min(MARGIN, 15.0 * minutes) if arguments.margin is None else arguments.margin
    return Driver(
        analysis.analysis,
        executor,
        tuple(profiles),
        arguments.config,
        minutes,
        arguments.memory,
        margin,
        arguments.universe,
        tuple(arguments.option),
        str(snakefile.absolute()),
        tuple(arguments.words),
    )


DAY = 24 * 60
MARGIN = 120.0


def _stop(analysis: Analysis) -> None:
    from jetloom.cluster.schedulers.registry import SCHEDULERS
    from jetloom.cluster.submission.journal import place
    from jetloom.cluster.submission.request import Driver
    from jetloom.cluster.submission.submit import stop

    driver = Driver.read(place(analysis.analysis))
    jobs = stop(analysis.analysis, SCHEDULERS[driver.executor])
    what = f"job {' and job '.join(jobs)}" if jobs else "no job of it was there"
    sys.stdout.write(f"the driver of {analysis.analysis} is stopped: {what}; jobs that it submitted go on\n")


def _drive(analysis: Analysis, job: str) -> int:
    import os
    import time
    from collections.abc import Callable

    from jetloom.cluster.driving.driver import began
    from jetloom.cluster.recovery.request import Request
    from jetloom.cluster.recovery.resume import resume
    from jetloom.cluster.schedulers.registry import SCHEDULERS
    from jetloom.cluster.submission.engines import engine_of
    from jetloom.cluster.submission.here import Here, forget_allocation
    from jetloom.cluster.submission.journal import Journal, place
    from jetloom.cluster.submission.request import Driver

    directory = place(analysis.analysis)
    driver = Driver.read(directory)
    elapsed = time.time() - began(os.getpid())
    forget_allocation()
    here = Here(
        driver,
        Journal(directory),
        engine_of(driver.executor, analysis, driver.profiles),
        SCHEDULERS[driver.executor],
    )

    def work(until: float, begun: Callable[[], None]) -> int:
        request = Request(
            driver.profiles, Path(driver.config), snakefile=Path(driver.snakefile), words=driver.words, until=until
        )
        return resume(analysis, request, begun)

    return here.drive(job, work, elapsed)
