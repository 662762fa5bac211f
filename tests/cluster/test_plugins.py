"""What is put between Snakemake and its plugins, and that the places where it is put are still there."""

import ast
import asyncio
import inspect
import re
import signal
import sys
import threading
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetloom.cluster.driving import plugins
from jetloom.cluster.driving.plugins import FORGOTTEN_AFTER, SlurmAnswers
from jetloom.cluster.schedulers.scheduler import SilentSchedulerError


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def slurm():
    """Answers of a Slurm that, asked for one job, says what is in ``alone``."""
    alone = {}

    def state_of(job):
        answers.asked.append(job)
        if isinstance(found := alone.get(job, ""), Exception):
            raise found
        return found

    clock = Clock()
    answers = SlurmAnswers(state_of, clock)
    answers.asked, answers.alone, answers.time = [], alone, clock
    return answers


@pytest.mark.parametrize("state", ["RUNNING", "PENDING", "COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "REQUEUED"])
def test_most_states_are_left_as_they_are(slurm, state):
    slurm.watched = {"1"}
    assert slurm.read({"1": state}) == {"1": state}


def test_by_whom_a_job_was_cancelled_is_left_out(slurm):
    assert slurm.read({"1": "CANCELLED by 1000"}) == {"1": "CANCELLED"}


def test_an_unknown_state_is_no_success(slurm):
    slurm.watched = {"1", "2"}
    assert slurm.read({"1": "UNKNOWN", "2": "COMPLETED"}) == {"2": "COMPLETED"}
    slurm.time.now += 10 * FORGOTTEN_AFTER
    assert slurm.read({"1": "UNKNOWN", "2": "COMPLETED"}) == {"2": "COMPLETED"}


@pytest.mark.parametrize("state", ["PREEMPTED", "REVOKED", "NODE_FAIL"])
def test_a_job_that_slurm_puts_back_is_waited_for(slurm, state):
    slurm.watched = {"1"}
    seen: ClassVar[list] = []
    for answer in (state, state, "PENDING", "RUNNING", state, state, "COMPLETED"):
        slurm.time.now += 0.6 * FORGOTTEN_AFTER
        seen += slurm.read({"1": answer}).values()
    assert seen == ["PENDING", "PENDING", "PENDING", "RUNNING", "PENDING", "PENDING", "COMPLETED"]


@pytest.mark.parametrize("state", ["PREEMPTED", "REVOKED", "NODE_FAIL"])
def test_a_job_that_slurm_does_not_put_back_is_over_after_a_minute(slurm, state):
    slurm.watched = {"1"}
    assert slurm.read({"1": state}) == {"1": "PENDING"}
    slurm.time.now += FORGOTTEN_AFTER - 1
    assert slurm.read({"1": state}) == {"1": "PENDING"}
    slurm.time.now += 1
    assert slurm.read({"1": state}) == {"1": "CANCELLED"}


def test_a_job_that_is_no_longer_named_is_asked_for_after_a_minute(slurm):
    slurm.watched = {"1", "2"}
    slurm.alone["1"] = "COMPLETED"
    assert slurm.read({"2": "RUNNING"}) == {"2": "RUNNING"}
    slurm.time.now += FORGOTTEN_AFTER - 1
    assert slurm.read({"2": "RUNNING"}) == {"2": "RUNNING"}
    assert slurm.asked == []
    slurm.time.now += 1
    assert slurm.read({"2": "RUNNING"}) == {"2": "RUNNING", "1": "COMPLETED"}
    assert slurm.asked == ["1"]


@pytest.mark.parametrize(
    ("alone", "final"),
    [
        ("", "FAILED"),  # nobody knows it
        ("TIMEOUT", "TIMEOUT"),
        ("CANCELLED by 0", "CANCELLED"),
        ("PREEMPTED", "CANCELLED"),
        ("REVOKED", "CANCELLED"),
        ("NODE_FAIL", "CANCELLED"),
        ("RUNNING", "RUNNING"),
    ],
)
def test_what_becomes_of_a_forgotten_job(slurm, alone, final):
    slurm.watched, slurm.alone["1"] = {"1"}, alone
    assert slurm.read({}) == {}
    slurm.time.now += FORGOTTEN_AFTER
    assert slurm.read({}) == {"1": final}


def test_a_job_that_was_missing_for_a_moment_is_not_forgotten(slurm):
    slurm.watched = {"1"}
    slurm.read({})
    slurm.time.now += FORGOTTEN_AFTER - 1
    slurm.read({"1": "RUNNING"})
    slurm.time.now += FORGOTTEN_AFTER
    assert slurm.read({}) == {}
    assert slurm.asked == []


def test_a_silent_controller_ends_no_job(slurm):
    slurm.watched, slurm.alone["1"] = {"1"}, SilentSchedulerError("no answer")
    slurm.read({})
    slurm.time.now += 5 * FORGOTTEN_AFTER
    assert slurm.read({}) == {}
    slurm.alone["1"] = "FAILED"
    assert slurm.read({}) == {"1": "FAILED"}


def test_tasks_of_an_array_that_the_answer_names_as_a_whole_are_not_missing(slurm):
    slurm.watched = {"66_0", "66_1"}
    for _ in range(2):
        assert slurm.read({"66": "PENDING"}) == {"66": "PENDING"}
        slurm.time.now += FORGOTTEN_AFTER
    assert slurm.asked == []
    slurm.read({"66_0": "RUNNING"})
    slurm.time.now += FORGOTTEN_AFTER
    assert slurm.read({"66_0": "RUNNING"}) == {"66_0": "RUNNING", "66_1": "FAILED"}


def test_jobs_that_nobody_waits_for_are_not_asked_for(slurm):
    slurm.read({})
    slurm.time.now += 2 * FORGOTTEN_AFTER
    assert slurm.read({"9": "RUNNING"}) == {"9": "RUNNING"}
    assert slurm.asked == []


@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("66", set()),
        ("66_3", set()),
        ("66_[3]", {"66_3"}),
        ("66_[2-4,7%2]", {"66_2", "66_3", "66_4", "66_7"}),
        ("66_[1,3,...]", {"66_1", "66_9"}),
    ],
)
def test_tasks_that_wait_have_one_name(slurm, name, tasks):
    slurm.watched = {"66_1", "66_9", "7"}
    assert plugins.waiting_tasks(name, slurm.watched) == tasks


