"""What a batch system costs: the overhead of a point, the driver's load at 1,000 points, the work that a kill loses.

Overheads are measured on the one-node Slurm and HTCondor of the tests, where they run (``make test-slurm``,
``make test-condor`` install them); beside them the bare plugins, called from a Snakefile of a few lines without
jetloom's profile. The driver's load is measured with a scheduler of shell scripts, whose jobs are done at once.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from bench.measurement import CHECKOUT, Measurement

sys.path.insert(0, str(CHECKOUT / "tests" / "clusters"))

POINTS = 4
TINY = {"epochs": 2, "batch_size": 256}

BARE = """
import yaml
from pathlib import Path
POINTS = Path("points.txt").read_text().split()
rule all:
    input: expand("bare/{point}/r0/result.json", point=POINTS)
rule train:
    output: "bare/{point}/r0/result.json"
    resources: mem_mb=1200, htcondor_request_mem_mb=1200, runtime=10
    shell:
        "jetloom train --config config.yaml --task quark_gluon --point {wildcards.point}"
        " --output bare/{wildcards.point}/r0"
"""

SBATCH = """#!/bin/bash
# Does the job at once: writes the result that Snakemake waits for.
echo sbatch >> $SHIM/calls
id=$(($(cat $SHIM/id 2>/dev/null || echo 0) + 1)); echo $id > $SHIM/id
point=$(grep -o "point=p[0-9a-f]*" <<< "$*" | head -1 | cut -d= -f2)
directory=results/load/scans/quark_gluon/$point/r0
mkdir -p $directory results/load/benchmarks/train/quark_gluon/$point
echo '{}' > $directory/result.json
: > results/load/benchmarks/train/quark_gluon/$point/r0.tsv
echo "$id|COMPLETED" >> $SHIM/jobs
echo $id
"""
SQUEUE = """#!/bin/bash
echo squeue >> $SHIM/calls
cat $SHIM/jobs 2>/dev/null || true
"""
SCONTROL = """#!/bin/bash
echo scontrol >> $SHIM/calls
echo "MinJobAge = 300 sec"
"""
OTHER = """#!/bin/bash
echo other >> $SHIM/calls
"""


def measure(directory: Path) -> list[Measurement]:
    """Measure what can be measured on this machine."""
    found = driver_load(directory / "load", 1000)
    found += lost_work(directory / "lost")
    for name in ("slurm", "condor"):
        cluster = _cluster(name)
        if cluster is None:
            print(f"no {name} here: make test-{name} installs and starts one", flush=True)
        else:
            found += overhead(cluster, name)
    return found


def driver_load(directory: Path, points: int) -> list[Measurement]:
    """Let a driver submit a scan to a scheduler that is done at once: its time, memory and questions."""
    from harness import CONFIG

    shim = directory / "shim"
    shim.mkdir(parents=True)
    scripts = {
        "sbatch": SBATCH,
        "squeue": SQUEUE,
        "scontrol": SCONTROL,
        "sinfo": OTHER,
        "sacct": OTHER,
        "scancel": OTHER,
    }
    for name, script in scripts.items():
        (shim / name).write_text(script)
        (shim / name).chmod(0o755)
    config: dict[str, Any] = yaml.safe_load(yaml.safe_dump(CONFIG))
    config["analysis"] = "load"
    side = round(points**0.5) + 1
    task = config["tasks"]["quark_gluon"]
    task["parameters"] = {"epochs": 1}
    task["scan"] = {"units": list(range(1, points // side + 2)), "batch_size": list(range(1, side + 1))}
    (directory / "config.yaml").write_text(yaml.safe_dump(config))
    # Only the trainings: the driver finds a dataset there.
    from jetloom.config.load import load_analysis
    from jetloom.scan.space import points as points_of

    names = [point.name for point in points_of(load_analysis(directory / "config.yaml").tasks["quark_gluon"])][:points]
    targets = [f"results/load/scans/quark_gluon/{name}/r0/result.json" for name in names]
    dataset = directory / "results" / "load" / "datasets" / "quark_gluon"
    dataset.mkdir(parents=True)
    (dataset / "fingerprint.txt").write_text("0\n")
    command = [sys.executable, "-m", "snakemake", "-s", str(CHECKOUT / "Snakefile"), "--configfile", "config.yaml"]
    command += [
        "--profile",
        str(CHECKOUT / "profiles" / "slurm"),
        "--max-jobs-per-timespan",
        "1000/1s",
        "--quiet",
        "all",
    ]
    command += ["--allowed-rules", "train", "--latency-wait", "5", "--", *targets]
    environment = {
        **os.environ,
        "SHIM": str(shim),
        "PATH": f"{shim}:{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    started = time.perf_counter()
    with (directory / "driver.log").open("w") as log:
        process = subprocess.Popen(command, cwd=directory, env=environment, stdout=log, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    done = sum((directory / target).is_file() for target in targets)
    if status != 0 or done < len(targets):
        sys.exit(f"{done} of {len(targets)} points; {(directory / 'driver.log').read_text()[-2000:]}")
    calls = (shim / "calls").read_text().split()
    asked = sum(call in ("squeue", "scontrol") for call in calls)
    cpu = usage.ru_utime + usage.ru_stime
    return [
        Measurement(
            f"driver, {len(targets)} points: CPU time, start included", cpu, "s",
            f"wall time {seconds:.0f} s", cpu / seconds, "",
        ),
        Measurement(
            f"driver, {len(targets)} points: peak memory", usage.ru_maxrss / 1024, "MB",
            "MB a point", usage.ru_maxrss / 1024 / points, "",
        ),
        Measurement(
            "driver: questions to the scheduler a minute (submissions not counted)", asked / seconds * 60, "/min",
            f"{calls.count('sbatch')} submissions in {seconds:.0f} s", asked / max(1, calls.count("sbatch")), "",
        ),
    ]  # fmt: skip


def lost_work(directory: Path) -> list[Measurement]:
    """Kill a training in its middle, let it go on, and compare with one that was left alone."""
    from harness import CONFIG, TASK, Cluster, Scan, prepare, wait_for

    local = Cluster("local", [], CHECKOUT, Path(sys.executable).parent, [], {"PATH": os.environ["PATH"]})
    prepare(local, directory)
    config = yaml.safe_load(yaml.safe_dump(CONFIG))
    config["tasks"][TASK]["scan"] = {"units": [8]}
    (directory / "config.yaml").write_text(yaml.safe_dump(config))
    scan = Scan(local, directory)
    command = local.command("jetloom", "train", "--config", "config.yaml", "--task", TASK, "--output")
    started = time.perf_counter()
    subprocess.run([*command, "alone"], cwd=directory, check=True, capture_output=True)
    alone = time.perf_counter() - started
    started = time.perf_counter()
    process = subprocess.Popen([*command, "torn"], cwd=directory, stderr=subprocess.DEVNULL)
    wait_for(lambda: (directory / "torn" / "checkpoint.npz").is_file(), 60)
    time.sleep(alone / 3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run([*command, "torn"], cwd=directory, check=True, capture_output=True)
    torn = time.perf_counter() - started
    shutil.rmtree(scan.results)
    lost = torn - alone
    return [
        Measurement(
            "work lost by kill -9 in the middle of a training", lost, "s",
            f"the whole training {alone:.1f} s, starts included", lost / alone, "",
        )
    ]  # fmt: skip


def overhead(cluster: Any, name: str) -> list[Measurement]:
    """Time small scans, one job at a time: what is left besides the trainings, a point."""
    from harness import CONFIG, TASK, prepare

    home = Path("/home/jetloom") if cluster.prefix else Path("/var/tmp")
    base = home / f"jetloom-bench-{name}"
    shutil.rmtree(base, ignore_errors=True)
    prepare(cluster, base)
    config = yaml.safe_load(yaml.safe_dump(CONFIG))
    config["tasks"][TASK] |= {"parameters": TINY, "scan": {"units": list(range(4, 4 + POINTS))}}
    found = []
    bare = _bare(cluster, base, config, name)
    for together in (1, POINTS):
        config["cluster"]["points_per_job"] = together
        ours = _ours(cluster, base, config)
        found.append(
            Measurement(
                f"{name}: overhead a point, {together} in a job", ours, "s",
                f"the bare plugin, one in a job {bare:.1f} s", ours / bare, "",
            )
        )  # fmt: skip
    shutil.rmtree(base)
    return found


def _ours(cluster: Any, base: Path, config: dict[str, Any]) -> float:
    from harness import TASK, Scan

    scan = Scan(cluster, base)
    (base / "config.yaml").write_text(yaml.safe_dump(config))
    shutil.rmtree(scan.results / "scans", ignore_errors=True)
    target = f"results/fault/scans/{TASK}/scan.csv"
    # With the pace of the profile, not with that of the tests.
    given = scan.snakemake("--jobs", "1", "--until", "train", "--", target)
    command = [word for word in given if word not in cluster.options]
    seconds = _timed(command, base)
    idle = _timed(command, base)
    return (seconds - idle - _trained(scan.results / "scans" / TASK)) / POINTS


def _bare(cluster: Any, base: Path, config: dict[str, Any], name: str) -> float:
    (base / "bare.smk").write_text(BARE)
    (base / "config.yaml").write_text(yaml.safe_dump(config))
    from jetloom.config.load import load_analysis
    from jetloom.scan.space import points

    names = [point.name for point in points(load_analysis(base / "config.yaml").tasks["quark_gluon"])]
    (base / "points.txt").write_text("\n".join(names))
    executor = {
        "slurm": ["--executor", "slurm"],
        "condor": ["--executor", "htcondor", "--default-resources", "getenv=True"],
    }
    command = cluster.command(
        "snakemake", "-s", "bare.smk", "--workflow-profile", "none", "--jobs", "1", *executor[name]
    )
    seconds = _timed(command, base)
    idle = _timed(command, base)
    return (seconds - idle - _trained(base / "bare")) / POINTS


def _timed(command: list[str], cwd: Path) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(done.stdout[-1000:] + done.stderr[-3000:])
    return time.perf_counter() - started


def _trained(directory: Path) -> float:
    """Add up the wall time of all trainings, as their ledgers have it."""
    from jetloom.scan import ledger

    return sum(line.wall_time_s for path in directory.rglob(ledger.LEDGER) for line in ledger.read(path))


def _cluster(name: str) -> Any:
    """Give the batch system of the tests, if it runs here."""
    from harness import Cluster

    if name == "slurm":
        found = Cluster("slurm", [], CHECKOUT, Path(sys.executable).parent, [], {"PATH": os.environ["PATH"]})
        question = ["sinfo"]
    else:
        checkout, pool = Path("/home/jetloom/checkout"), Path("/var/lib/jetloom-condor")
        prefix = ["runuser", "--user", "jetloom", "--"]
        environment = {
            "CONDOR_CONFIG": str(pool / "etc" / "condor_config"),
            "PATH": str(pool / "bin"),
            "HOME": "/home/jetloom",
        }
        found = Cluster("condor", prefix, checkout, checkout / ".venv" / "bin", [], environment)
        question = ["condor_status"]
    try:
        asked = subprocess.run(found.command(*question), capture_output=True, check=False, cwd="/")
    except FileNotFoundError:
        return None
    return found if asked.returncode == 0 else None
