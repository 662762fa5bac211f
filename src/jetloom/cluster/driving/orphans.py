"""Snakemake's books on a job of a batch system, kept so that they are right although the job outlives its driver.

* While a job runs, its own Snakemake writes a marker without the scheduler's id over the one that the driver left: then
  nobody can find out any more which job makes a file.
* What a result was made from (its parameters, the digests of its inputs) is written down by the driver, when the job is
  over. A result that came after the driver's end would count as done for ever, whatever changed since.
* One of a bundle's parameters is which trainings lack a result. What is written down is what it was when the job was
  planned; when the job is over none lacks one, and the bundle would be made again at each run.
"""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakSet

from jetloom.scan.attempts.identity import scheduler_job

LACKING = "lacking"
"""The parameter of the rule ``train`` that names the trainings of a bundle without a result."""


def keep_ids(workflow: Any) -> None:
    """In a job's own Snakemake: leave the driver's markers alone, and what is another job's by now.

    A job that is held or lost takes its time to die. Its work may have been given to a successor meanwhile, whose
    marker, records and files a dying Snakemake would clean away as those of its own failed job.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way.
    """
    from snakemake.jobs import Job
    from snakemake.persistence import PersistenceBase

    def is_another_ones(job: Any) -> bool:
        workflow.persistence._clear_cache()
        named = [name for name in workflow.persistence.external_jobids(job) if name]
        own = scheduler_job()
        return bool(own and named) and own not in named

    def only_own(kind: Any, name: str, at: int) -> None:
        """Let a method do nothing with a job, the argument at a place, that is another one's."""
        first = getattr(getattr(kind, name), "original", getattr(kind, name))
        if asyncio.iscoroutinefunction(first):

            async def later(*arguments: Any, **more: Any) -> Any:
                return None if is_another_ones(arguments[at]) else await first(*arguments, **more)

            guarded: Any = later
        else:

            def guarded(*arguments: Any, **more: Any) -> Any:
                return None if is_another_ones(arguments[at]) else first(*arguments, **more)

        guarded.original = first
        setattr(kind, name, guarded)

    only_own(PersistenceBase, "cleanup", 1)
    only_own(PersistenceBase, "finished", 1)
    only_own(Job, "cleanup", 0)

    original = getattr(Job.register, "original", Job.register)

    def register(self: Any, external_jobid: str | None = None) -> None:
        if not workflow.persistence.external_jobids(self):
            original(self, external_jobid)

    register.original = original  # type: ignore[attr-defined]
    Job.register = register


def record_at_submission(workflow: Any) -> None:
    """In the driver: write down what a job's results are made from when it is submitted, and again when it is over.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way.
    """
    from snakemake.jobs import Job

    original = getattr(Job.register, "original", Job.register)
    tasks = set()

    async def record(job: Any, external_jobid: str) -> None:
        await workflow.persistence.finished(job)
        original(job, external_jobid)  # it is not finished, of course

    def register(self: Any, external_jobid: str | None = None) -> None:
        original(self, external_jobid)
        if external_jobid is None:
            return
        try:
            task = asyncio.get_running_loop().create_task(record(self, external_jobid))
        except RuntimeError:  # no loop runs in this thread
            workflow.async_run(record(self, external_jobid))
        else:
            tasks.add(task)  # a loop does not keep its tasks alive
            task.add_done_callback(tasks.discard)

    register.original = original  # type: ignore[attr-defined]
    Job.register = register


def record_that_none_lacks() -> None:
    """In the driver: write down of a bundle that is over that no training of it lacks its result."""
    from snakemake.persistence import PersistenceBase

    finished = getattr(PersistenceBase.finished, "original", PersistenceBase.finished)
    parameters = getattr(PersistenceBase._params, "original", PersistenceBase._params)
    over: WeakSet[Any] = WeakSet()

    async def note_finished(self: Any, job: Any) -> None:
        over.add(job)
        try:
            await finished(self, job)
        finally:
            over.discard(job)

    def params(self: Any, job: Any) -> list[str]:
        found: list[str] = parameters(self, job)
        lacking = getattr(job.params, LACKING, "") if job in over else ""
        return sorted({*found} - {repr(lacking)} | {repr("")}) if lacking else found

    note_finished.original = finished  # type: ignore[attr-defined]
    params.original = parameters  # type: ignore[attr-defined]
    PersistenceBase.finished = note_finished
    PersistenceBase._params = params