# The wrappers


@pytest.fixture
def slurm_plugin(monkeypatch):
    """A stand-in for the plugin: it asks once a look and waits longer after each."""
    plugin = ModuleType("snakemake_executor_plugin_slurm")
    answers = []

    async def query_job_status(command, logger):
        return answers.pop(0)

    class Executor:
        workflow = SimpleNamespace(remote_execution_settings=SimpleNamespace(seconds_between_status_checks=15))
        next_seconds_between_status_checks = 170

        async def check_active_jobs(self, active_jobs):
            self.seen = await plugin.query_job_status("sacct", None)
            for job in active_jobs:
                yield job

    plugin.query_job_status, plugin.Executor, plugin.answers = query_job_status, Executor, answers
    monkeypatch.setitem(sys.modules, plugin.__name__, plugin)
    return plugin


class Quiet:
    """In the place of who looks for hopeless jobs; remembers the jobs that it was shown."""

    seen: ClassVar[list] = []

    async def look(self, executor, jobs):
        self.seen.append(list(jobs))


def _look(executor, jobs):
    async def look():
        return [job async for job in executor.check_active_jobs(jobs)]

    return asyncio.run(look())


def test_the_slurm_plugin_hears_its_own_words(slurm_plugin, monkeypatch):
    monkeypatch.setattr(plugins, "FORGOTTEN_AFTER", -1.0)
    monkeypatch.setattr(plugins.Slurm, "state", lambda self, job: "TIMEOUT")
    plugins.understand_slurm(Quiet())
    plugins.understand_slurm(Quiet())  # a second Snakefile in one process wraps nothing twice
    jobs = [SimpleNamespace(external_jobid=job) for job in ("1", "2")]
    slurm_plugin.answers.append(({"1": "CANCELLED by 0"}, 0.1))
    executor = slurm_plugin.Executor()
    Quiet.seen.clear()
    assert _look(executor, jobs) == jobs
    assert Quiet.seen == [jobs]
    assert executor.seen == ({"1": "CANCELLED", "2": "TIMEOUT"}, 0.1)
    assert executor.next_seconds_between_status_checks == 15


