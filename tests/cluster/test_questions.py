"""How often a driver asks a batch system: counted by commands that note each call."""

import asyncio
import inspect
import logging
import sys
from types import SimpleNamespace

import pytest
import yaml

from jetloom.cluster.driving import once, plugins
from jetloom.cluster.driving.hopeless import HopelessJobs
from jetloom.cluster.profiles.profile import CHECKOUT
from jetloom.cluster.schedulers.slurm import Slurm

MOST = 12
"""Questions a minute, at the profile's own pace."""
JOBS = [str(number) for number in range(1000, 1300)]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The commands that were run; ``squeue`` has all jobs running, in both forms that it is asked for."""
    calls = tmp_path / "calls"
    running = tmp_path / "running"
    running.write_text("".join(f"{job}|RUNNING\n" for job in JOBS))
    answers = {
        "squeue": f"cat {running}",
        "scontrol": "echo 'MinJobAge               = 300 sec'",
        "sacct": "echo atlas",
        "sacctmgr": "echo atlas",
    }
    (tmp_path / "bin").mkdir()
    for name, answer in answers.items():
        script = tmp_path / "bin" / name
        script.write_text(f'#!/bin/sh\necho {name} "$@" >> {calls}\n{answer}\n')
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return lambda: calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def plugin(monkeypatch):
    found = pytest.importorskip("snakemake_executor_plugin_slurm")
    for name in (*once.NAMES, "query_job_status"):
        monkeypatch.setattr(found, name, getattr(found, name))
    monkeypatch.setattr(found.Executor, "check_active_jobs", found.Executor.check_active_jobs)
    monkeypatch.setitem(sys.modules, "snakemake_executor_plugin_slurm", found)
    return found


def executor_of(plugin, profile):
    """The plugin's executor, with what a look at jobs needs, at the pace of a profile."""
    executor = object.__new__(plugin.Executor)
    settings = SimpleNamespace(
        status_command=profile["slurm-status-command"],
        init_seconds_before_status_checks=profile["slurm-init-seconds-before-status-checks"],
        status_attempts=5,
        keep_successful_logs=True,
        requeue=True,
    )
    pace = SimpleNamespace(seconds_between_status_checks=profile["seconds-between-status-checks"])
    executor.workflow = SimpleNamespace(
        executor_settings=settings,
        remote_execution_settings=pace,
        executor_plugin=SimpleNamespace(name="slurm"),
    )
    executor.logger = logging.getLogger("quiet")
    executor.run_uuid = "run"
    executor._next_seconds_between_status_checks = None
    executor._status_query_calls = executor._status_query_failures = 0
    executor._status_query_total_seconds = executor._status_query_max_seconds = 0.0
    executor._status_query_min_seconds = None
    executor._status_query_cycle_rows = []

    class Unlimited:
        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            return None

    executor.status_rate_limiter = Unlimited()
    return executor


def test_at_the_profile_s_pace_slurm_hears_at_most_twelve_questions_a_minute_for_any_number_of_jobs(
    plugin, asked, monkeypatch
):
    profile = yaml.safe_load((CHECKOUT / "profiles" / "slurm" / "config.yaml").read_text())
    clock, minutes = Clock(), 3
    plugins.understand_slurm(HopelessJobs(lambda _: Slurm(), clock))
    once.ask_once()
    executor = executor_of(plugin, profile)
    jobs = [SimpleNamespace(external_jobid=job, job=SimpleNamespace(jobid=job), aux={}) for job in JOBS]

    async def look():
        return [job async for job in executor.check_active_jobs(jobs)]

    while clock.now < 60 * minutes:
        assert len(asyncio.run(look())) == len(jobs), "all of them run"
        clock.now += executor.next_seconds_between_status_checks
    calls = [line.split()[0] for line in asked()]
    assert calls.count("scontrol") == 1, "how long Slurm remembers jobs stays as it is"
    assert len(calls) / minutes <= MOST, calls
    assert calls.count("squeue") == 18 + 3, "one question for all jobs a look, and one a minute for hopeless ones"


def test_an_account_is_asked_for_once_and_what_failed_again():
    answers, seen = [None, "atlas", "cms"], []

    def validate(account, logger):
        seen.append(account)
        return answers.pop(0)

    ask = once.remembered(validate)
    assert [ask("ATLAS", None), ask("ATLAS", None), ask("ATLAS", None)] == [None, "atlas", "atlas"]
    assert ask("CMS", None) == "cms"
    assert seen == ["ATLAS", "ATLAS", "CMS"]


def test_without_the_plugin_nothing_is_wrapped(monkeypatch):
    monkeypatch.delitem(sys.modules, "snakemake_executor_plugin_slurm", raising=False)
    once.ask_once()


def test_the_plugin_asks_by_the_functions_that_are_wrapped(plugin):
    names = plugin.Executor.check_active_jobs
    names = getattr(names, "original", names).__code__.co_names
    assert "get_min_job_age" in names
    assert "validate_account" in plugin.Executor.get_account_arg.__code__.co_names


def test_snakemake_looks_at_each_function_once(monkeypatch):
    from snakemake import common, jobs, rules

    looked = []

    def look(function):
        looked.append(function)
        return inspect.signature(function).parameters

    for module in (common, jobs, rules):
        monkeypatch.setattr(module, "get_function_params", look)
    once.look_at_functions_once()
    once.look_at_functions_once()  # the Snakefile is read again

    def memory(wildcards, attempt):
        return wildcards, attempt

    for _ in range(3):
        given = common.get_input_function_aux_params(memory, {"attempt": 2, "input": []})
        assert given == {"attempt": 2}
        assert list(rules.get_function_params(memory)) == ["wildcards", "attempt"]
    assert looked == [memory]
