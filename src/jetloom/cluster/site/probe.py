"""A tiny job that writes back what it sees: the one way to know whether jobs see what the driver sees."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jetloom.cluster.profiles.asked import Asked, Examined
from jetloom.cluster.schedulers.registry import find_scheduler
from jetloom.cluster.schedulers.scheduler import SilentSchedulerError, call
from jetloom.cluster.site.checks_slurm import options
from jetloom.cluster.site.findings import Finding, ok, warning, wrong
from jetloom.training.backends.devices import HIDDEN, STEP_DONE

SKEW = 5.0
SHARED = "jobs must see the working directory: start in one on a shared file system"
SCRIPT = """\
cd {directory} || exit 1
{{
  hostname
  date +%s.%N
  echo "$CUDA_VISIBLE_DEVICES"
  {python} -c 'import jetloom; print("imported")' 2>&1 | tail -n 1
  {step}
}} > {name}.part 2>&1
mv {name}.part {name}.answer
"""
STEP = "{python} -m jetloom.training.backends.one_step {backend} 2>&1 | tail -n 1"
"""What a job with a card does besides: a card that is granted can be one that the backend cannot use."""
SUBMIT = """
import json, sys
import htcondor2
description = htcondor2.Submit(json.loads(sys.argv[1]))
print(htcondor2.Schedd().submit(description).cluster())
"""
"""Submits through the bindings, as Snakemake's plugin does: they log in to the queue by rules of their own."""


@dataclass
class Probe:
    """A job on its way."""

    asked: Asked
    name: str
    directory: Path
    job: str = ""
    sent: float = 0.0
    seen: float = 0.0

    @property
    def answer(self) -> Path:
        """Return the file that the job leaves."""
        return self.directory / f"{self.name}.answer"


def probe(executor: str, examined: Examined, timeout: float) -> Iterator[Finding]:
    """Send a job of each kind (CPU, GPU) and say what came back.

    Parameters
    ----------
    executor : str
        The batch system, by the name of Snakemake's executor.
    examined : Examined
        Profile and requests: the jobs go where the real ones will go.
    timeout : float
        Seconds to wait.
    """
    directory = Path(tempfile.mkdtemp(prefix=".jetloom-doctor-", dir=Path.cwd()))
    probes: list[Probe] = []
    try:
        for entry in _kinds(examined.asked):
            sent = Probe(entry, "gpu" if entry.gpus else "cpu", directory)
            probes.append(sent)
            try:
                _send(executor, sent, examined)
            except SilentSchedulerError as error:
                yield wrong("probe job", f"it was refused: {error.cause[:300]}")
        sent_ones = [sent for sent in probes if sent.job]
        _wait(executor, sent_ones, timeout)
        for sent in sent_ones:
            yield from _judge(executor, sent, timeout) if not sent.seen else _read(sent)
    finally:
        _clean(executor, probes, directory)


def _kinds(asked: Sequence[Asked]) -> list[Asked]:
    """Return one request without and one with GPUs, as small as a request can be; a step on a card takes memory."""
    found = [next((entry for entry in asked if not entry.gpus), None), next((e for e in asked if e.gpus), None)]
    return [
        replace(entry, memory=entry.memory if entry.gpus else 200, minutes=5, threads=1, gpus=min(entry.gpus, 1))
        for entry in found
        if entry
    ]


def _send(executor: str, sent: Probe, examined: Examined) -> None:
    script = sent.directory / f"{sent.name}.sh"
    names = {"directory": sent.directory, "python": sys.executable, "name": sent.name}
    quoted = {name: shlex.quote(str(value)) for name, value in names.items()}
    step = STEP.format(backend=sent.asked.backend, **quoted) if sent.asked.gpus else ""
    script.write_text(SCRIPT.format(step=step, **quoted))
    sent.sent = time.time()
    if executor == "slurm":
        words = ["sbatch", "--parsable", "--job-name=jetloom-doctor", f"--chdir={sent.directory}"]
        words += [f"--output={sent.directory}/{sent.name}.log", "--export=ALL", "--ntasks=1"]
        words += [*options(sent.asked, examined), "--wrap", f"sh {shlex.quote(str(script))}"]
        sent.job = call(words, tries=1).strip().split(";")[0]
    else:
        described = json.dumps(description(sent.asked, script, sent.directory, sent.name))
        sent.job = call([sys.executable, "-c", SUBMIT, described], tries=1).strip().splitlines()[-1]


