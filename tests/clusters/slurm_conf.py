"""The configuration files of the one-node Slurm that the tests run against."""

import json
import re
import socket
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

ETC = Path("/etc/slurm")
CLUSTER = "jetloom"
# A job sees the number of its GPU, never the device: any character device will do, but no device twice.
GPU_DEVICES = ("/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
CPUS = 4
GPUS = 2
RESERVED_MB = 1024
FILES = ("slurm.conf", "slurmdbd.conf", "gres.conf", "cgroup.conf")

SLURM_CONF = """\
ClusterName={cluster}
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A requeued job waits this long before it may start again; the default of 120 s would dominate every test.
AuthInfo=cred_expire=15
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/run/slurmctld.pid
SlurmdPidFile={home}/run/slurmd.pid
SlurmctldLogFile={home}/log/slurmctld.log
SlurmdLogFile={home}/log/slurmd.log
MailProg=/bin/true
MpiDefault=none
# Neither cgroups nor systemd are needed for these.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# Memory is polled every 2 s, and a job above its request is ended.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# A job starts at once instead of at the next round of the scheduler.
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,bf_interval=5
# Only for sshare to have something to tell.
PriorityType=priority/multifactor
# Jobs of `low` make room for those of the other partitions.
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
ReturnToService=2
KillWait=5
InactiveLimit=0
# A slurmd that was killed is noticed within a test.
SlurmdTimeout=30
MaxArraySize=1001
# How long squeue still knows a job that ended; Snakemake's executor needs 120 s at least.
MinJobAge=300
# The node may be given more CPUs than the machine has.
SlurmdParameters=config_overrides
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb}{gres} State=UNKNOWN
PartitionName=DEFAULT Nodes={host} State=UP MaxTime=02:00:00 DefaultTime=00:10:00 DefMemPerCPU=256
PartitionName=main Default=YES PriorityTier=10 PreemptMode=OFF
PartitionName=gpu PriorityTier=10 PreemptMode=OFF
PartitionName=low PriorityTier=1 PreemptMode=REQUEUE GraceTime=10
"""

SLURMDBD_CONF = """\
AuthType=auth/munge
DbdHost=localhost
SlurmUser=root
PidFile={home}/run/slurmdbd.pid
LogFile={home}/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm_acct_db
CommitDelay=0
"""


class ClusterError(Exception):
    """The cluster is not in the state it was asked for."""


@dataclass(frozen=True)
class Node:
    """What the one node is said to have; the same at every start, or Slurm requeues its jobs."""

    cpus: int = CPUS
    gpus: int = GPUS


def recall(home: Path, cpus: int | None, gpus: int | None) -> Node:
    """The node as asked for, else as at the last start, else the default one."""
    path = home / "node.json"
    known = Node(**json.loads(path.read_text())) if path.is_file() else Node()
    node = Node(known.cpus if cpus is None else cpus, known.gpus if gpus is None else gpus)
    if node.cpus < 1 or not 0 <= node.gpus <= len(GPU_DEVICES):
        raise ClusterError(f"a node has at least 1 CPU and 0 to {len(GPU_DEVICES)} GPUs, not {node}")
    return node


def host_name() -> str:
    """The short host name, which is the node's name."""
    return socket.gethostname().split(".")[0]


def memory_mb() -> int:
    """The memory of the machine as slurmd finds it, less some for everything else."""
    found = subprocess.run(["slurmd", "-C"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"RealMemory=(\d+)", found)
    if match is None:
        raise ClusterError(f"slurmd -C tells no memory: {found!r}")
    return max(int(match[1]) - RESERVED_MB, RESERVED_MB)


def contents(home: Path, node: Node) -> dict[str, str]:
    """The text of each configuration file."""
    gres = f" Gres=gpu:{node.gpus}" if node.gpus else ""
    return {
        "slurm.conf": SLURM_CONF.format(
            cluster=CLUSTER, home=home, host=host_name(), cpus=node.cpus, memory_mb=memory_mb(), gres=gres
        ),
        "slurmdbd.conf": SLURMDBD_CONF.format(home=home),
        "gres.conf": "".join(f"Name=gpu File={device}\n" for device in GPU_DEVICES[: node.gpus]),
        "cgroup.conf": "CgroupAutomount=no\n",
    }


def write(home: Path, node: Node) -> None:
    """Write the files below the home, and link them from where every command looks without being told."""
    ETC.mkdir(mode=0o755, exist_ok=True)
    for name, text in contents(home, node).items():
        link, path = ETC / name, home / "etc" / name
        path.write_text(text)
        # slurmdbd refuses a configuration that others can read.
        path.chmod(0o600 if name == "slurmdbd.conf" else 0o644)
        if not link.is_symlink():
            link.symlink_to(path)
    (home / "node.json").write_text(json.dumps(asdict(node)))


def foreign(home: Path) -> list[Path]:
    """The files under the names of ours that do not lead into the home: one machine has room for one Slurm."""
    places = {ETC / name: home / "etc" / name for name in FILES}
    return [
        link
        for link, path in places.items()
        if (link.is_symlink() and link.readlink() != path) or (link.exists() and not link.is_symlink())
    ]


def unlink() -> None:
    """Remove the links."""
    for name in FILES:
        (ETC / name).unlink(missing_ok=True)
