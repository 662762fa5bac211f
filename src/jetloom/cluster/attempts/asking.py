"""What each job asks for, as the rules say it to Snakemake: a function of the ledger of its attempts so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jetloom import paths
from jetloom.cluster.attempts import needs, requests
from jetloom.cluster.attempts.learning import LEARNING
from jetloom.config.analysis import Analysis
from jetloom.config.cluster import Stage
from jetloom.scan.attempts import ledger
from jetloom.scan.bundles.membership import Training
from jetloom.stages import STAGES

MAX_RUNTIME = "classad_MaxRuntime"
"""The attribute by which CERN's batch service is told a job's wall time, in seconds."""
ByWildcards = Callable[[Any], int]


class Asking:
    """The resources of rules, to be unpacked in their ``resources``.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    bundles : mapping
        The trainings of each bundle, by task and name.
    per_cpu : int
        The memory (MB) of a CPU that the profile asks for, see :func:`memory_per_cpu`. If it is not 0, memory is asked
        for by CPU: no less than this, and as much more as the job needs, divided by its CPUs.
    told : bool
        Whether an HTCondor is told the wall time as CERN's wants it, see :func:`tells_runtime`.
    """

    def __init__(
        self,
        analysis: Analysis,
        bundles: Mapping[str, Mapping[str, Sequence[Training]]],
        per_cpu: int = 0,
        told: bool = False,
    ) -> None:
        self._analysis, self._bundles, self._per_cpu, self._told = analysis, bundles, per_cpu, told
        self._known: dict[tuple[str, str], needs.Needs] = {}
        self._learnt: dict[str, Stage] = {}
        """What the trainings of each task asked for first when it was last looked."""

    def __call__(self, rule: str) -> dict[str, Any]:
        """Return the resources of a rule by the names that Snakemake and the plugins of batch systems know.

        Parameters
        ----------
        rule : str
            A rule of :data:`jetloom.stages.STAGES`.
        """
        needed, minutes = self._memory(rule), self._minutes(rule)

        def cpus(wildcards: Any) -> int:
            return self.threads(wildcards) if rule == "train" else 1

        def of_cpu(wildcards: Any) -> int:
            return max(self._per_cpu, -(-needed(wildcards) // cpus(wildcards)))

        def of_cpus(wildcards: Any) -> int:
            """Return what the job gets in all, which is what its ledger is told."""
            return of_cpu(wildcards) * cpus(wildcards)

        memory = of_cpus if self._per_cpu else needed
        asked: dict[str, Any] = {
            "mem_mb": memory,
            "htcondor_request_mem_mb": memory,
            "runtime": minutes,
            "allowed_job_duration": lambda wildcards: 60 * minutes(wildcards),
        }
        if self._per_cpu:
            asked["mem_mb_per_cpu"] = of_cpu
        if self._told:
            asked[MAX_RUNTIME] = asked["allowed_job_duration"]
        if rule == "train":
            asked |= {"gpu": self.gpus, "request_gpus": self.gpus}
        return asked

    def gpus(self, wildcards: Any) -> int:
        """Return the GPUs of a training: none, unless its task says ``device: gpu``."""
        on_gpu = self._analysis.tasks[wildcards.task].training.device == "gpu"
        return self._analysis.cluster.gpus if on_gpu else 0

    def threads(self, wildcards: Any) -> int:
        """Return the CPU threads of a training."""
        return self._analysis.tasks[wildcards.task].training.threads

    def _memory(self, rule: str) -> ByWildcards:
        if rule == "train":
            return lambda wildcards: self._needs(wildcards).memory
        start = self._first(rule).memory

        def memory(wildcards: Any) -> int:
            attempts, task = self._attempts(rule, wildcards), _task(wildcards)
            return requests.memory(start, needs.growth(self._analysis, rule, task, attempts), attempts)

        return memory

    def _minutes(self, rule: str) -> ByWildcards:
        if rule == "train":
            return lambda wildcards: self._needs(wildcards).minutes
        start = self._first(rule).minutes

        def minutes(wildcards: Any) -> int:
            attempts, task = self._attempts(rule, wildcards), _task(wildcards)
            return requests.minutes(start, needs.growth(self._analysis, rule, task, attempts), attempts)

        return minutes

    def forget(self) -> None:
        """Look at the ledgers anew: a job failed."""
        self._known.clear()

    def cut(self, wildcards: Any, minutes: int) -> int:
        """Return the least wall time that a bundle can be cut to, if that which it asks for is its own."""
        found = self._needs(wildcards)
        return found.longest if minutes == found.minutes else minutes

    def _needs(self, wildcards: Any) -> needs.Needs:
        """Return what a bundle asks for; its ledgers are read once for all that Snakemake asks of a job."""
        name = wildcards.task, wildcards.bundle
        learnt = LEARNING.first(self._analysis, wildcards.task)
        if self._learnt.setdefault(wildcards.task, learnt) != learnt:
            self._learnt[wildcards.task] = learnt
            self.forget()
        if name not in self._known:
            trainings = self._bundles[wildcards.task][wildcards.bundle]
            self._known[name] = needs.needs(self._analysis, wildcards.task, trainings)
        return self._known[name]

    def _first(self, rule: str) -> Any:
        return getattr(self._analysis.cluster.stages, STAGES[rule].request)

    def _attempts(self, rule: str, wildcards: Any) -> list[ledger.Attempt]:
        return ledger.read(paths.attempts(self._analysis, rule, dict(wildcards.items())))


def _task(wildcards: Any) -> str:
    return str(dict(wildcards.items()).get("task", ""))


def memory_per_cpu(workflow: Any) -> int:
    """Return the memory (MB) of a CPU by the default resources of a run: some Slurms forbid ``--mem``.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way.

    Returns
    -------
    int
        0 if memory is asked for by job; 1 if it is an expression, so that what jobs need decides.
    """
    for name, resource in (workflow.resource_settings.default_resources or {}).items():
        if name == "mem_mb_per_cpu":
            return 1 if resource.is_evaluable() else int(resource.value or 0)
    return 0


def tells_runtime(workflow: Any) -> bool:
    """Say whether the default resources of a run name :data:`MAX_RUNTIME`: each job's own wall time takes its place.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way.
    """
    return MAX_RUNTIME in dict((workflow.resource_settings.default_resources or {}).items())
