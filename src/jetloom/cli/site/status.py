"""Say what is done, running, failed and waiting, per sample and per point."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jetloom.cluster.schedulers.scheduler import QueuedJob
    from jetloom.config.analysis import Analysis


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", default="config/config.yaml", help="configuration (default: config/config.yaml)")
    parser.add_argument(
        "--profile", action="append", metavar="NAME", help="Snakemake's profile: ask its scheduler what is in the queue"
    )
    parser.add_argument("--all", action="store_true", help="list every training, not only those that are not done")


def run(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    from collections import Counter

    from jetloom.cluster.attempts.learning import learn
    from jetloom.cluster.submission.told import lines
    from jetloom.config.load import load_analysis
    from jetloom.errors import CorruptFileError
    from jetloom.scan.attempts.usage import usage
    from jetloom.scan.status import failed_stages, run_status, sample_status

    analysis = load_analysis(arguments.config)
    damage: list[str] = []
    queue = _queue(analysis, arguments.profile or [])
    out = sys.stdout.write
    for line in lines(analysis.analysis):
        out(f"{analysis.analysis}: {line}\n")
    out(f"{'sample':<20} {'files':>6}  done\n")
    for sample in sample_status(analysis):
        done = ", ".join(f"{stage} {count}/{sample.files}" for stage, count in sample.done.items())
        out(f"{sample.name:<20} {sample.files:>6}  {done}\n")
        for line in sample.failed:
            out(f"    failed: {line}\n")
    for task, settings in analysis.tasks.items():
        found = list(run_status(analysis, task, queue))
        damage += [run.detail for run in found if run.state == "damaged"]
        counts = Counter(run.state for run in found)
        shared = f" (dataset of {settings.dataset})" if settings.dataset else ""
        out(
            f"\n{task}{shared}: {len(found)} trainings: "
            + ", ".join(f"{n} {state}" for state, n in counts.items())
            + "\n"
        )
        if warned := [run for run in found if run.warning]:
            out(f"    {len(warned)} of them warn (--all shows each): {warned[0].point}: {warned[0].warning}\n")
        used = usage(analysis, task)
        if words := used.words():
            out(f"    {words}\n")
        if (learnt := learn(analysis, task, used)) is not None:
            out(f"    {learnt.words()} (cluster.learn)\n")
        for stage, line in failed_stages(analysis, task):
            out(f"    {stage} failed: {line}\n")
        for entry in found:
            if arguments.all or entry.state not in ("done", "waiting") or (entry.state == "waiting" and entry.detail):
                out(f"    {entry.point} {entry.run:<6} {entry.state:<12} {entry.detail}\n")
    if damage:
        raise CorruptFileError(f"{damage[0]} ({len(damage)} damaged in all)" if len(damage) > 1 else damage[0])


def _queue(analysis: Analysis, profiles: list[str]) -> Mapping[Path, QueuedJob]:
    """Ask the profile's scheduler once; nothing if it does not answer, or there is none."""
    if not profiles:
        return {}
    from jetloom.cluster.driving.driver_lock import find_holder
    from jetloom.cluster.profiles.profile import executor_of, read_profile
    from jetloom.cluster.recovery.queue import by_directory, survey, with_hopeless
    from jetloom.cluster.schedulers.registry import find_scheduler
    from jetloom.cluster.schedulers.scheduler import SilentSchedulerError

    holder = find_holder(analysis.analysis)
    words = f"driven by {holder.words()}" if holder else "nobody drives it now: `jetloom resume` goes on"
    sys.stdout.write(f"{analysis.analysis}: {words}\n")
    scheduler = find_scheduler(executor_of(read_profile(profiles)))
    try:
        found = with_hopeless(survey(analysis, scheduler), scheduler)
    except SilentSchedulerError as error:
        sys.stdout.write(f"the queue does not answer, this is from the files alone: {error.line()}\n")
        return {}
    for name, job in sorted({job.job: (name, job) for name, job in found.others.items()}.values()):
        sys.stdout.write(f"    {name}: job {job.job} {'runs on ' + job.host if job.running else job.reason}\n")
    return by_directory(found)
