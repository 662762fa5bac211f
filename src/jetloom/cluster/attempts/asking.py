"""What each job asks for, as the rules say it to Snakemake: a function of the ledger of its attempts so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jetloom import paths
from jetloom.cluster.attempts import needs, requests
from jetloom.config.analysis import Analysis
from jetloom.scan.attempts import ledger
from jetloom.scan.bundles.membership import Training
from jetloom.stages import STAGES

ByWildcards = Callable[[Any], int]


class Asking:
    """The resources of rules, to be unpacked in their ``resources``.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    bundles : mapping
        The trainings of each bundle, by task and name.
    """

    def __init__(self, analysis: Analysis, bundles: Mapping[str, Mapping[str, Sequence[Training]]]) -> None:
        self._analysis, self._bundles = analysis, bundles

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
            return lambda wildcards: needs.memory(self._analysis, wildcards.task, self._bundle(wildcards))
        start = self._first(rule).memory

        def memory(wildcards: Any) -> int:
            attempts, task = self._attempts(rule, wildcards), _task(wildcards)
            return requests.memory(start, needs.growth(self._analysis, rule, task, attempts), attempts)

        return memory

    def _minutes(self, rule: str) -> ByWildcards:
        if rule == "train":
            return lambda wildcards: needs.minutes(self._analysis, wildcards.task, self._bundle(wildcards))
        start = self._first(rule).minutes

        def minutes(wildcards: Any) -> int:
            attempts, task = self._attempts(rule, wildcards), _task(wildcards)
            return requests.minutes(start, needs.growth(self._analysis, rule, task, attempts), attempts)

        return minutes

    def _bundle(self, wildcards: Any) -> Sequence[Training]:
        return self._bundles[wildcards.task][wildcards.bundle]

    def _first(self, rule: str) -> Any:
        return getattr(self._analysis.cluster.stages, STAGES[rule].request)

    def _attempts(self, rule: str, wildcards: Any) -> list[ledger.Attempt]:
        return ledger.read(paths.attempts(self._analysis, rule, dict(wildcards.items())))


def _task(wildcards: Any) -> str:
    return str(dict(wildcards.items()).get("task", ""))
