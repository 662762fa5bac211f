"""Snakemake's books in a job's own Snakemake: what is another job's by now is left alone."""

import asyncio
from types import SimpleNamespace

import pytest
from snakemake.jobs import Job
from snakemake.persistence import PersistenceBase
from snakemake.persistence.file import FilePersistence

from jetloom.cluster.driving import orphans
from jetloom.cluster.recovery.queue import markers


@pytest.fixture
def books(tmp_path, monkeypatch):
    """The books of a run, and a job of two outputs that is not really one."""
    monkeypatch.chdir(tmp_path)
    for kind, name in ((PersistenceBase, "cleanup"), (PersistenceBase, "finished"), (Job, "register")):
        monkeypatch.setattr(kind, name, getattr(kind, name))
    removed = []

    async def remove(job, *_):
        removed.append(job)

    monkeypatch.setattr(Job, "cleanup", remove)
    settings = SimpleNamespace(
        execution_settings=SimpleNamespace(keep_metadata=False),
        dag_settings=SimpleNamespace(max_checksum_file_size=1),
    )
    persistence = FilePersistence(nolock=True, dag=SimpleNamespace(workflow=settings))
    monkeypatch.setattr(persistence, "_get_key", str)
    job = SimpleNamespace(output=["results/a/result.json", "results/a/" + "long" * 80])
    orphans.keep_ids(SimpleNamespace(persistence=persistence))
    orphans.keep_ids(SimpleNamespace(persistence=persistence))  # a Snakefile that is read twice wraps nothing twice
    return persistence, job, removed


def end(persistence, job):
    """All that a job's own Snakemake does with the books and files of a job that failed, or ended well."""
    persistence.cleanup(job)
    asyncio.run(persistence.finished(job))
    asyncio.run(Job.cleanup(job, []))


def test_a_dying_job_leaves_the_books_of_its_successor_alone(books, monkeypatch):
    persistence, job, removed = books
    persistence.started(job, "8")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    end(persistence, job)
    assert set(markers().values()) == {"8"}
    assert len(markers()) == 2
    assert removed == []


@pytest.mark.parametrize("own", ["8", ""])
def test_a_job_cleans_up_after_itself(books, monkeypatch, own):
    persistence, job, removed = books
    persistence.started(job, "8")
    monkeypatch.setenv("SLURM_JOB_ID", own)
    monkeypatch.delenv("_CONDOR_JOB_AD", raising=False)
    end(persistence, job)
    assert markers() == {}
    assert removed == [job]


def test_a_marker_without_an_id_is_nobodys(books, monkeypatch):
    persistence, job, removed = books
    persistence.started(job, None)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    end(persistence, job)
    assert markers() == {}
    assert removed == [job]
