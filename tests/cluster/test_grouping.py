"""Several trainings in one job: what the job asks for, by Snakemake's own arithmetic."""

from types import SimpleNamespace

import pytest

from jetloom.cluster.driving import grouping


class FakeJob:
    pipe_group = None

    def __init__(self, **resources):
        self.resources = resources


@pytest.fixture
def grouped(monkeypatch):
    import snakemake.api  # noqa: F401 - its modules import each other: this one first
    from snakemake.dag import DAG
    from snakemake.resources import GroupResources, Resources, ResourceScopes

    monkeypatch.setattr(DAG, "_update_group_components", lambda self: None)
    monkeypatch.setattr(GroupResources, "basic_layered", GroupResources.basic_layered)

    workflow = SimpleNamespace(
        local_exec=False,
        resource_scopes=ResourceScopes.defaults(),
        global_resources=Resources(),
        group_settings=SimpleNamespace(group_components={}),
    )
    grouping.put_together(workflow, 3)
    DAG._update_group_components(SimpleNamespace(workflow=workflow))
    return workflow


def test_memory_of_one_and_time_of_all(grouped):
    from snakemake.resources import GroupResources

    job = {"mem_mb": 1200, "runtime": 10, "allowed_job_duration": 600, "_cores": 1, "_nodes": 1, "training_slots": 1}
    found = GroupResources.basic_layered(
        toposorted_jobs=[[FakeJob(**job), FakeJob(**job | {"mem_mb": 2400}), FakeJob(**job)]],
        constraints=grouped.global_resources, run_local=False, additive_resources=["runtime"], sortby=["runtime"],
    )  # fmt: skip
    asked = {name: found[name] for name in ("mem_mb", "runtime", "allowed_job_duration", "_cores", "training_slots")}
    assert asked == {
        "mem_mb": 2400, "runtime": 30, "allowed_job_duration": 1800, "_cores": 1, "training_slots": 1,
    }  # fmt: skip
    assert grouped.group_settings.group_components == {"train": 3}
    assert grouped.resource_scopes.is_local("training_slots")
