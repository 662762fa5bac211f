"""A dry run of 10,000 points, beside one of 10."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from bench.measurement import CHECKOUT, Measurement, run


def measure(directory: Path) -> list[Measurement]:
    """Time `snakemake -n` on a scan of 10,000 points that were never trained."""
    seconds = {side: _dry_run(directory, side) for side in (2, 100)}
    few, many = seconds[2], seconds[100]
    return [
        Measurement("dry run of 10,000 points", many, "s", f"the same with 4 points {few:.2f} s", many / few, "< 10 s")
    ]


def _dry_run(directory: Path, side: int) -> float:
    content = yaml.safe_load((CHECKOUT / "config" / "config.yaml").read_text())
    task = content["tasks"]["quark_gluon"]
    task["parameters"] = {"epochs": 10}
    task["scan"] = {"units": list(range(1, side + 1)), "batch_size": list(range(1, side + 1))}
    task["search"] = {"repetitions": 1}
    config = directory / f"scan{side}.yaml"
    config.write_text(yaml.safe_dump(content))
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "-s", CHECKOUT / "Snakefile"]
    return min(run([*command, "--configfile", config, "--directory", directory]).seconds for _ in range(2))
