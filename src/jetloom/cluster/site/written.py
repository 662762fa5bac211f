"""A profile for a site, written from what it says of itself: what jobs need there; all else to be uncommented."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from jetloom.cluster.profiles.asked import Asked, Examined
from jetloom.cluster.schedulers import condor
from jetloom.cluster.schedulers.scheduler import SilentSchedulerError, call
from jetloom.cluster.site.checks_condor import setting
from jetloom.cluster.site.checks_slurm import LEAST_AGE, options
from jetloom.cluster.site.site_slurm import Partition, SlurmSite, accounts_of, known_qos, minutes, read_site

HEAD = """\
# What {where} needs besides profiles/{base}, as `jetloom doctor --write` found it:
#
#     snakemake --profile {base} --profile {file} --configfile my.yaml
#
# A key that stands here replaces that of profiles/{base} as a whole. Lines with a # are there to be chosen from.
"""
SLURM_LINES = """\
  # For all jobs, if your centre wants them:
  # - slurm_account="PROJECT"        # whose budget it is
  # - qos="normal"                   # {qos}
  # - constraint="cpu"               # nodes by a feature, where partitions do not tell them apart
  # - mem_mb_per_cpu=2000            # where --mem is forbidden; jobs ask for as much more as they need
  # - slurm_extra="--comment=jetloom"    # any other option of sbatch, blanks between them
"""
SLURM_END = """\
# GPUs: `device: gpu` in the configuration asks by --gpus. Where a centre wants another form:
# set-resources:
#   train:
#     gres: '"gpu:1"'                # or gpu:a100:1
#     gpu: 0

# Modules that jobs need are loaded before Snakemake is started: jobs get its environment. Or the rules get their own:
# software-deployment-method: conda      # envs/cpu.yaml, envs/gpu.yaml; or apptainer, with envs/container.def

# Arrays: trainings that are ready at a time are one submission. All of an array ask for the same.
# slurm-array-jobs: train
"""


@dataclass
class Written:
    """A profile on its way."""

    executor: str
    default: list[str] = field(default_factory=list)
    """Resources of all jobs."""
    of_rules: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Other keys, with their values and why."""

    def text(self, head: str, lines: str, end: str) -> str:
        """Return the file."""
        return "\n".join(filter(None, ["\n".join(self._blocks(head, lines)), end]))

    def _blocks(self, head: str, lines: str) -> Iterator[str]:
        yield head
        yield f"executor: {self.executor}\n"
        yield "default-resources:" if self.default else "# default-resources:"
        yield from (f"  - {entry}" for entry in self.default)
        yield lines
        if self.of_rules:
            yield "set-resources:"
        for rule, given in self.of_rules.items():
            yield f"  {rule}:"
            yield from (f"    {name}: {value}" for name, value in given.items())
        for key, (value, why) in self.keys.items():
            yield f"\n# {why}\n{key}: {value}"
        yield ""


def profile_of(executor: str, examined: Examined, file: str) -> str:
    """Return the text of a profile for the site behind an executor.

    Parameters
    ----------
    executor : str
        ``slurm`` or ``htcondor``.
    examined : Examined
        What jobs ask for.
    file : str
        Its name, to be told in it.

    Raises
    ------
    SilentSchedulerError
        If the batch system does not answer.
    """
    if executor == "slurm":
        site = read_site()
        where, base = f"the Slurm of cluster {site.settings.get('ClusterName', '?')}", "slurm"
        lines = SLURM_LINES.format(qos=", ".join(known_qos() or {}) or "its names are not told here")
        return slurm(site, examined).text(HEAD.format(where=where, base=base, file=file), lines, SLURM_END)
    head = HEAD.format(where="this HTCondor pool", base="condor", file=file)
    return pool(examined).text(head, CONDOR_LINES, "")


