"""A dry run of 10,000 points in bundles of 50, and of one a job, beside one of 4."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from bench.measurement import CHECKOUT, Measurement, run


def measure(directory: Path) -> list[Measurement]:
    """Time `snakemake -n` on a scan of 10,000 points that were never trained."""
    few = _dry_run(directory, 2, 1)
    found = []
    for together, goal in ((50, "< 3 s"), (1, "< 12 s")):
        many = _dry_run(directory, 100, together)
        what = f"dry run of 10,000 points, {together} a job"
        found.append(Measurement(what, many, "s", f"the same with 4 points {few:.2f} s", many / few, goal))
    return found


def _dry_run(directory: Path, side: int, together: int) -> float:
    content = yaml.safe_load((CHECKOUT / "config" / "config.yaml").read_text())
    content["cluster"] = {"points_per_job": together}
    task = content["tasks"]["quark_gluon"]
    task["parameters"] = {"epochs": 10}
    task["scan"] = {"units": list(range(1, side + 1)), "batch_size": list(range(1, side + 1))}
    task["search"] = {"repetitions": 1}
    config = directory / f"scan{side}_{together}.yaml"
    config.write_text(yaml.safe_dump(content))
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "-s", CHECKOUT / "Snakefile"]
    return min(run([*command, "--configfile", config, "--directory", directory]).seconds for _ in range(2))
