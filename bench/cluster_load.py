"""The driver's load: it submits a scan to a scheduler of shell scripts, whose jobs are done at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from bench.measurement import CHECKOUT, Measurement

SBATCH = """#!/bin/bash
# Does the job at once: writes the result that Snakemake waits for.
echo sbatch >> $SHIM/calls
id=$(($(cat $SHIM/id 2>/dev/null || echo 0) + 1)); echo $id > $SHIM/id
bundle=$(grep -o "bundle=p[0-9a-f]*-r0" <<< "$*" | head -1 | cut -d= -f2)
mkdir -p results/load/scans/quark_gluon/bundles results/load/benchmarks/train/quark_gluon
echo '{}' > results/load/scans/quark_gluon/bundles/$bundle.json
: > results/load/benchmarks/train/quark_gluon/$bundle.tsv
echo "$id|COMPLETED" >> $SHIM/jobs
echo $id
"""
SQUEUE = """#!/bin/bash
echo squeue >> $SHIM/calls
cat $SHIM/jobs 2>/dev/null || true
"""
SCONTROL = """#!/bin/bash
echo scontrol >> $SHIM/calls
case "$*" in
    *partition*) echo "PartitionName=main Default=YES State=UP MaxTime=UNLIMITED" ;;
    *) echo "MinJobAge = 300 sec" ;;
esac
"""
SINFO = """#!/bin/bash
echo sinfo >> $SHIM/calls
echo "$(uname -n)|main|idle|64000|64|(null)"
"""
OTHER = """#!/bin/bash
echo other >> $SHIM/calls
"""
SCRIPTS = {
    "sbatch": SBATCH, "squeue": SQUEUE, "scontrol": SCONTROL, "sinfo": SINFO, "sacct": OTHER, "scancel": OTHER,
}  # fmt: skip


def driver_load(directory: Path, points: int) -> list[Measurement]:
    """Measure a driver's time, memory and questions for a scan of so many points."""
    shim = write_scripts(directory / "shim")
    targets = write_analysis(directory, points)
    command = [sys.executable, "-m", "snakemake", "-s", str(CHECKOUT / "Snakefile"), "--configfile", "config.yaml"]
    # The profile as it is, but for the submissions: one a second would take most of the time.
    command += ["--profile", str(CHECKOUT / "profiles" / "slurm"), "--max-jobs-per-timespan", "1000/1s"]
    command += ["--quiet", "all", "--allowed-rules", "train", "--latency-wait", "5", "--", *targets]
    path = f"{shim}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    started = time.perf_counter()
    with (directory / "driver.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=directory, env={**os.environ, "SHIM": str(shim), "PATH": path}, stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    done = sum((directory / target).is_file() for target in targets)
    if status != 0 or done < len(targets):
        sys.exit(f"{done} of {len(targets)} points; {(directory / 'driver.log').read_text()[-2000:]}")
    calls = (shim / "calls").read_text().split()
    return _figures(len(targets), seconds, usage, calls)


def _figures(points: int, seconds: float, usage: Any, calls: list[str]) -> list[Measurement]:
    cpu, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    submitted, others = calls.count("sbatch"), len(calls) - calls.count("sbatch")
    return [
        Measurement(
            f"driver, {points} points: CPU time, start included", cpu, "s",
            f"wall time {seconds:.0f} s", cpu / seconds, "",
        ),
        Measurement(
            f"driver, {points} points: peak memory", memory, "MB", "MB a point", memory / points, "",
        ),
        Measurement(
            "driver: questions to the scheduler a minute, submissions not counted", others / seconds * 60, "/min",
            f"{submitted} submissions, {others} questions in {seconds:.0f} s", others / max(1, submitted), "",
        ),
    ]  # fmt: skip


def write_scripts(shim: Path) -> Path:
    """Write the scheduler."""
    shim.mkdir(parents=True)
    for name, script in SCRIPTS.items():
        (shim / name).write_text(script)
        (shim / name).chmod(0o755)
    return shim


def write_analysis(directory: Path, points: int) -> list[str]:
    """Write a configuration with a scan, and a dataset; give the manifests of that many trainings."""
    from harness import CONFIG, TASK

    from jetloom.config.load import load_analysis
    from jetloom.scan.points.space import points as points_of

    config: dict[str, Any] = yaml.safe_load(yaml.safe_dump(CONFIG))
    config["analysis"] = "load"
    side = round(points**0.5) + 1
    config["tasks"][TASK]["parameters"] = {"epochs": 1}
    scan = {"units": list(range(1, points // side + 2)), "batch_size": list(range(1, side + 1))}
    config["tasks"][TASK]["scan"] = scan
    (directory / "config.yaml").write_text(yaml.safe_dump(config))
    dataset = directory / "results" / "load" / "datasets" / TASK
    dataset.mkdir(parents=True)
    (dataset / "fingerprint.txt").write_text("0\n")
    found = points_of(load_analysis(directory / "config.yaml").tasks[TASK])[:points]
    return [f"results/load/scans/{TASK}/bundles/{point.name}-r0.json" for point in found]
