"""A real Slurm of one node, for tests: no systemd, no containers, no cgroups.

    python3 tests/clusters/slurm.py install        packages, once (root on Debian)
    python3 tests/clusters/slurm.py start          everything that does not run yet
    python3 tests/clusters/slurm.py status
    python3 tests/clusters/slurm.py stop           jobs, then daemons
    python3 tests/clusters/slurm.py wipe           stop, and forget jobs, accounting and logs

Faults on demand: `restart-controller`, `kill-controller`, `start-controller`, `kill-node`, `start-node`.
Partitions: `main` (default), `gpu`, and `low`, whose jobs are preempted by those of the other two.
"""

import argparse
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slurm_conf
import slurm_packages
from slurm_conf import ClusterError
from slurm_daemon import GRACE, Daemon, ask, listens, must, process, wait

HOME = Path("/var/lib/jetloom-slurm")
LOCK = Path("/run/lock/jetloom-slurm.lock")
MUNGE_KEY = Path("/etc/munge/munge.key")


class Slurm:
    """The cluster that lives below one folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = home / "run" / "mariadb.sock"
        # The place where every client looks for munge without being told is fixed.
        self.munged = Daemon("munged", Path("/run/munge/munged.pid"), Path("/var/log/munge/munged.log"))
        self.mariadbd, self.slurmdbd, self.slurmctld, self.slurmd = (
            Daemon(name, home / "run" / f"{name}.pid", home / "log" / f"{name}.log")
            for name in ("mariadbd", "slurmdbd", "slurmctld", "slurmd")
        )
        self.daemons = (self.munged, self.mariadbd, self.slurmdbd, self.slurmctld, self.slurmd)

    def start(self, cpus: int | None, gpus: int | None) -> None:
        """Start what does not run, each after those that it needs."""
        if missing := [daemon.name for daemon in self.daemons if not shutil.which(daemon.name)]:
            raise ClusterError(f"not installed: {', '.join(missing)}; first: {sys.argv[0]} install")
        node = slurm_conf.recall(self.home, cpus, gpus)
        for name in ("state", "spool", "log", "run", "etc"):
            (self.home / name).mkdir(mode=0o755, parents=True, exist_ok=True)
        if self.slurmctld.pid() is None:
            slurm_conf.write(self.home, node)
        elif node != slurm_conf.recall(self.home, None, None):
            raise ClusterError("the node of a running cluster does not change; stop it first")
        self.start_munge()
        self.start_database()
        self.start_accounting()
        self.start_controller()
        self.start_node()
        if self.node_state() not in {"idle", "mixed", "allocated"}:
            must("scontrol", "update", f"NodeName={slurm_conf.host_name()}", "State=RESUME")
            if not wait(lambda: self.node_state() in {"idle", "mixed", "allocated"}):
                raise self.slurmd.failure(f"the node is {self.node_state()}")

    def launch(self, daemon: Daemon, command: list[str], ready: Callable[[], bool], **options: Any) -> None:
        """Start a daemon that does not run, and wait until it answers."""
        if daemon.pid() is None:
            daemon.pid_file.unlink(missing_ok=True)
            with daemon.log.open("ab") as log:
                started = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **options
                )
            # All but the database leave by themselves as soon as the real daemon runs.
            if not wait(lambda: daemon.pid() is not None or bool(started.poll())):
                raise daemon.failure("writes no pid")
            if started.poll():
                raise daemon.failure(f"exit code {started.returncode}")
        if not wait(lambda: ready() or daemon.pid() is None) or daemon.pid() is None:
            raise daemon.failure("does not answer" if daemon.pid() else "ended at its start")

    def start_munge(self) -> None:
        """Munge, with the folders that otherwise systemd makes and the key that otherwise its package makes."""
        for folder, mode in ((self.munged.pid_file.parent, 0o755), (self.munged.log.parent, 0o700)):
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
            shutil.chown(folder, "munge", "munge")
        if not MUNGE_KEY.exists():
            MUNGE_KEY.write_bytes(os.urandom(128))
            MUNGE_KEY.chmod(0o400)
            shutil.chown(MUNGE_KEY, "munge", "munge")
        if self.munged.pid() is None:
            Path("/run/munge/munge.socket.2").unlink(missing_ok=True)
        # Only munge itself may write its log: what it says before it has one goes to the folder of the others.
        start = Daemon("munged", self.munged.pid_file, self.home / "log" / "munged.log")
        works = lambda: ask("sh", "-c", "munge -n | unmunge").returncode == 0  # noqa: E731
        self.launch(start, ["munged"], works, user="munge", group="munge", extra_groups=[])

    def start_database(self) -> None:
        """A MariaDB of its own: no network, and root of the machine is its root."""
        data = self.home / "db"
        if not (data / "mysql").is_dir():
            must(
                "mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}", "--skip-test-db",
                "--auth-root-authentication-method=socket",
            )  # fmt: skip
        command = ["mariadbd", "--no-defaults", "--user=root", "--skip-networking", f"--datadir={data}"]
        command += [f"--socket={self.socket}", f"--pid-file={self.mariadbd.pid_file}"]
        # slurmdbd complains about less; and losing a second of a test's accounting with the power harms nobody.
        command += ["--innodb-lock-wait-timeout=900", "--innodb-flush-log-at-trx-commit=0"]
        ping = ("mariadb-admin", "--no-defaults", f"--socket={self.socket}", "--user=root", "ping")
        self.launch(self.mariadbd, command, lambda: ask(*ping).returncode == 0)

    def start_accounting(self) -> None:
        """Slurmdbd, and the cluster, account and user without which it counts nothing."""
        # StorageHost cannot name a socket; the client library takes it from the environment.
        environment = os.environ | {"MYSQL_UNIX_PORT": str(self.socket)}
        listed = ("sacctmgr", "-n", "-P", "show", "assoc", "format=cluster,account,user")
        self.launch(self.slurmdbd, ["slurmdbd"], lambda: listens(6819) and not ask(*listed).returncode, env=environment)
        if f"{slurm_conf.CLUSTER}|jetloom|root" not in must(*listed).split():
            # Each of these fails if it is there already, as after a start that was cut short.
            ask("sacctmgr", "-i", "add", "cluster", slurm_conf.CLUSTER)
            ask("sacctmgr", "-i", "add", "account", "jetloom")
            ask("sacctmgr", "-i", "add", "user", "root", "account=jetloom", "defaultaccount=jetloom")
            if f"{slurm_conf.CLUSTER}|jetloom|root" not in must(*listed).split():
                raise self.slurmdbd.failure("does not register the user")

    def start_controller(self) -> None:
        """Slurmctld."""
        self.launch(self.slurmctld, ["slurmctld"], lambda: "is UP" in ask("scontrol", "ping").stdout)

    def start_node(self) -> None:
        """Slurmd, which takes up the jobs that outlived the one before."""
        # A star marks a node that does not respond, "unknown" one that never did; for a while after a kill, neither.
        ready = lambda: listens(6818) and (state := self.node_state()).isalpha() and state != "unknown"  # noqa: E731
        self.launch(self.slurmd, ["slurmd"], ready)

    def node_state(self) -> str:
        """The state of the node as the controller sees it."""
        return ask("sinfo", "-h", "-N", "-p", "main", "-o", "%T").stdout.strip()

    def stop(self) -> None:
        """End the jobs, then the daemons, each before those that it needs."""
        if self.slurmctld.pid() is not None and "is UP" in ask("scontrol", "ping").stdout:
            jobs = ("squeue", "-h", "-o", "%A")
            if numbers := sorted(set(ask(*jobs).stdout.split())):
                ask("scancel", "--quiet", *numbers)
                wait(lambda: not ask(*jobs).stdout.split(), GRACE)
        self.slurmd.end()
        end_steps()
        for daemon in (self.slurmctld, self.slurmdbd, self.mariadbd, self.munged):
            daemon.end()

    def wipe(self) -> None:
        """Stop, and remove all that the cluster knows."""
        self.stop()
        slurm_conf.unlink()
        if (self.home / "node.json").exists():
            shutil.rmtree(self.home)

    def status(self) -> bool:
        """Tell what runs; whether everything does."""
        for daemon in self.daemons:
            pid = daemon.pid()
            sys.stdout.write(f"{daemon.name:10} {'down' if pid is None else f'up, pid {pid}'}\n")
        state = self.node_state() if self.slurmctld.pid() is not None else ""
        sys.stdout.write(f"{'node':10} {state or 'unknown'}\n")
        return bool(state) and all(daemon.pid() is not None for daemon in self.daemons)


def end_steps() -> None:
    """End jobs whose slurmd or controller went before them: nobody else would."""
    parents = {int(entry.name): process(int(entry.name)) for entry in Path("/proc").glob("[0-9]*")}
    doomed = {pid for pid, (name, _) in parents.items() if name == "slurmstepd"}
    while more := {pid for pid, (_, parent) in parents.items() if parent in doomed} - doomed:
        doomed |= more
    for pid in doomed:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def act(verb: str, slurm: Slurm, cpus: int | None, gpus: int | None) -> None:
    """Do what the verb says."""
    verbs: dict[str, list[Callable[[], None]]] = {
        "install": [slurm_packages.install],
        "start": [lambda: slurm.start(cpus, gpus)],
        "stop": [slurm.stop],
        "wipe": [slurm.wipe],
        "start-controller": [slurm.start_controller],
        "kill-controller": [lambda: slurm.slurmctld.end(signal.SIGKILL)],
        "restart-controller": [slurm.slurmctld.end, slurm.start_controller],
        "start-node": [slurm.start_node],
        "kill-node": [lambda: slurm.slurmd.end(signal.SIGKILL)],
    }
    if os.geteuid() or not Path("/etc/debian_version").exists():
        raise ClusterError("this needs root on a Debian machine")
    if verb != "install" and (foreign := slurm_conf.foreign(slurm.home)):
        raise ClusterError(f"{foreign[0]} belongs to another Slurm, which stays as it is")
    # Two tests that want the cluster at once get one.
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for step in verbs[verb]:
            step()


VERBS = ("install", "start", "stop", "wipe", "status")
FAULTS = ("start-controller", "kill-controller", "restart-controller", "start-node", "kill-node")


def main() -> int:
    """Read the command line and obey."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=VERBS + FAULTS)
    parser.add_argument("--home", type=Path, default=HOME, help="where everything lies (%(default)s)")
    parser.add_argument("--cpus", type=int, help=f"CPUs of the node, more than real ones too ({slurm_conf.CPUS})")
    parser.add_argument("--gpus", type=int, help=f"pretended GPUs of the node ({slurm_conf.GPUS})")
    arguments = parser.parse_args()
    # Where daemons lie; not every shell of root has it.
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    slurm = Slurm(arguments.home.absolute())
    try:
        if arguments.verb == "status":
            return 0 if slurm.status() else 1
        act(arguments.verb, slurm, arguments.cpus, arguments.gpus)
    except (ClusterError, OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