def test_no_answer_at_all_leaves_all_jobs_as_they_are(slurm_plugin, monkeypatch):
    monkeypatch.setattr(plugins, "FORGOTTEN_AFTER", -1.0)
    plugins.understand_slurm(Quiet())
    executor = slurm_plugin.Executor()
    slurm_plugin.answers.append((None, None))
    jobs = [SimpleNamespace(external_jobid="1")]
    assert _look(executor, jobs) == jobs
    assert not executor.seen[0]


def test_tasks_of_an_array_ask_for_the_same(monkeypatch):
    plugin, submitted = ModuleType("snakemake_executor_plugin_slurm"), []

    class Executor:
        def _submit_array_jobs(self, jobs):
            submitted.append([job.name for job in jobs])

        def _submit_job(self, job):
            submitted.append(job.name)

    plugin.Executor, plugin.pending_jobs_for_rule = Executor, lambda dag, rule: 900
    monkeypatch.setitem(sys.modules, plugin.__name__, plugin)
    plugins.submit_arrays_at_once()
    plugins.submit_arrays_at_once()
    jobs = [
        SimpleNamespace(name=name, threads=1, resources={"mem_mb": memory})
        for name, memory in (("a", 1000), ("b", 2000), ("c", 1000))
    ]
    plugin.Executor()._submit_array_jobs(jobs)
    assert submitted == [["a", "c"], "b"]
    assert plugin.pending_jobs_for_rule(None, "train") == 0, "more points than jobs at a time are not waited for"