def slurm(site: SlurmSite, examined: Examined) -> Written:
    """Return what jobs need on a Slurm."""
    found = Written("slurm")
    cpu = [entry for entry in examined.asked if not entry.gpus]
    gpu = [entry for entry in examined.asked if entry.gpus]
    default = next((one for one in site.partitions.values() if one.default), None)
    chosen = _fitting(site, cpu)
    if chosen is not None and chosen is not default:
        found.default.append(f'slurm_partition="{chosen.name}"')
    cards = _fitting(site, gpu)
    if gpu and cards is not None and cards is not chosen:
        found.of_rules["train"] = {"slurm_partition": f"'\"{cards.name}\"'"}
    if site.enforces("associations") and (accounts := accounts_of(getpass.getuser())):
        allowed = [name for name in accounts if not chosen or not chosen.accounts or name in chosen.accounts]
        found.default.append(f'slurm_account="{(allowed or list(accounts))[0]}"')
    if not _takes_memory(cpu, examined):
        found.default.append("mem_mb_per_cpu=1000")
    _questions(site, found)
    return found


def _fitting(site: SlurmSite, asked: Sequence[Asked]) -> Partition | None:
    """Return the partition for some requests: the default one if they fit, otherwise that which gives the most time."""
    memory = max((entry.memory for entry in asked), default=0)
    longest = max((entry.minutes for entry in asked), default=0)
    gpus = max((entry.gpus for entry in asked), default=0)

    def fits(one: Partition) -> bool:
        usable = one.up and any(node.usable for node in one.nodes) and one.gpus() >= gpus
        return usable and one.memory_with(gpus) >= memory and one.max_minutes >= longest

    good = [one for one in site.partitions.values() if fits(one)]
    best = sorted(good, key=lambda one: (not one.default, -min(one.max_minutes, 1e9), one.name))
    return best[0] if best else None


def _takes_memory(asked: Iterable[Asked], examined: Examined) -> bool:
    """Say whether Slurm takes a request for memory by job; so it does if it takes none by CPU either."""
    for entry in asked:
        words = options(entry, examined)
        if not _takes(words):
            return not _takes([word.replace("--mem=", "--mem-per-cpu=") for word in words])
    return True


def _takes(words: list[str]) -> bool:
    try:
        call(["sbatch", "--test-only", *words, "--wrap", "true"], tries=1)
    except SilentSchedulerError:
        return False
    return True


def _questions(site: SlurmSite, found: Written) -> None:
    """Choose how the driver asks for jobs, and whether Slurm begins jobs again."""
    age = site.settings.get("MinJobAge", "").split()
    seconds = float(age[0]) if age and age[0].isdigit() else minutes(" ".join(age)) * 60
    if seconds < LEAST_AGE and seconds != inf:
        found.keys["slurm-status-command"] = ("sacct", f"squeue forgets jobs {seconds:.0f} s after their end here")
    if site.settings.get("JobRequeue") == "0":
        found.keys["slurm-requeue"] = ("false", "this Slurm begins no job again: jetloom submits it again")


CONDOR_LINES = """\
  # For all jobs, if your pool wants them:
  # - classad_AccountingGroup="group_experiment.you"
  # - requirements="OpSysMajorVer == 9"
  # - container_image="/cvmfs/.../image"     # an Apptainer image; envs/container.def makes one
"""


def pool(examined: Examined) -> Written:
    """Return what jobs need in an HTCondor pool."""
    found = Written("htcondor")
    asked = examined.sources.default_resources()
    vacate = asked.get("htcondor_submit_job_max_vacate_time", 60)
    if setting("SUBMIT_ALLOW_GETENV").lower() == "false":
        path = os.environ.get("PATH", "/usr/bin:/bin")
        found.default.append(f'environment="PATH={path} HOME={os.environ.get("HOME", "/")}"  # it forbids getenv')
    else:
        found.default.append("getenv=True")
    found.default.append(f"htcondor_submit_job_max_vacate_time={vacate}")
    most = setting("MAX_JOBS_PER_OWNER")
    jobs = examined.sources.merged.get("jobs", 100)
    if most.isdigit() and isinstance(jobs, int) and int(most) < jobs:
        found.keys["jobs"] = (most, "this queue takes no more of one user")
    condor.read_slots()  # that it answers
    return found
