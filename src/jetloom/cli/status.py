"""Say what is done, running, failed and waiting, per sample and per point."""

from __future__ import annotations

import argparse
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", default="config/config.yaml", help="configuration (default: config/config.yaml)")
    parser.add_argument("--all", action="store_true", help="list every training, not only those that are not done")


def run(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    from collections import Counter

    from jetloom.config.load import load_analysis
    from jetloom.scan.status import failed_stages, run_status, sample_status

    analysis = load_analysis(arguments.config)
    out = sys.stdout.write
    out(f"{'sample':<20} {'files':>6}  done\n")
    for sample in sample_status(analysis):
        done = ", ".join(f"{stage} {count}/{sample.files}" for stage, count in sample.done.items())
        out(f"{sample.name:<20} {sample.files:>6}  {done}\n")
        for line in sample.failed:
            out(f"    failed: {line}\n")
    for task in analysis.tasks:
        found = list(run_status(analysis, task))
        counts = Counter(run.state for run in found)
        out(f"\n{task}: {len(found)} trainings: " + ", ".join(f"{n} {state}" for state, n in counts.items()) + "\n")
        for stage, line in failed_stages(analysis, task):
            out(f"    {stage} failed: {line}\n")
        for entry in found:
            if arguments.all or entry.state not in ("done", "waiting"):
                out(f"    {entry.point} {entry.run:<6} {entry.state:<12} {entry.detail}\n")