def test_without_the_plugins_nothing_is_wrapped(monkeypatch):
    for name in ("snakemake_executor_plugin_slurm", "snakemake_executor_plugin_htcondor"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    plugins.understand_slurm(Quiet())
    plugins.be_patient_with_condor(Quiet())


def test_a_submission_that_the_queue_refuses_is_a_failed_job(monkeypatch):
    plugin = ModuleType("snakemake_executor_plugin_htcondor")

    class WorkflowError(Exception):
        pass

    class NoScheddError(Exception):
        pass

    class Executor:
        def __init__(self):
            self.failed = []

        def run_job(self, job):
            if job == "bad":
                raise WorkflowError("Failed to submit HTCondor job: no schedd")
            if job == "silent":
                raise NoScheddError("unable to locate schedd")
            if job == "bug":
                raise KeyError("x")
            self.taken = job

        async def check_active_jobs(self, active_jobs):
            for job in active_jobs:
                yield job

        def report_job_error(self, job_info, msg=None):
            self.failed.append((job_info.job, job_info.external_jobid, msg))

    plugin.Executor, plugin.WorkflowError = Executor, WorkflowError
    plugin.htcondor = SimpleNamespace(HTCondorException=NoScheddError)
    monkeypatch.setitem(sys.modules, plugin.__name__, plugin)
    plugins.be_patient_with_condor(Quiet())
    plugins.be_patient_with_condor(Quiet())
    executor = Executor()
    executor.run_job("good")
    executor.run_job("bad")
    executor.run_job("silent")
    assert executor.taken == "good"
    assert executor.failed == [
        ("bad", None, "HTCondor submission failed: Failed to submit HTCondor job: no schedd"),
        ("silent", None, "HTCondor submission failed: unable to locate schedd"),
    ]
    with pytest.raises(KeyError):
        executor.run_job("bug")


def test_the_look_of_the_condor_plugin_waits_for_a_first_job(monkeypatch, tmp_path):
    """Its thread begins before its executor is made, and would die of what is not there yet."""
    plugin = ModuleType("snakemake_executor_plugin_htcondor")

    class Executor:
        jobDir = str(tmp_path)

        async def check_active_jobs(self, active_jobs):
            for job in [*active_jobs, *self.made_later]:
                yield job

        def run_job(self, job):
            pass

    plugin.Executor = Executor
    monkeypatch.setitem(sys.modules, plugin.__name__, plugin)
    plugins.be_patient_with_condor(Quiet())
    executor = Executor()

    async def look(jobs):
        return [job async for job in executor.check_active_jobs(jobs)]

    Quiet.seen.clear()
    assert asyncio.run(look([])) == []
    assert Quiet.seen == []
    executor.made_later = ["b"]
    a = SimpleNamespace(external_jobid=1)
    assert asyncio.run(look([a])) == [a, "b"]
    assert Quiet.seen == [[a]]


def parsed(text):
    """Arguments as HTCondor reads them (manual, condor_submit, arguments, new syntax)."""
    assert text[0] == text[-1] == '"'
    text = re.sub(r'""', "\0", text[1:-1])
    assert '"' not in text
    words, word, place, quoted = [], None, 0, False
    while place < len(text):
        char = text[place]
        if char == "'" and quoted and text[place + 1 : place + 2] == "'":
            word, place = word + "'", place + 1
        elif char == "'":
            quoted, word = not quoted, word or ""
        elif char in " \t\n" and not quoted:
            words, word = ([*words, word], None) if word is not None else (words, None)
        else:
            word = (word or "") + char
        place += 1
    return [each.replace("\0", '"') for each in ([*words, word] if word is not None else words)]


@given(st.lists(st.text(st.sampled_from("ab '\"\t=/.$"), max_size=8), min_size=1, max_size=6))
def test_arguments_are_what_condor_reads(words):
    assert parsed(plugins.condor_arguments(words)) == words


def test_blanks_reach_condor_and_all_else_is_as_it_was(monkeypatch):
    plugin = ModuleType("snakemake_executor_plugin_htcondor")

    class Executor:
        def _sanitize_job_args(self, job_args):
            return job_args.replace("'", "")

    plugin.Executor = Executor
    monkeypatch.setitem(sys.modules, plugin.__name__, plugin)
    plugins.keep_blanks_for_condor()
    plugins.keep_blanks_for_condor()
    clean = Executor()._sanitize_job_args
    assert clean("-m snakemake --config 'a=b'") == "-m snakemake --config a=b"
    assert parsed(clean("-m snakemake --directory '/my scan/x'")) == ["-m", "snakemake", "--directory", "/my scan/x"]
    assert clean("don't") == "dont"


# Snakemake and its plugins as they are: if one of these fails after an update, see what jetloom.cluster wraps there.


def _tree(function):
    return ast.parse("if True:\n" + inspect.getsource(function))  # a method is indented


def _calls(function):
    """Names that a function calls as they are, not as attributes."""
    return {node.func.id for node in ast.walk(_tree(function)) if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)}  # fmt: skip


def test_snakemake_reports_each_failure_through_one_function():
    from snakemake_interface_executor_plugins.executors.base import AbstractExecutor, SubmittedJobInfo

    function = getattr(AbstractExecutor.report_job_error, "original", AbstractExecutor.report_job_error)
    assert str(inspect.signature(function)).startswith("(self, job_info: ")
    parameters = inspect.signature(function).parameters
    assert list(parameters) == ["self", "job_info", "msg", "kwargs"]
    assert parameters["msg"].default is None
    assert "error_callback" in inspect.getsource(function)
    assert list(inspect.signature(SubmittedJobInfo).parameters)[:2] == ["job", "external_jobid"]
    for module in ("slurm", "htcondor"):
        plugin = pytest.importorskip(f"snakemake_executor_plugin_{module}")
        assert "report_job_error" not in vars(plugin.Executor)


def test_snakemake_counts_attempts_as_the_driver_expects():
    """The driver takes the count back (job.attempt) or uses it up (job.restart_times)."""
    from snakemake.jobs import GroupJob, Job
    from snakemake.scheduling.job_scheduler import JobScheduler

    source = inspect.getsource(JobScheduler._handle_error)
    assert "restart_times" in source
    assert "job.attempt" in source
    for kind in (Job, GroupJob):
        assert isinstance(inspect.getattr_static(kind, "attempt"), property)
        assert inspect.getattr_static(kind, "attempt").fset is not None
        assert hasattr(kind, "restart_times")


