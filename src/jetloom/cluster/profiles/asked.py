"""What jobs ask of a batch system: by the profile and the configuration, or by the jobs of a workflow under way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jetloom.cluster.attempts import needs
from jetloom.cluster.attempts.asking import Asking
from jetloom.cluster.profiles.sources import Sources
from jetloom.config.analysis import Analysis
from jetloom.scan.bundles.membership import scan_bundles
from jetloom.stages import STAGES, Stage, jobs_of


@dataclass(frozen=True)
class Asked:
    """What jobs of a rule ask for. 0: nothing, or not known before a job is there."""

    rule: str
    memory: int = 0
    minutes: int = 0
    gpus: int = 0
    threads: int = 1
    memory_limit: int = 0
    """The most that a later attempt asks for."""
    minutes_limit: int = 0
    others: dict[str, Any] = field(default_factory=dict)
    """All other resources, by the names of Snakemake's plugins."""
    task: str = ""
    backend: str = "tensorflow"
    """What trains, for jobs with GPUs."""

    def get(self, name: str) -> str:
        """Return one of the other resources; "" if it is not asked for."""
        return str(self.others.get(name) or "")


@dataclass(frozen=True)
class Examined:
    """What is held against a site."""

    sources: Sources
    asked: Sequence[Asked]
    config: str = "the configuration"


def by_profile(sources: Sources, analysis: Analysis) -> list[Asked]:
    """Return what the jobs of an analysis will ask for."""
    found = []
    for stage, task in jobs_of(analysis):
        rule = stage.rule
        own = _own(stage, task, analysis)
        everything = {**sources.default_resources(), **own, **sources.resources_of(rule)}
        asked = _asked(rule, everything, task)
        if everything["mem_mb"] == own["mem_mb"]:
            asked = replace(asked, memory_limit=analysis.cluster.growth.memory_limit)
        if everything["runtime"] == own["runtime"]:
            asked = replace(asked, minutes_limit=analysis.cluster.growth.minutes_limit)
        if rule == "train":
            training = analysis.tasks[task].training
            asked = replace(asked, threads=training.threads, backend=training.backend)
        found.append(replace(asked, threads=_whole(everything.get("cpus_per_task")) or asked.threads))
    return found


def by_jobs(workflow: Any, asks: Asking) -> list[Asked]:
    """Return what the jobs of a run of Snakemake ask for, one of each rule and task.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow, its jobs known.
    asks : Asking
        What the rules ask for. The time of a bundle is cut to what the site gives, so that of one training counts.
    """
    found: dict[tuple[str, str], Asked] = {}
    for job in workflow.dag.needrun_jobs():
        task = str(job.wildcards_dict.get("task", ""))
        if (job.rule.name, task) in found or workflow.is_local(job.rule):
            continue
        asked = _asked(job.rule.name, dict(job.resources.items()), task)
        if job.rule.name == "train":
            asked = replace(asked, minutes=asks.cut(job.wildcards, asked.minutes))
        found[job.rule.name, task] = replace(asked, threads=int(job.threads))
    return list(found.values())


def _own(stage: Stage, task: str, analysis: Analysis) -> dict[str, Any]:
    """Return the resources that the rules themselves set."""
    first = getattr(analysis.cluster.stages, stage.request)
    own = {"mem_mb": first.memory, "htcondor_request_mem_mb": first.memory, "runtime": first.minutes}
    if stage.rule == "train":
        # The time is that of one training: that of several in a job is cut to what the site gives.
        most = max(map(len, scan_bundles(analysis, task).values()))
        own["mem_mb"] = own["htcondor_request_mem_mb"] = needs.memory_of(analysis, task, [first.memory] * most)
        gpus = analysis.cluster.gpus if analysis.tasks[task].training.device == "gpu" else 0
        own |= {"gpu": gpus, "request_gpus": gpus}
    return own


def _asked(rule: str, resources: dict[str, Any], task: str) -> Asked:
    gpus = max(_whole(resources.get("gpu")), _gres(resources.get("gres")), _whole(resources.get("request_gpus")))
    memory, minutes = _whole(resources.get("mem_mb")), _whole(resources.get("runtime"))
    return Asked(
        rule,
        memory,
        minutes,
        gpus,
        memory_limit=memory,
        minutes_limit=minutes,
        others={name: value for name, value in resources.items() if isinstance(value, str | int | bool)},
        task=task,
    )


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _gres(value: Any) -> int:
    """Return the GPUs of a generic resource such as ``gpu:a100:2``."""
    words = str(value or "").split(":")
    return (int(words[-1]) if words[-1].isdigit() else 1) if words[0] == "gpu" else 0


def request_of(rule: str) -> str:
    """Return the key of ``cluster.stages`` that a rule's first request stands under; the rule itself for others."""
    return STAGES[rule].request if rule in STAGES else rule


def words_of(asked: Iterable[Asked]) -> str:
    """Name rules for people."""
    return ", ".join(dict.fromkeys(entry.rule for entry in asked))
