"""One measured figure, and processes timed from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent


class Measurement(NamedTuple):
    """A figure beside that of a peer."""

    what: str
    value: float
    unit: str
    peer: str
    """What the peer is, with its figure."""
    ratio: float
    """Ours over the peer's."""
    goal: str


class Finished(NamedTuple):
    """A process that ended well."""

    seconds: float
    output: str


def run(command: Sequence[str | Path], cwd: Path | None = None) -> Finished:
    """Run a command; give its wall time and what it printed on standard output."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    started = time.perf_counter()
    with subprocess.Popen(
        [str(word) for word in command], cwd=cwd, env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        output, errors = process.communicate()
        seconds = time.perf_counter() - started
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{errors[-2000:]}")
    return Finished(seconds, output)


def peak_memory(*arguments: str | Path) -> float:
    """Run a verb of jetloom in a process of its own; give its peak resident memory in MB."""
    # VmHWM starts anew with the process; ru_maxrss would include what this one had when it forked.
    script = (
        "import sys\nfrom pathlib import Path\nfrom jetloom.cli.main import main\ncode = main(sys.argv[1:])\n"
        "status = Path('/proc/self/status').read_text().splitlines()\n"
        "print(next(int(line.split()[1]) / 1024 for line in status if line.startswith('VmHWM')))\nsys.exit(code)"
    )
    finished = run([sys.executable, "-c", script, *arguments])
    return float(finished.output.splitlines()[-1])
