"""Child processes of a job: how they end, what they hear, and what becomes of them without their parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jetloom.cluster.bundles.processes import Children, is_fork_safe, signals_wait

LONG = 300.0


def all_ended(children):
    """Wait for the children; give how they ended."""
    found, end = {}, time.monotonic() + LONG
    while len(children) and time.monotonic() < end:
        found |= children.wait(block=True)
    return found


def failing():
    raise ValueError("a mistake")


@pytest.mark.parametrize(
    ("work", "code", "said"),
    [
        (lambda: 0, 0, ""),
        (lambda: sys.stderr.write("words\n") and 5, 5, "words\n"),
        (failing, 1, "ValueError: a mistake\n"),
        (lambda: sys.exit(7), 7, ""),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), -9, ""),
        (lambda: os.kill(os.getpid(), signal.SIGTERM) or time.sleep(LONG), 143, ""),
    ],
)
def test_a_child_has_its_own_end_and_log(tmp_path, work, code, said):
    log = tmp_path / "a.log"
    log.write_text("of an earlier attempt, which is much longer than what comes now\n")
    with signals_wait():
        children = Children()
        children.fork("a", work, log)
        ended = all_ended(children)
    assert list(ended) == ["a"]
    assert ended["a"].code == code
    assert ended["a"].memory_used_mb > 5
    assert log.read_text().endswith(said)
    assert "earlier" not in log.read_text()
    assert children.told == ""


def test_a_signal_to_the_job_reaches_those_that_run(tmp_path):
    def work():
        (tmp_path / f"began{os.getpid()}").touch()
        try:
            time.sleep(LONG)
        except SystemExit as end:
            return end.code - 100
        return 0

    with signals_wait():
        children = Children()
        for name in ("a", "b"):
            children.fork(name, work, tmp_path / name)
        while len(list(tmp_path.glob("began*"))) < 2:
            time.sleep(0.01)
        # To this thread: the process of a test may have others, which would take a signal to the process.
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        ended = all_ended(children)
    assert children.told == "SIGUSR1"
    assert {name: one.code for name, one in ended.items()} == {"a": 38, "b": 38}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) & {signal.SIGTERM, signal.SIGCHLD} == set()


def test_a_verb_as_a_fresh_process(tmp_path):
    with signals_wait():
        children = Children()
        children.start("a", ["check", "nothing.yaml"], tmp_path / "a.log")
        assert all_ended(children)["a"].code == 2 + 1  # there is no such input
    assert (tmp_path / "a.log").read_text().startswith("jetloom check: error: nothing.yaml")


ORPHAN = """
import os, sys, time
from pathlib import Path
from jetloom.cluster.bundles.processes import Children, signals_wait

def work():
    Path("began").touch()
    try:
        time.sleep(300)
    except SystemExit:
        Path("told").touch()
    return 0

with signals_wait():
    children = Children()
    children.fork("a", work, Path("log"))
    while children.wait(block=True) == {}:
        pass
"""


def test_the_death_of_the_parent_is_a_signal(tmp_path):
    def wait_for(name, end):
        while not (tmp_path / name).exists():
            assert time.monotonic() < end
            time.sleep(0.02)

    with subprocess.Popen([sys.executable, "-c", ORPHAN], cwd=tmp_path) as parent:
        try:
            wait_for("began", time.monotonic() + LONG)
        finally:
            parent.kill()
    wait_for("told", time.monotonic() + LONG)


THREADS = """
import threading, time
from jetloom.cluster.bundles.processes import is_fork_safe
assert is_fork_safe()
threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
assert not is_fork_safe()
"""


def test_who_has_threads_does_not_fork():
    subprocess.run([sys.executable, "-c", THREADS], check=True)
    held = threading.Event()
    threading.Thread(target=held.wait, daemon=True).start()
    assert not is_fork_safe()
    held.set()


def test_the_backends_are_imported_without_a_thread():
    """Both, in a process of their own each: where this fails, each training of a bundle begins anew."""
    code = "from jetloom.training.backends.backend import import_backend as i; from jetloom.cluster.bundles.processes "
    for backend in ("tensorflow", "jax"):
        given = f"{code}import is_fork_safe; i('{backend}', 1); import jetloom.training.network; assert is_fork_safe()"
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_THREADS")}
        subprocess.run([sys.executable, "-c", given], check=True, env=environment, cwd=Path("/"))
