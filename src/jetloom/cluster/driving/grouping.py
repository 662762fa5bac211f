"""Several trainings in one job of a batch system: a group of Snakemake's, its members one after the other.

Left alone, Snakemake makes a group of each training by itself, and runs the members of a bigger one all at once, as far
as the machine (not the job) has processors, until one fails. So a group is told how many members it has, and that only
one of them may run at a time: its memory and its processors are then those of one member, its wall time is the sum of
theirs. In the job, one that fails keeps the others from nothing.
"""

from __future__ import annotations

from typing import Any

GROUP = "train"
SLOT = "training_slots"
"""A resource of which a training takes one, and a job has one."""
TIMES = ["runtime", "allowed_job_duration"]
"""What adds up if one thing is done after the other; Snakemake itself knows only the first."""


def put_together(workflow: Any, points: int) -> None:
    """Put so many trainings into one job. On this machine alone, nothing changes: each is a job of its own.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way.
    points : int
        Trainings in one job, at most.
    """
    from snakemake.dag import DAG
    from snakemake.resources import GroupResources

    workflow.resource_scopes.setdefault(SLOT, "local")  # a job has its own, they do not share one
    update = getattr(DAG._update_group_components, "original", DAG._update_group_components)
    add_up = getattr(GroupResources.basic_layered, "original", GroupResources.basic_layered)

    def update_group_components(self: Any) -> None:
        if not workflow.local_exec:
            workflow.global_resources.setdefault(SLOT, 1)
            settings = workflow.group_settings
            settings.group_components = {GROUP: points, **settings.group_components}
        update(self)

    def basic_layered(*arguments: Any, additive_resources: list[str] | None = None, **options: Any) -> Any:
        times = [*(additive_resources or []), *(time for time in TIMES if time not in (additive_resources or []))]
        return add_up(*arguments, additive_resources=times, **options)

    update_group_components.original = update  # type: ignore[attr-defined]
    basic_layered.original = add_up  # type: ignore[attr-defined]
    DAG._update_group_components = update_group_components
    GroupResources.basic_layered = staticmethod(basic_layered)


def one_after_the_other(workflow: Any) -> None:
    """In a job's own Snakemake: let one training run at a time, and each although another one failed.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way.
    """
    from snakemake.scheduling.job_scheduler import JobScheduler

    workflow.global_resources.setdefault(SLOT, 1)
    begin = getattr(JobScheduler.__init__, "original", JobScheduler.__init__)

    def initialise(self: Any, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        self.keepgoing = True

    initialise.original = begin  # type: ignore[attr-defined]
    JobScheduler.__init__ = initialise
