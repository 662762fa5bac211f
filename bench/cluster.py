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

from bench.cluster_load import driver_load
from bench.measurement import CHECKOUT, Measurement

sys.path.insert(0, str(CHECKOUT / "tests" / "clusters"))

POINTS = 20
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


def lost_work(directory: Path) -> list[Measurement]:
    """Kill a training in its middle, let it go on, and compare with one that was left alone."""
    from harness import CONFIG, TASK, Cluster, prepare, wait_for

    local = Cluster("local", [], CHECKOUT, Path(sys.executable).parent, [], {"PATH": os.environ["PATH"]})
    prepare(local, directory)
    config = yaml.safe_load(yaml.safe_dump(CONFIG))
    config["tasks"][TASK]["scan"] = {"units": [8]}
    (directory / "config.yaml").write_text(yaml.safe_dump(config))
    command = local.command("jetloom", "train", "--config", "config.yaml", "--task", TASK, "--output")
    alone = _timed([*command, "alone"], directory)
    training = _trained(directory / "alone")
    started = time.perf_counter()
    process = subprocess.Popen([*command, "torn"], cwd=directory, stderr=subprocess.DEVNULL)
    wait_for(lambda: (directory / "torn" / "checkpoint.npz").is_file(), 60)
    time.sleep(training / 3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _timed([*command, "torn"], directory)
    lost = time.perf_counter() - started - alone
    return [
        Measurement(
            "time lost by kill -9 in the middle of a training", lost, "s",
            f"one left alone {alone:.1f} s, {training:.1f} s of them in the training; the second start is lost, too",
            lost / alone, "",
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
    from jetloom.scan.points.space import points

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
    from jetloom.scan.attempts import ledger

    return sum(line.wall_time_s for path in directory.rglob(ledger.LEDGER) for line in ledger.read(path))


def _cluster(name: str) -> Any:
    """Return the batch system of the tests, if it runs here."""
    from harness import Cluster

    if name == "slurm":
        found = Cluster("slurm", [], CHECKOUT, Path(sys.executable).parent, [], {"PATH": os.environ["PATH"]})
        question = ["sinfo"]
    else:
        import condor
        from condor_conf import Pool

        pool, home = Pool(condor.HOME), Path("/home") / condor.USER
        prefix = ["setpriv", "--reuid", condor.USER, "--regid", condor.USER, "--init-groups"]
        environment = {"CONDOR_CONFIG": str(pool.config), "PATH": str(pool.tools), "HOME": str(home)}
        checkout = home / "checkout"
        found = Cluster("condor", prefix, checkout, checkout / ".venv" / "bin", [], environment, condor.USER)
        question = ["condor_status"]
    try:
        asked = subprocess.run(found.command(*question), capture_output=True, check=False, cwd="/")
    except FileNotFoundError:
        return None
    return found if asked.returncode == 0 else None
