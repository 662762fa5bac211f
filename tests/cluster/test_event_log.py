"""HTCondor's event log, taken away under a driver that reads it."""

import shutil
from types import SimpleNamespace

import pytest

from jetloom.cluster.driving.event_log import BETWEEN, EventLog


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def executor(tmp_path):
    directory = tmp_path / "htcondor"
    directory.mkdir()
    (directory / "snakemake-rules.log").write_text("events")
    settings = SimpleNamespace(remote_execution_settings=SimpleNamespace(seconds_between_status_checks=30))
    return SimpleNamespace(
        jobDir=str(directory), workflow=settings, _unified_event_log_reader="reader", _log_missing_threshold=3,
        _event_logs={1: ["event"]}, _job_current_states={1: "running"}, _log_missing_counts={},
    )  # fmt: skip


def jobs(*names):
    return [SimpleNamespace(external_jobid=name) for name in names]


def test_a_log_that_stays_is_read_as_ever(executor):
    log, both = EventLog(Clock()), jobs(1, 2)
    assert log.keep(executor, both) == both
    assert log.keep(executor, both) == both
    assert executor._unified_event_log_reader == "reader"
    assert log.without_events(lambda _, job: f"state of {job}")(executor, 1) == "state of 1"


@pytest.mark.parametrize("comes_back", [False, True])
def test_jobs_of_a_log_that_was_taken_away_are_asked_for_now_and_then_until_they_are_over(
    executor, tmp_path, comes_back
):
    clock = Clock()
    log, both = EventLog(clock), jobs(1, 2)
    log.keep(executor, both)
    kept = (tmp_path / "htcondor" / "snakemake-rules.log").open()  # as the plugin keeps it open
    shutil.rmtree(tmp_path / "htcondor")
    if comes_back:
        (tmp_path / "htcondor").mkdir()
        (tmp_path / "htcondor" / "snakemake-rules.log").write_text("events of others")
    assert log.keep(executor, both) == both
    kept.close()
    assert (tmp_path / "htcondor").is_dir(), "HTCondor can write again"
    assert executor._unified_event_log_reader is None
    assert (executor._event_logs, executor._job_current_states) == ({}, {})
    assert executor._log_missing_counts == {1: 3, 2: 3}
    assert log.without_events(lambda _, job: f"state of {job}")(executor, 1) is None
    (late,) = jobs(3)
    assert log.keep(executor, [*both, late]) == [late], "not asked for at each look"
    clock.now = BETWEEN
    assert log.keep(executor, [both[1], late]) == [both[1], late]
    assert log.keep(executor, [late]) == [late]
    assert log.lost == set()
    assert log.without_events(lambda _, job: f"state of {job}")(executor, 1) == "state of 1"


def test_the_plugin_has_what_is_mended():
    plugin = pytest.importorskip("snakemake_executor_plugin_htcondor")
    import inspect

    source = inspect.getsource(plugin)
    for name in (
        "_unified_event_log_reader",
        "_event_logs",
        "_job_current_states",
        "_log_missing_counts",
        "_log_missing_threshold",
        "snakemake-rules.log",
        "def _try_read_job_log(self, cluster_id",
        "self.jobDir",
    ):
        assert name in source
