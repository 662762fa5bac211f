"""What each job asks for, as the rules say it to Snakemake: a function of the ledger of its attempts so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jetloom import paths
from jetloom.cluster.attempts import ceilings, requests
from jetloom.config.analysis import Analysis
from jetloom.config.cluster import Growth
from jetloom.scan.attempts import ledger
from jetloom.stages import STAGES

ByWildcards = Callable[[Any], int]


class Asking:
    """The resources of rules, to be unpacked in their ``resources``.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    """

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis

    def __call__(self, rule: str) -> dict[str, Any]:
        """Return the resources of a rule by the names that Snakemake and the plugins of batch systems know.

        Parameters
        ----------
        rule : str
            A rule of :data:`jetloom.stages.STAGES`.
        """
        memory, minutes = self._memory(rule), self._minutes(rule)
        asked: dict[str, Any] = {
            "mem_mb": memory,
            "htcondor_request_mem_mb": memory,
            "runtime": minutes,
            "allowed_job_duration": lambda wildcards: 60 * minutes(wildcards),
        }
        if rule == "train":
            # Of a group in one job of a cluster one trains at a time.
            asked |= {"gpu": self.gpus, "request_gpus": self.gpus, "training_slots": 1}
        return asked

    def gpus(self, wildcards: Any) -> int:
        """Return the GPUs of a training: none, unless its task says ``device: gpu``."""
        on_gpu = self._analysis.tasks[wildcards.task].training.device == "gpu"
        return self._analysis.cluster.gpus if on_gpu else 0

    def threads(self, wildcards: Any) -> int:
        """Return the CPU threads of a training."""
        return self._analysis.tasks[wildcards.task].training.threads

    def _memory(self, rule: str) -> ByWildcards:
        start = self._first(rule).memory

        def memory(wildcards: Any) -> int:
            attempts = self._attempts(rule, wildcards)
            return requests.memory(start, self._growth(rule, wildcards, attempts), attempts)

        return memory

    def _minutes(self, rule: str) -> ByWildcards:
        start = self._first(rule).minutes

        def minutes(wildcards: Any) -> int:
            attempts = self._attempts(rule, wildcards)
            return requests.minutes(start, self._growth(rule, wildcards, attempts), attempts)

        return minutes

    def _growth(self, rule: str, wildcards: Any, attempts: list[ledger.Attempt]) -> Growth:
        """Return how requests grow; what the site allows matters, and is read, only after an attempt."""
        growth = self._analysis.cluster.growth
        if not attempts:
            return growth
        return ceilings.limited(growth, ceilings.find(rule, dict(wildcards.items()).get("task", "")))

    def _first(self, rule: str) -> Any:
        return getattr(self._analysis.cluster.stages, STAGES[rule].request)

    def _attempts(self, rule: str, wildcards: Any) -> list[ledger.Attempt]:
        return ledger.read(paths.attempts(self._analysis, rule, dict(wildcards.items())))
