"""A Slurm and an HTCondor made of small scripts on the PATH that answer as real ones did, healthy or sick."""

from pathlib import Path

import yaml

from jetloom.cluster.profiles.asked import Examined, by_profile
from jetloom.cluster.profiles.sources import Sources
from jetloom.config.load import load_merged
from tiny_analysis import CONFIG

PARTITION = (
    "PartitionName={name} AllowGroups=ALL AllowAccounts={accounts} AllowQos=ALL AllocNodes=ALL Default={default} "
    "QoS=N/A DefaultTime=00:10:00 MaxNodes=UNLIMITED MaxTime={time} MinNodes=0 Nodes=n[1-2] State={state} TotalCPUs=8 "
    "TotalNodes=2 SelectTypeParameters=NONE JobDefaults=(null) DefMemPerCPU=256 MaxMemPerNode={memory}"
)
SETTINGS = {
    "AccountingStorageEnforce": "none",
    "ClusterName": "jetloom",
    "EnforcePartLimits": "NO",
    "MinJobAge": "300 sec",
    "SelectType": "select/cons_tres",
    "SLURM_VERSION": "22.05.8",
}
SILENT = "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1"


def partition(name, default="NO", time="1-00:00:00", state="UP", memory="UNLIMITED", accounts="ALL"):
    return PARTITION.format(name=name, default=default, time=time, state=state, memory=memory, accounts=accounts)


class Site:
    """Commands on the PATH; change what they say before they are asked."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "bin").mkdir()

    def command(self, name, script="exit 0"):
        """Put a command on the PATH, or another in its place."""
        path = self.directory / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def says(self, name, **answers):
        """Let a command answer by a word among its arguments."""
        cases = []
        for word, text in answers.items():
            file = self.directory / f"{name}-{word}.txt"
            file.write_text(text)
            cases.append(f"*{word}*) exec /bin/cat {file};;")
        self.command(name, 'case "$*" in\n' + "\n".join(cases) + "\n*) exit 3;;\nesac")

    def without(self, *names):
        """Take commands away."""
        for name in names:
            (self.directory / "bin" / name).unlink()

    def slurm(
        self, partitions=None, nodes=None, settings=(), accounts="jetloom|normal\n", qos="normal|\nlong|02:00:00\n"
    ):
        """Have a Slurm: partition main without GPUs, gpu with two."""
        partitions = partitions or [partition("main", default="YES"), partition("gpu")]
        nodes = nodes or ["n1|main|idle|16000|8|(null)", "n2|gpu|mixed|32000|8|gpu:a100:2(S:0-1)"]
        lines = [f"{name:<24}= {value}" for name, value in {**SETTINGS, **dict(settings)}.items()]
        self.says("scontrol", partition="\n".join(partitions) + "\n", config="\n".join(lines) + "\n")
        self.says("sinfo", Node="\n".join(nodes) + "\n")
        self.says("sacctmgr", assoc=accounts, qos=qos)
        for name in ("squeue", "scancel", "sacct"):
            self.command(name)
        # What it is given runs at once.
        self.command("sbatch", 'case "$*" in *test-only*) exit 0;; esac\nfor last; do :; done\neval "$last"\necho 7')

    def condor(self, slots="8 24105 2\n4 8000 undefined\n"):
        """Have a pool of two slots."""
        for name in ("condor_q", "condor_history", "condor_rm", "condor_submit"):
            self.command(name)
        self.command("condor_status", f"printf '{slots}'")
        self.says("condor_config_val", HOST="127.0.0.1\n", GETENV="true\n", MAX_JOBS="100000\n")


def analysis(device="cpu", gpus=1, stages=None, **growth):
    """A small analysis."""
    content = {**CONFIG, "tasks": {"flavour": {**CONFIG["tasks"]["flavour"]}}}
    task = content["tasks"]["flavour"]
    task["training"] = {**task["training"], "device": device}
    content["cluster"] = {"gpus": gpus, "stages": stages or {}, "growth": growth}
    return load_merged(content)


def profile(directory: Path, name: str, **keys) -> str:
    """Write a profile; give its path."""
    path = directory / f"{name}.yaml"
    path.write_text(yaml.safe_dump({key.replace("_", "-"): value for key, value in keys.items()}, sort_keys=False))
    return str(path)


def examined(names, settings=None):
    """What is held against a site."""
    sources = Sources.read(names)
    return Examined(sources, by_profile(sources, settings or analysis()), "my.yaml")
