"""A real HTCondor pool of one node, made from nothing on a Debian 12 machine: no systemd, no containers, no cgroups.

    python3 tests/clusters/condor.py install       fetch and unpack the programs
    python3 tests/clusters/condor.py start         configure and start; installs first if need be
    eval "$(python3 tests/clusters/condor.py env)"
    python3 tests/clusters/condor.py environment --checkout .    a copy of the checkout for the submitter
    python3 tests/clusters/condor.py kill-schedd | start-schedd | restart-schedd
    python3 tests/clusters/condor.py status | stop | wipe | purge

Needs root. Jobs run as an ordinary user, made here; HTCondor refuses those of root.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import condor_checkout
import condor_conf
import condor_packages
from condor_conf import Pool

HOME = Path("/var/lib/jetloom-condor")
USER = "jetloom"
DEADLINE = 60.0
LOGS = {
    "condor_collector": "CollectorLog",
    "condor_negotiator": "NegotiatorLog",
    "condor_schedd": "SchedLog",
    "condor_startd": "StartLog",
}


def say(text: str) -> None:
    """One line for whoever watches."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def install(pool: Pool, _: argparse.Namespace) -> None:
    """Fetch and unpack the programs."""
    if master(pool) is not None:
        # An older recipe may have made it; not to be replaced under running daemons.
        say("HTCondor is installed and running")
        return
    began = time.monotonic()
    fresh = condor_packages.install(pool.prefix)
    say(f"HTCondor installed in {time.monotonic() - began:.0f} s" if fresh else "HTCondor is installed already")


def start(pool: Pool, wanted: argparse.Namespace) -> None:
    """Bring the pool up and wait until it would take a job."""
    install(pool, wanted)
    began = time.monotonic()
    if master(pool) is None:
        # Its tools would answer for this pool, and it would look ready.
        if taken(condor_conf.PORT):
            sys.exit(f"something listens at port {condor_conf.PORT} already: is another pool running?")
        configure(pool, wanted)
        launch(pool)
    if not until(lambda: ready(pool)):
        problem = diagnose(pool)
        stop(pool, wanted)
        sys.exit(f"the pool is not ready after {DEADLINE:.0f} s; {problem}")
    say(f"pool ready after {time.monotonic() - began:.1f} s")


def launch(pool: Pool) -> None:
    """Start condor_master, which starts the others."""
    words = [str(pool.prefix / "usr" / "sbin" / "condor_master"), "-pidfile", str(pool.pid_file)]
    nothing = subprocess.DEVNULL
    # Not through a pipe: the daemons would hold it open.
    done = subprocess.run(
        words, check=False, env=pool.environment(), cwd="/", stdin=nothing, stdout=nothing, stderr=nothing
    )
    if done.returncode != 0:
        fail(pool, f"condor_master ended with {done.returncode}")


def configure(pool: Pool, wanted: argparse.Namespace) -> None:
    """Users, configuration, key and tokens."""
    condor_conf.make_user("condor", system=True)
    condor_conf.make_user(wanted.user, system=False)
    condor_conf.make_folders(pool)
    condor_conf.write_config(pool, wanted.cpus, wanted.gpus)
    condor_conf.make_key(pool)
    condor_conf.give_token(pool, wanted.user)
    pool.pid_file.unlink(missing_ok=True)


def taken(port: int) -> bool:
    """Whether something listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], bool], seconds: float = DEADLINE) -> bool:
    """Wait for something with a deadline; say whether it came."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.2)
    return holds()