def description(asked: Asked, script: Path, directory: Path, name: str) -> dict[str, str]:
    """Return what the plugin would give to HTCondor for a job of this profile: a script in a directory."""
    described = {
        "executable": "/bin/sh",
        "arguments": str(script),
        "initialdir": str(directory),
        "output": f"{directory}/{name}.log",
        "error": f"{directory}/{name}.log",
        "log": f"{directory}/{name}.events",
        "request_cpus": "1",
        "request_memory": str(asked.memory),
        "batch_name": "jetloom-doctor",
    }
    if asked.gpus:
        described["request_gpus"] = str(asked.gpus)
    for name, value in asked.others.items():
        if name.startswith("classad_"):
            described["+" + name.removeprefix("classad_")] = _quoted(value)
        elif name.startswith("htcondor_submit_"):
            described[name.removeprefix("htcondor_submit_").replace("__", ".")] = _quoted(value)
        elif name in ("getenv", "environment", "requirements", "rank", "universe", "container_image", "require_gpus"):
            described[name] = str(value)
    return described


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _wait(executor: str, probes: Sequence[Probe], timeout: float) -> None:
    """Wait until each job has answered, or is known to be over without an answer."""
    end, look = time.monotonic() + timeout, time.monotonic() + 10
    waiting = list(probes)
    while waiting and time.monotonic() < end:
        for sent in list(waiting):
            with suppress(OSError):
                list(sent.directory.iterdir())  # makes a network file system look again
            if sent.answer.exists():
                sent.seen = time.time()
                waiting.remove(sent)
        if waiting and time.monotonic() > look:
            look = time.monotonic() + 10
            with suppress(SilentSchedulerError):
                alive = _alive(executor, waiting)
                held = {job for job, queued in alive.items() if queued.reason.startswith("held")}
                waiting = [sent for sent in waiting if sent.job in alive.keys() - held or sent.answer.exists()]
        time.sleep(0.5 if waiting else 0)


def _alive(executor: str, probes: Sequence[Probe]) -> dict[str, Any]:
    scheduler = find_scheduler(executor)
    return {} if scheduler is None else dict(scheduler.alive([sent.job for sent in probes]))


def _read(sent: Probe) -> Iterator[Finding]:
    lines = [*sent.answer.read_text(encoding="utf-8", errors="replace").splitlines(), "", "", "", "", ""]
    host, clock, devices, imported, step = lines[:5]
    what = f"probe job ({sent.name.upper()})"
    yield ok(what, f"ran on {host} after {sent.seen - sent.sent:.0f} s, and the working directory is shared with it")
    if imported != "imported":
        yield wrong(what, f"this Python cannot import jetloom there ({imported[:200]})",
                    f"set up the environment on a file system that {host} sees ({sys.executable})")  # fmt: skip
    else:
        yield ok(what, f"{sys.executable} imports jetloom there")
    with suppress(ValueError):
        skew = max(sent.sent - float(clock), float(clock) - sent.seen, 0.0)
        if skew > SKEW:
            yield warning(what, f"the clock of {host} is {skew:.0f} s off: Snakemake compares times of files",
                          "ask the administrators")  # fmt: skip
        else:
            yield ok(what, "its clock agrees with the one here")
    if sent.asked.gpus and devices in HIDDEN:
        yield wrong(what, f"it asked for a GPU and sees none (CUDA_VISIBLE_DEVICES is '{devices}')",
                    "ask the administrators how GPUs are asked for here")  # fmt: skip
    elif sent.asked.gpus and step != STEP_DONE:
        yield wrong(what, f"it has a GPU (CUDA_VISIBLE_DEVICES is '{devices}') and cannot train on it: {step[:300]}",
                    "a training with 'device: gpu' would fail there")  # fmt: skip
    elif sent.asked.gpus:
        yield ok(what, f"it {STEP_DONE} (CUDA_VISIBLE_DEVICES is '{devices}')")


def _judge(executor: str, sent: Probe, timeout: float) -> Iterator[Finding]:
    """Say why a job left no answer."""
    what = f"probe job ({sent.name.upper()})"
    try:
        queued = _alive(executor, [sent]).get(sent.job)
    except SilentSchedulerError as error:
        yield warning(what, f"no answer in {timeout:.0f} s, and the scheduler does not say why ({error.cause[:120]})")
        return
    if queued is not None and queued.reason.startswith("held"):
        mend = SHARED if "working directory" in queued.reason or "No such file" in queued.reason else ""
        yield wrong(what, f"it was put on hold: {queued.reason[6:]}", mend)
    elif queued is not None:
        state = f"runs on {queued.host}" if queued.running else f"waits ({queued.reason or 'no reason given'})"
        yield warning(what, f"no answer in {timeout:.0f} s, job {sent.job} still {state}",
                      "the queue may be long: wait longer with --timeout")  # fmt: skip
    else:
        scheduler = find_scheduler(executor)
        facts = scheduler.facts(sent.job) if scheduler else None
        log = sent.directory / f"{sent.name}.log"
        said = log.read_text(errors="replace").strip()[-200:] if log.is_file() else ""
        over = " on ".join(filter(None, (facts.words, facts.host))) if facts else "it left the queue"
        yield wrong(what, f"job {sent.job} is over ({over}) and left no file in {Path.cwd()} {said}",
                    SHARED)  # fmt: skip


def _clean(executor: str, probes: Sequence[Probe], directory: Path) -> None:
    scheduler = find_scheduler(executor)
    with suppress(SilentSchedulerError, subprocess.SubprocessError):
        left = [sent.job for sent in probes if sent.job and not sent.seen]
        if scheduler is not None and left:
            scheduler.remove(left)
    shutil.rmtree(directory, ignore_errors=True)
