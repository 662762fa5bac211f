"""Snakemake's failures as the driver hears them, and a job that is killed once under the real local executor."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake_interface_executor_plugins.executors.base import AbstractExecutor, SubmittedJobInfo

from jetloom import paths
from jetloom.cluster.attempts.verdict import Action, Verdict
from jetloom.cluster.driving import driver
from jetloom.cluster.driving.driver import descendants
from jetloom.config.load import load_merged
from jetloom.scan.attempts import ledger
from jetloom.scan.bundles.membership import scan_bundles
from tiny_analysis import config


def _wait_for(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def family():
    """A process with a child and a grandchild, and the three ids."""
    script = "sleep 60 & echo $!; sh -c 'sleep 60 & echo $!; echo $$; wait' & wait"
    process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True)
    ids = {int(process.stdout.readline()) for _ in range(3)}
    yield process, ids
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def test_children_and_their_children_are_found(family):
    process, ids = family
    assert set(descendants(process.pid)) == ids
    assert ids | {process.pid} <= set(descendants(os.getpid()))


def test_a_process_that_is_gone_has_none():
    process = subprocess.Popen(["true"])
    process.wait()
    assert list(descendants(process.pid)) == []


def test_sigterm_is_passed_on_and_sigusr1_survived(family, monkeypatch):
    process, ids = family
    asked = []
    before = signal.getsignal(signal.SIGUSR1)
    monkeypatch.setattr(JobScheduler, "exit_gracefully", lambda self, *arguments: asked.append(arguments))
    # Of the children of this process only those of the test are to be signalled.
    monkeypatch.setattr(driver, "descendants", lambda _: [*ids, 2**22 - 1])
    try:
        driver._pass_signals_on()
        driver._pass_signals_on()
        os.kill(os.getpid(), signal.SIGUSR1)
        JobScheduler.exit_gracefully(None, 15, None)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert asked == [(15, None)]
    process.wait(timeout=10)

    def over(number):
        try:
            with open(f"/proc/{number}/stat") as file:  # noqa: PTH123
                return file.read().split(") ")[1][0] == "Z"
        except FileNotFoundError:
            return True

    _wait_for(lambda: all(over(number) for number in ids))


class Judge:
    """Returns prepared verdicts, one after the other; the last one again and again."""

    def __init__(self, *verdicts):
        self.verdicts, self.seen = list(verdicts), []

    def judge(self, failed):
        self.seen.append(failed)
        return self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]


def _job(**more):
    given = {
        "rule": SimpleNamespace(name="train"),
        "wildcards_dict": {"task": "flavour", "bundle": "b0-0"},
        "log": ["logs/a.log"],
        "output": ["results/b0-0.json"],
        "resources": {"mem_mb": 2000, "runtime": 120, "gpu": 1},
        "benchmark": None,
        "attempt": 1,
        "restart_times": 0,
        "is_group": lambda: False,
    }
    return SimpleNamespace(**(given | more))


class Executor(AbstractExecutor):
    """Notes what Snakemake would hear."""

    def __init__(self):
        self.workflow = SimpleNamespace(executor_plugin=SimpleNamespace(name="local"))
        self.errors, self.successes = [], []

    def report_job_success(self, job_info):
        self.successes.append(job_info.job)

    run_job = shutdown = cancel = handle_job_success = handle_job_error = None


Executor.__abstractmethods__ = frozenset()


@pytest.fixture
def report(monkeypatch):
    """Report a failure to a driver that judges as told."""

    def original(self, job_info, msg=None, **kwargs):
        self.errors.append((job_info.job, msg, kwargs, threading.current_thread() is threading.main_thread()))

    monkeypatch.setattr(AbstractExecutor, "report_job_error", original)

    def function(judge, job, external=None, msg=None, **kwargs):
        monkeypatch.setattr(driver, "Resubmission", lambda *_: judge)
        monkeypatch.setattr(driver, "judge_bundle", lambda judge, failed: judge.judge(failed))
        toy = SimpleNamespace(analysis="toy")
        driver._judge_failures(toy, {}, lambda: None)
        driver._judge_failures(toy, {}, lambda: None)  # a Snakefile that is read twice wraps nothing twice
        executor = Executor()
        executor.report_job_error(SubmittedJobInfo(job, external_jobid=external), msg, **kwargs)
        return executor

    return function


def test_what_is_tried_again_costs_snakemake_no_attempt(report):
    job, judge = _job(attempt=1), Judge(Verdict(Action.RETRY, "preempted: tried again"))
    executor = report(judge, job, external=7, msg="SLURM-job failed\n", aux_logs=["a"])
    assert job.attempt == 0  # Snakemake counts it up again
    words = "SLURM-job failed\njetloom: preempted: tried again\n"  # Snakemake adds its own right behind
    assert executor.errors == [(job, words, {"aux_logs": ["a"]}, True)]
    (failed,) = judge.seen
    assert (failed.rule, failed.wildcards["bundle"], failed.log, failed.outputs) == (
        "train", "b0-0", "logs/a.log", ("results/b0-0.json",),
    )  # fmt: skip
    assert (failed.job, failed.memory, failed.minutes, failed.gpus) == ("7", 2000, 120, 1)


def test_what_is_given_up_has_no_attempt_left(report):
    job = _job(attempt=1, restart_times=3)
    executor = report(Judge(Verdict(Action.GIVE_UP, "bad input: not tried again")), job)
    assert job.attempt == 4
    assert executor.errors[0][1] == "jetloom: bad input: not tried again\n"
    assert executor.successes == []


def test_a_pause_is_waited_for_elsewhere(report):
    began = time.monotonic()
    executor = report(Judge(Verdict(Action.RETRY, "refused", pause=0.2)), _job())
    assert time.monotonic() - began < 0.2
    assert executor.errors == []
    _wait_for(lambda: executor.errors)
    assert executor.errors[0][3] is False


@pytest.mark.parametrize("group", [False, True])
def test_what_was_done_before_its_job_failed_or_became_rows_is_a_success(report, tmp_path, group):
    benchmark = tmp_path / "benchmarks" / "b0-0.tsv"
    job = _job(benchmark=str(benchmark))
    if group:
        job = SimpleNamespace(jobs=[job], is_group=lambda: True, attempt=1, restart_times=0)
    executor = report(Judge(Verdict(Action.DONE, "done; after that: held")), job)
    assert (executor.successes, executor.errors) == ([job], [])
    assert benchmark.is_file()  # Snakemake asks for it


def test_the_worst_of_a_group_that_a_person_made_decides(report):
    group = SimpleNamespace(
        jobs=[_job(), _job(wildcards_dict={"task": "x", "bundle": "b0-1"}, log=[], resources={}), _job()],
        is_group=lambda: True, attempt=1, restart_times=0,
    )  # fmt: skip
    judge = Judge(Verdict(Action.RETRY, "a"), Verdict(Action.RETRY, "b", 0.1), Verdict(Action.DONE, "c"))
    executor = report(judge, group, external="66_1")
    assert [(member.wildcards["bundle"], member.job, member.memory) for member in judge.seen] == [
        ("b0-0", "66_1", 2000), ("b0-1", "66_1", 0), ("b0-0", "66_1", 2000),
    ]  # fmt: skip
    _wait_for(lambda: executor.errors)
    assert executor.errors[0][:2] == (group, "jetloom: b\n")
    judge = Judge(Verdict(Action.GIVE_UP, "d"), Verdict(Action.RETRY, "e", 0.1))
    assert report(judge, group).errors[0][1] == "jetloom: d\n"


SNAKEFILE = """
from jetloom.cluster.driving import driver
from jetloom.config.load import load_analysis
driver.attach(workflow, load_analysis("config.json"), Path("config.json"))

rule all:
    input: "{manifest}"

rule train:
    output: "results/tiny/scans/{{task}}/bundles/{{bundle}}.json"
    log: "{{task}}/{{bundle}}.log"
    shell: "[ -e once ] && echo {{{{}}}} > {{output}} || {{{{ touch once; kill -9 $$; }}}}"
"""


@pytest.mark.workflow
def test_a_job_that_is_killed_once_under_the_real_executor(tmp_path):
    content = config()
    (tmp_path / "config.json").write_text(json.dumps(content))
    analysis = load_merged(content)
    ((bundle, (training,)),) = scan_bundles(analysis, "flavour").items()
    manifest = paths.manifest(analysis, "flavour", bundle)
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(manifest=manifest))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--workflow-profile", "none"]
    environment = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "bug: tried again (attempt 2 of at most 2)" in done.stderr
    assert (tmp_path / manifest).is_file()
    with (tmp_path / paths.training(analysis, "flavour", *training) / ledger.LEDGER).open(newline="") as file:
        assert [row["cause"] for row in csv.DictReader(file)] == ["bug"]