def master(pool: Pool) -> int | None:
    """The process number of condor_master, if it lives."""
    try:
        pid = int(pool.pid_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return pid if name_and_parent(pid)[0] == "condor_master" else None


def name_and_parent(pid: int) -> tuple[str, int]:
    """What /proc says about a process; nothing for one that is gone or waits to be collected."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return "", 0
    name, rest = text.split("(", 1)[1].rsplit(")", 1)
    state, parent = rest.split()[:2]
    return ("", 0) if state in "ZX" else (name, int(parent))


def daemon(pool: Pool, name: str) -> int | None:
    """The process number of a daemon that condor_master started."""
    top = master(pool)
    for folder in Path("/proc").glob("[0-9]*"):
        # The kernel keeps 15 letters of a name.
        if top is not None and name_and_parent(int(folder.name)) == (name[:15], top):
            return int(folder.name)
    return None


def answers(pool: Pool, *words: str) -> str:
    """What a tool prints, or nothing when it fails or hangs."""
    try:
        done = subprocess.run(
            words, check=False, env=pool.environment(), cwd="/", capture_output=True, text=True, timeout=20
        )
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def ready(pool: Pool) -> bool:
    """Whether all daemons live, the collector knows of a slot and a schedd, and this schedd answers."""
    if not all(daemon(pool, name) for name in LOGS):
        return False
    return bool(answers(pool, "condor_status", "-af", "Name")) and schedd_ready(pool)


def schedd_ready(pool: Pool) -> bool:
    """Whether the schedd answers, and the collector knows where it is."""
    known = answers(pool, "condor_status", "-schedd", "-af", "MyAddress")
    return bool(known) and "jobs" in answers(pool, "condor_q", "-allusers", "-totals")


def diagnose(pool: Pool) -> str:
    """Print the last lines of those logs that can tell what is wrong; say which daemons are missing."""
    logs = pool.state / "log"
    missing = [name for name in LOGS if daemon(pool, name) is None]
    for log in ["MasterLog", *(LOGS[name] for name in missing or LOGS)]:
        sys.stderr.write(condor_conf.tail(logs / log))
    return f"not running: {', '.join(missing)}" if missing else "all daemons run"


def fail(pool: Pool, why: str) -> None:
    """End with the logs and one line."""
    problem = diagnose(pool)
    sys.exit(f"{why}; {problem}")


def stop(pool: Pool, _: argparse.Namespace) -> None:
    """End the pool at once, its jobs with it."""
    pid = master(pool)
    if pid is None:
        say("no pool is running")
        return
    # The fast shutdown; a graceful one would wait for the jobs.
    os.kill(pid, signal.SIGQUIT)
    if not until(lambda: master(pool) is None, 30):
        for child in [daemon(pool, name) for name in LOGS] + [pid]:
            if child is not None:
                os.kill(child, signal.SIGKILL)
        until(lambda: master(pool) is None, 10)
    pool.pid_file.unlink(missing_ok=True)
    say("pool stopped")


def wipe(pool: Pool, wanted: argparse.Namespace) -> None:
    """Stop, and forget queue, history, logs and keys. Job numbers begin at 1 again."""
    stop(pool, wanted)
    shutil.rmtree(pool.state, ignore_errors=True)


def purge(pool: Pool, wanted: argparse.Namespace) -> None:
    """Remove the programs too. Users stay."""
    wipe(pool, wanted)
    shutil.rmtree(pool.home, ignore_errors=True)


def status(pool: Pool, _: argparse.Namespace) -> None:
    """Slots and queue; a code other than 0 unless the pool would take a job."""
    if master(pool) is None or not ready(pool):
        sys.exit("the pool would not take a job: it is down, or a daemon is")
    slots = answers(pool, "condor_status", "-af:h", "Name", "State", "Cpus", "Memory", "GPUs")
    say(f"{slots}\n{answers(pool, 'condor_q', '-allusers', '-totals')}")


def kill_schedd(pool: Pool, _: argparse.Namespace) -> None:
    """Let the schedd die as in a crash, and keep it away: jobs run on, and nobody answers."""
    pid = daemon(pool, "condor_schedd")
    if pid is None:
        sys.exit("no schedd is running")
    os.kill(pid, signal.SIGKILL)
    # Before condor_master starts another, which it does after MASTER_BACKOFF_CONSTANT seconds at the earliest.
    condor_packages.run(pool.tools / "condor_off", "-fast", "-daemon", "schedd", env=pool.environment())
    if not until(lambda: daemon(pool, "condor_schedd") is None, 20):
        fail(pool, "the schedd does not stay away")
    say("schedd killed")


def start_schedd(pool: Pool, _: argparse.Namespace) -> None:
    """Bring the schedd back and wait until it answers."""
    if daemon(pool, "condor_schedd") is None:
        condor_packages.run(pool.tools / "condor_on", "-daemon", "schedd", env=pool.environment())
    if not until(lambda: daemon(pool, "condor_schedd") is not None and schedd_ready(pool)):
        fail(pool, "the schedd does not come back")
    say("schedd ready")


def restart_schedd(pool: Pool, wanted: argparse.Namespace) -> None:
    """Kill the schedd and bring it back."""
    kill_schedd(pool, wanted)
    start_schedd(pool, wanted)


def env(pool: Pool, _: argparse.Namespace) -> None:
    """Print what a user's shell needs."""
    say(f"export CONDOR_CONFIG={pool.config}\nexport PATH={pool.tools}:$PATH")


def environment(_: Pool, wanted: argparse.Namespace) -> None:
    """Return the submitter a copy of the checkout with an environment."""
    began = time.monotonic()
    condor_conf.make_user(wanted.user, system=False)
    copy = condor_checkout.provide(wanted.checkout, wanted.user)
    say(f"{copy} is up to date after {time.monotonic() - began:.0f} s")


ACTIONS: dict[str, Callable[[Pool, argparse.Namespace], None]] = {
    "install": install,
    "start": start,
    "stop": stop,
    "wipe": wipe,
    "purge": purge,
    "status": status,
    "kill-schedd": kill_schedd,
    "start-schedd": start_schedd,
    "restart-schedd": restart_schedd,
    "env": env,
    "environment": environment,
}


def parse(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("--home", type=Path, default=HOME, help="folder of the pool")
    parser.add_argument("--cpus", type=int, default=os.cpu_count() or 1, help="processors to offer, real or not")
    parser.add_argument("--gpus", type=int, default=2, help="GPUs to pretend")
    parser.add_argument("--user", default=USER, help="the submitter")
    parser.add_argument("--checkout", type=Path, default=Path(), help="what environment copies")
    return parser.parse_args(words)


def main(words: list[str]) -> None:
    """Do one thing."""
    wanted = parse(words)
    if wanted.action != "env":
        condor_packages.ensure_root()
    ACTIONS[wanted.action](Pool(wanted.home.resolve()), wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