def test_the_slurm_plugin_asks_through_the_function_that_is_wrapped():
    plugin = pytest.importorskip("snakemake_executor_plugin_slurm")
    ask = getattr(plugin.query_job_status, "original", plugin.query_job_status)
    check = getattr(plugin.Executor.check_active_jobs, "original", plugin.Executor.check_active_jobs)
    assert list(inspect.signature(ask).parameters) == ["command", "logger"]
    assert inspect.iscoroutinefunction(ask)
    assert list(inspect.signature(check).parameters) == ["self", "active_jobs"]
    assert inspect.isasyncgenfunction(check)
    # By its name in the module, so that another function put there is the one that is called.
    assert "query_job_status" in _calls(check)
    assert check.__globals__ is vars(plugin)
    source = inspect.getsource(check)
    for word in ("next_seconds_between_status_checks", '"UNKNOWN"', '"PREEMPTED"', '"NODE_FAIL"', '"CANCELLED"'):
        assert word in source


def test_the_slurm_plugin_s_words_for_a_refusal_are_known():
    from jetloom.cluster.attempts.words import REFUSED

    plugin = pytest.importorskip("snakemake_executor_plugin_slurm")
    source = inspect.getsource(plugin)
    for words in ("SLURM sbatch failed.", "failed array sbatch submission", "Job submission failed with exception"):
        assert words in source
        assert REFUSED.search(words)


def test_the_htcondor_plugin_raises_what_is_caught():
    plugin = pytest.importorskip("snakemake_executor_plugin_htcondor")
    submit = getattr(plugin.Executor.run_job, "original", plugin.Executor.run_job)
    assert list(inspect.signature(submit).parameters) == ["self", "job"]
    raised = {node.exc.func.id for node in ast.walk(_tree(submit)) if isinstance(node, ast.Raise)
              and isinstance(node.exc, ast.Call)}  # fmt: skip
    assert raised == {"WorkflowError"}
    assert issubclass(plugin.WorkflowError, Exception)
    assert issubclass(plugin.htcondor.HTCondorException, Exception)
    assert "Failed to submit HTCondor job" in inspect.getsource(submit)


def test_snakemake_ends_on_sigterm_by_the_function_that_is_wrapped():
    from snakemake.scheduling.job_scheduler import JobScheduler

    assert callable(JobScheduler.exit_gracefully)
    assert "signal.signal(signal.SIGTERM, self.exit_gracefully)" in inspect.getsource(JobScheduler.__init__)
    assert signal.SIGTERM != signal.SIGUSR1


def test_snakemake_asks_to_be_woken_by_the_function_that_is_replaced():
    from snakemake.scheduling.job_scheduler import JobScheduler

    assert "self._schedule_reevalutation(" in inspect.getsource(JobScheduler)


def test_one_alarm_is_enough(monkeypatch):
    from snakemake.scheduling.job_scheduler import JobScheduler

    monkeypatch.setattr(JobScheduler, "_schedule_reevalutation", JobScheduler._schedule_reevalutation)
    plugins.look_again_once()
    rung = threading.Semaphore(0)
    scheduler = SimpleNamespace(_open_jobs=rung)
    before = threading.active_count()
    for _ in range(5):
        JobScheduler._schedule_reevalutation(scheduler, 0.1)
    assert threading.active_count() == before + 1
    assert rung.acquire(timeout=10)
    assert not rung.acquire(timeout=0.2)
    JobScheduler._schedule_reevalutation(scheduler, 0.01)  # and later again
    assert rung.acquire(timeout=10)


def test_the_jobs_own_snakemake_is_told_from_the_driver():
    from snakemake_interface_executor_plugins.settings import ExecMode

    assert {mode.name for mode in ExecMode} >= {"DEFAULT", "REMOTE", "SUBPROCESS"}


def test_the_slurm_plugin_submits_arrays_through_what_is_wrapped():
    plugin = pytest.importorskip("snakemake_executor_plugin_slurm")
    source = inspect.getsource(plugin.Executor.run_jobs)
    assert "self._submit_array_jobs(same_rule_jobs)" in source
    assert "pending_jobs_for_rule(dag, rule_name)" in source
    assert "self._submit_job(" in source
