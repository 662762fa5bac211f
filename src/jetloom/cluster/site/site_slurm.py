"""What a Slurm offers: its partitions, their limits and nodes, who may submit where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from jetloom.cluster.schedulers.scheduler import SilentSchedulerError, call
from jetloom.cluster.schedulers.slurm import parse_fields

UNUSABLE = re.compile(r"(down|drain|fail|error|unknown|boot_fail)|.*\*$", re.IGNORECASE)
GRES = re.compile(r"([A-Za-z0-9_]+)(?::([A-Za-z][A-Za-z0-9_.\-]*))?(?::(\d+))?")


@dataclass(frozen=True)
class Node:
    """A machine, in one partition."""

    name: str
    partition: str
    state: str
    memory: int
    cpus: int
    gres: str

    @property
    def usable(self) -> bool:
        """Whether jobs may come to it, now or when it is free."""
        return UNUSABLE.match(self.state) is None

    def devices(self, name: str = "gpu", model: str = "") -> int:
        """Return how many devices of a name, and of a model if one is given, it has."""
        return sum(count for kind, found, count in parse_gres(self.gres) if kind == name and model in ("", found))


@dataclass(frozen=True)
class Partition:
    """A partition."""

    name: str
    up: bool
    default: bool
    max_minutes: float
    max_memory: float
    """The most memory of a job on one node, in MB; a limit per CPU is not looked at."""
    accounts: tuple[str, ...]
    """Who may submit; empty: everybody."""
    qos: tuple[str, ...]
    nodes: tuple[Node, ...]
    qos_of_jobs: str = ""
    """The QOS whose limits hold for every job of the partition."""

    @property
    def memory(self) -> float:
        """The largest memory that a job may have, in MB."""
        return self.memory_with(0)

    def memory_with(self, gpus: int, model: str = "") -> float:
        """Return the largest memory that a job with so many GPUs of a node may have, in MB."""
        fitting = [node.memory for node in self.nodes if not gpus or node.devices("gpu", model) >= gpus]
        return min(self.max_memory, max(fitting, default=inf))

    @property
    def cpus(self) -> int:
        """The most CPUs of a node."""
        return max((node.cpus for node in self.nodes), default=0)

    def gpus(self, model: str = "", name: str = "gpu") -> int:
        """Return the most GPUs of one node."""
        return max((node.devices(name, model) for node in self.nodes), default=0)

    def gres(self) -> str:
        """Name the kinds of devices of its nodes."""
        return ", ".join(sorted({node.gres for node in self.nodes if node.gres not in ("", "(null)")}))


@dataclass(frozen=True)
class SlurmSite:
    """A Slurm."""

    partitions: dict[str, Partition]
    settings: dict[str, str] = field(default_factory=dict)

    def chosen(self, named: str) -> list[Partition]:
        """Return the partitions that a job may go to: those that it names, or the default one."""
        if named:
            return [self.partitions[name] for name in named.split(",") if name in self.partitions]
        return [partition for partition in self.partitions.values() if partition.default]

    def enforces(self, what: str) -> bool:
        """Whether a job without a valid association, QOS, ... is refused."""
        return what in self.settings.get("AccountingStorageEnforce", "").lower()

    def hosts(self) -> set[str]:
        """Name all nodes."""
        return {node.name for partition in self.partitions.values() for node in partition.nodes}


def read_site() -> SlurmSite:
    """Ask Slurm for its partitions, nodes and settings.

    Raises
    ------
    SilentSchedulerError
        If it does not answer.
    """
    nodes = parse_nodes(call(["sinfo", "--noheader", "--Node", "--format=%N|%R|%T|%m|%c|%G"], tries=1))
    partitions = parse_partitions(call(["scontrol", "--oneliner", "show", "partition"], tries=1), nodes)
    return SlurmSite(partitions, parse_settings(call(["scontrol", "show", "config"], tries=1)))


def parse_nodes(text: str) -> list[Node]:
    """Read ``sinfo -N -o '%N|%R|%T|%m|%c|%G'``."""
    found = []
    for line in text.splitlines():
        if line.count("|") == 5:
            name, partition, state, memory, cpus, gres = line.strip().split("|")
            found.append(Node(name, partition, state, _whole(memory), _whole(cpus), gres))
    return found


def parse_partitions(text: str, nodes: Iterable[Node]) -> dict[str, Partition]:
    """Read ``scontrol -o show partition``."""
    nodes = list(nodes)
    found = {}
    for line in text.splitlines():
        fields = parse_fields(line)
        if name := fields.get("PartitionName"):
            found[name] = Partition(
                name=name,
                up=fields.get("State", "UP") == "UP",
                default=fields.get("Default") == "YES",
                max_minutes=minutes(fields.get("MaxTime", "UNLIMITED")),
                max_memory=float(_whole(fields.get("MaxMemPerNode", "")) or inf),
                accounts=_listed(fields.get("AllowAccounts", "ALL")),
                qos=_listed(fields.get("AllowQos", "ALL")),
                nodes=tuple(node for node in nodes if node.partition == name),
                qos_of_jobs="".join(_listed(fields.get("QoS", "N/A"))),
            )
    return found


def parse_settings(text: str) -> dict[str, str]:
    """Read ``scontrol show config``."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def parse_gres(text: str) -> list[tuple[str, str, int]]:
    """Read ``gpu:a100:4(S:0-1),nvme:1`` as kind, model and count."""
    entries = (GRES.match(entry) for entry in re.sub(r"\([^)]*\)", "", text).split(","))
    return [(match[1], match[2] or "", int(match[3] or 1)) for match in entries if match]


def minutes(text: str) -> float:
    """Read a time limit (``30``, ``30:00``, ``02:00:00``, ``1-00:00:00``, ``UNLIMITED``) in minutes."""
    match = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", text.strip())
    if match is None:
        return inf
    days, first, second, third = (int(part or 0) for part in match.groups())
    if match[1] or match[4]:
        return days * 1440 + first * 60 + second + third / 60
    return first + second / 60


def accounts_of(user: str) -> dict[str, set[str]] | None:
    """Return the accounts of a user with the QOS that each may use; None if nobody says."""
    try:
        text = call(["sacctmgr", "-nP", "show", "assoc", "where", f"user={user}", "format=account,qos"], tries=1)
    except SilentSchedulerError:
        text = ""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        account, _, qos = line.strip().partition("|")
        if account:
            found.setdefault(account.lower(), set()).update(filter(None, qos.split(",")))
    if found:
        return found
    try:
        text = call(["sshare", "-U", "-h", "-P", "-o", "Account"], tries=1)
    except SilentSchedulerError:
        return None
    return {line.strip().lower(): set() for line in text.splitlines() if line.strip()}


def known_qos() -> dict[str, float] | None:
    """Return each QOS with its longest wall time in minutes; None if nobody says."""
    try:
        text = call(["sacctmgr", "-nP", "show", "qos", "format=name,maxwall"], tries=1)
    except SilentSchedulerError:
        return None
    pairs = (line.strip().partition("|") for line in text.splitlines() if line.strip())
    return {name: minutes(wall) if wall else inf for name, _, wall in pairs}


def states(nodes: Iterable[Node]) -> str:
    """Say how many nodes are in which state."""
    return ", ".join(f"{count} {state}" for state, count in Counter(node.state for node in nodes).items())


def _whole(text: str) -> int:
    match = re.match(r"\d+", text)
    return int(match[0]) if match else 0


def _listed(text: str) -> tuple[str, ...]:
    return () if text in ("ALL", "(null)", "N/A") else tuple(text.split(","))
