"""Which job a process belongs to: by its own Snakemake, not by the environment that a driver happened to have."""

import os

import pytest

from jetloom.scan.attempts.identity import JOB, forget, hand_on, job_id, scheduler_job


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch):
    for name in ("SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "_CONDOR_JOB_AD", JOB):
        monkeypatch.delenv(name, raising=False)


def test_slurm_says_its_job_in_the_environment(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "1234")
    assert scheduler_job() == "1234"
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "1200")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "7")
    assert scheduler_job() == "1200_7"


def test_htcondor_says_its_job_in_a_file(monkeypatch, tmp_path):
    advert = tmp_path / ".job.ad"
    advert.write_text('GlobalJobId = "node1#77.0#1795268656"\nClusterId = 77\nProcId = 0\nCmd = "x ClusterId = 5"\n')
    monkeypatch.setenv("_CONDOR_JOB_AD", str(advert))
    assert scheduler_job() == "77"
    advert.write_text("ProcId = 0\n")
    assert scheduler_job() == ""
    advert.unlink()
    assert scheduler_job() == ""


def test_a_job_hands_its_id_on_and_a_driver_inside_of_a_job_does_not(monkeypatch):
    assert job_id() == f"pid {os.getpid()}"
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    assert job_id() == f"pid {os.getpid()}", "the driver may run in that job, and this beside it"
    monkeypatch.setenv(JOB, "")  # so that it is put back
    hand_on()
    assert job_id() == "12"
    forget()
    assert job_id() == f"pid {os.getpid()}"
    forget()
    monkeypatch.delenv("SLURM_JOB_ID")
    hand_on()
    assert job_id() == f"pid {os.getpid()}"
