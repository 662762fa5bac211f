"""Answers of Slurm 22.05, recorded on a real one; those that it could not be brought to are changed recordings."""

import re
import time
from types import SimpleNamespace

import pytest

from jetloom.cluster.schedulers import scheduler
from jetloom.cluster.schedulers.registry import find_scheduler
from jetloom.cluster.schedulers.scheduler import QueuedJob, SilentSchedulerError, call
from jetloom.cluster.schedulers.slurm import Slurm, end_before, megabytes, parse_accounting, parse_fields
from jetloom.scan.attempts.ledger import Cause

CONNECT = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"

CASES = [
    ("memory_batch", "3", Cause.OUT_OF_MEMORY),
    ("memory_step", "4", Cause.OUT_OF_MEMORY),
    ("timeout", "1", Cause.OUT_OF_TIME),
    ("timeout_ignores_term", "2", Cause.OUT_OF_TIME),
    ("cancelled_by_user", "20", Cause.CANCELLED),
    ("cancelled_by_root", "21", Cause.CANCELLED),
    ("cancelled_pending", "22", Cause.CANCELLED),
    ("preempted_final", "43", Cause.PREEMPTED),
    ("preempted_killed", "45", Cause.PREEMPTED),
    ("node_lost", "53", Cause.NODE_LOST),
    ("node_down", "56", Cause.NODE_LOST),
    # Nothing that the verb does not know better:
    ("completed", "6", None),
    ("exit_3", "7", None),
    ("exit_137", "8", None),
    ("segmentation_fault", "9", None),
    ("killed_outside", "10", None),
    ("child_killed", "11", None),
    ("command_not_found", "12", None),
    ("no_output_folder", "17", None),
    ("signal_10", "23", None),
    # Slurm has put them back into the queue by itself:
    ("preempted_requeued", "41", None),
    ("node_lost_requeued", "57", None),
]


@pytest.mark.parametrize(("case", "job", "cause"), CASES)
def test_the_cause_of_an_end(site, case, job, cause):
    site.slurm(case)
    facts = Slurm().facts(job)
    assert facts.cause == cause
    assert facts.words.startswith("Slurm: ")


@pytest.mark.parametrize(("case", "job", "cause"), [case for case in CASES if case[2] is not None])
def test_the_accounting_says_the_same_of_a_job_that_the_controller_forgot(site, case, job, cause):
    site.slurm(case, forgotten=True)
    assert Slurm().facts(job).cause == cause


@pytest.mark.parametrize(("case", "job", "cause"), CASES)
def test_without_accounting_the_controller_is_enough(site, case, job, cause):
    site.slurm(case, accounting=False)
    assert Slurm().facts(job).cause == cause
    site.slurm(case, down={"sacct": "Slurm accounting storage is disabled"})
    assert Slurm().facts(job).cause == cause


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("OUT_OF_MEMORY", Cause.OUT_OF_MEMORY),  # with cgroups
        ("NODE_FAIL", Cause.NODE_LOST),
        ("BOOT_FAIL", Cause.NODE_LOST),
        ("PREEMPTED", Cause.PREEMPTED),
        ("REVOKED", Cause.PREEMPTED),
        ("DEADLINE", Cause.OUT_OF_TIME),
        ("COMPLETING", None),
    ],
)
def test_states_that_were_not_to_be_had_for_real(site, state, cause):
    site.slurm("exit_3", change=("FAILED", state))
    assert Slurm().facts("7").cause == cause
    site.slurm("exit_3", change=("FAILED", state), forgotten=True)
    facts = Slurm().facts("7")
    assert (facts.cause, facts.words) == (cause, f"Slurm: {state}")


def test_what_is_known_of_a_job_that_needed_too_much(site):
    site.slurm("memory_batch")
    facts = Slurm().facts("3")
    assert facts.words == "Slurm: FAILED (JobLaunchFailure), memory limit exceeded"
    assert facts.memory_used_mb == pytest.approx(424608 / 1024, abs=0.1)
    assert facts.host == "node1"
    assert "memory" in site.directory.joinpath("job.log").read_text()


def test_the_memory_used_tells_where_the_log_cannot_be_read(site):
    site.slurm("memory_batch", log=False)
    assert Slurm().facts("3").cause == Cause.OUT_OF_MEMORY
    # Little of the memory in use: somebody else sent the signal.
    site.slurm("memory_batch", log=False, change=("424608K", "80000K"))
    assert Slurm().facts("3").cause is None
    site.slurm("memory_batch", log=False, change=("424608K", "98000K"))
    assert Slurm().facts("3").cause == Cause.OUT_OF_MEMORY


def test_the_log_tells_where_there_is_no_accounting(site):
    site.slurm("memory_step", accounting=False)
    assert Slurm().facts("4").cause == Cause.OUT_OF_MEMORY
    site.slurm("memory_step", accounting=False, log=False)
    assert Slurm().facts("4").cause is None


def test_words_of_memory_in_a_log_mean_nothing_unless_the_job_was_killed(site):
    site.slurm("exit_3")
    (site.directory / "job.log").write_text("numpy: out of memory\n" * 5)
    site.slurm("exit_3", log=False, change=("StdOut=/home/user/run/7.log", f"StdOut={site.directory}/job.log"))
    assert Slurm().facts("7").cause is None


def test_slurm_s_own_words_are_enough_where_no_accounting_tells_of_the_step(site):
    log = site.directory / "job.log"
    log.write_text(
        "slurmstepd-vm: error: StepId=7.0 exceeded memory limit (5 > 4), being killed\nsrun: Exited with 1\n"
    )
    site.slurm("exit_3", accounting=False, log=False, change=("StdOut=/home/user/run/7.log", f"StdOut={log}"))
    assert Slurm().facts("7").cause == Cause.OUT_OF_MEMORY


def test_only_the_end_of_a_long_log_is_read(site):
    site.slurm("child_killed")
    (site.directory / "job.log").write_text("Exceeded job memory limit\n" + "x" * 100_000)
    site.slurm("child_killed", log=False, change=("StdOut=/home/user/run/11.log", f"StdOut={site.directory}/job.log"))
    assert Slurm().facts("11").cause is None


def test_nobody_knows_the_job(site):
    site.slurm("completed")
    assert Slurm().facts("999999") is None
    assert Slurm().state("999999") == ""
    # An answer is not asked for again.
    assert site.calls().count("scontrol --oneliner show job 999999") == 2


@pytest.mark.parametrize(("accounting", "state"), [(True, "FAILED"), (False, "")])
def test_the_state_of_a_forgotten_job(site, accounting, state):
    site.slurm("exit_3", accounting=accounting, forgotten=True)
    assert Slurm().state("7") == state


def test_a_job_that_the_controller_lost_is_not_waited_for(site):
    site.slurm("running", forgotten=True)
    assert Slurm().state("47") == ""
    facts = Slurm().facts("47")
    assert (facts.cause, facts.words) == (Cause.NODE_LOST, "Slurm has lost the job, RUNNING in its books")


def test_a_silent_controller_is_not_a_job_that_is_gone(site):
    site.slurm("exit_3", down={"scontrol": CONNECT})
    assert Slurm().state("7") == "FAILED"  # the accounting answers
    assert Slurm().facts("7").words == "Slurm: FAILED"
    with pytest.raises(SilentSchedulerError, match="Unable to contact slurm controller"):
        Slurm().state("8")
    assert Slurm().facts("8") is None
    assert site.calls().count("scontrol --oneliner show job 8") == 6


@pytest.mark.parametrize(
    ("case", "job", "state"),
    [("running", "47", "RUNNING"), ("pending", "31", "PENDING"), ("timeout", "1", "TIMEOUT"),
     ("cancelled_by_user", "20", "CANCELLED"), ("preempted_final", "43", "PREEMPTED")],
)  # fmt: skip
def test_the_state_of_one_job(site, case, job, state):
    site.slurm(case)
    assert Slurm().state(job).split()[0] == state
    site.slurm(case, forgotten=True)
    if state not in ("PENDING", "RUNNING"):  # which a controller does not forget
        assert Slurm().state(job).split()[0] == state


def test_tasks_of_an_array_are_jobs_of_their_own(site):
    site.slurm("array")
    slurm = Slurm()
    assert [slurm.state(f"66_{task}") for task in range(3)] == ["COMPLETED", "FAILED", "FAILED"]
    assert slurm.facts("66_1").words == "Slurm: FAILED (NonZeroExitCode)"
    site.slurm("array", forgotten=True)
    assert [slurm.state(f"66_{task}") for task in range(3)] == ["COMPLETED", "FAILED", "FAILED"]


@pytest.mark.parametrize(
    ("case", "job", "queued"),
    [
        ("running", "47", QueuedJob("47", True, "", "node1")),
        ("suspended", "65", QueuedJob("65", False, "suspended", "node1")),
        ("pending", "31", QueuedJob("31", False, "PartitionTimeLimit", "")),
        ("preempted_requeued", "41", QueuedJob("41", False, "BeginTime", "")),
        ("completed", "6", None),
    ],
)
def test_jobs_that_wait_or_run(site, case, job, queued):
    site.slurm(case)
    assert Slurm().alive([job, "999999"]) == ({job: queued} if queued else {})


def test_an_array_lives_while_a_task_does(site):
    site.slurm("array", change=("JobState=FAILED Reason=NonZeroExitCode Requeue=1 Restarts=0 ExitCode=2:0", (
        "JobState=RUNNING Reason=None Requeue=1 Restarts=0 ExitCode=0:0"
    )))  # fmt: skip
    assert set(Slurm().alive(["66_0", "66_1", "66_2", "66"])) == {"66_2", "66"}


def test_nothing_is_asked_about_no_jobs(site):
    site.slurm("running")
    assert Slurm().alive([]) == {}
    Slurm().remove([])
    assert site.calls() == []


def test_silence_is_not_an_empty_queue(site):
    site.slurm("running", down={"squeue": CONNECT})
    with pytest.raises(SilentSchedulerError, match=re.escape("squeue --noheader: slurm_load_jobs error: Unable")):
        Slurm().alive(["47"])
    assert len(site.calls()) == 3


def test_a_squeue_without_me_is_said(site):
    """Before Slurm 20.02."""
    site.slurm("running", down={"squeue": "squeue: unrecognized option '--me'"})
    with pytest.raises(SilentSchedulerError, match="unrecognized option '--me'"):
        Slurm().alive(["47"])


def test_jobs_are_removed_by_their_ids(site):
    site.slurm("running")
    Slurm().remove(["47", "66_2"])
    assert site.calls() == ["scancel 47 66_2"]


def test_a_machine_without_the_commands(site):
    site.has("", [])
    with pytest.raises(SilentSchedulerError, match="squeue: there is no such command on this machine"):
        Slurm().alive(["1"])
    assert Slurm().facts("1") is None


def test_a_command_is_tried_again_after_a_pause(site, monkeypatch):
    pauses = []
    monkeypatch.setattr(scheduler, "time", SimpleNamespace(sleep=pauses.append))
    once = site.directory / "once"
    script = site.directory / "bin" / "moody"
    script.write_text(f"#!/bin/sh\n[ -e {once} ] && echo fine && exit 0\necho > {once}\necho 'try later' >&2\nexit 1\n")
    script.chmod(0o755)
    assert call(["moody"], pause=7.0) == "fine\n"
    assert pauses == [7.0]


def test_a_command_that_hangs_is_given_up(site, monkeypatch):
    monkeypatch.setattr(scheduler, "PATIENCE", 0.2)
    script = site.directory / "bin" / "slow"
    script.write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    script.chmod(0o755)
    began = time.monotonic()
    with pytest.raises(SilentSchedulerError, match="slow: no answer in 0 s"):
        call(["slow"], tries=2)
    assert 0.4 <= time.monotonic() - began < 10


def test_a_failure_without_words_has_its_exit_code(site):
    script = site.directory / "bin" / "mute"
    script.write_text("#!/bin/sh\nexit 42\n")
    script.chmod(0o755)
    with pytest.raises(SilentSchedulerError, match="mute: exit code 42"):
        call(["mute"])


@pytest.mark.parametrize("text", ["", "\n", "No partitions in the system"])
def test_an_answer_without_fields(text):
    assert parse_fields(text) == {}


def test_values_may_hold_blanks_and_equals_signs():
    fields = parse_fields("JobId=1 JobName=a b TRES=cpu=1,mem=2G ReqB:S:C:T=0:0:*:* WorkDir=/x y Power= \n")
    assert fields == {
        "JobId": "1", "JobName": "a b", "TRES": "cpu=1,mem=2G", "ReqB:S:C:T": "0:0:*:*", "WorkDir": "/x y", "Power": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("424608K", 414.656),
        ("100M", 100),
        ("2Gn", 2048),
        ("1.5Gc", 1536),
        ("1T", 2**20),
        ("1048576", 1),
        ("", 0),
        ("16?", 0),
        ("0", 0),
    ],
)
def test_sizes_as_slurm_prints_them(text, size):
    assert megabytes(text) == pytest.approx(size, abs=0.01)


def test_an_accounting_without_the_job():
    assert parse_accounting("\n") == ("", 0.0, 0.0, False)


def test_the_names_of_executors():
    assert isinstance(find_scheduler("slurm"), Slurm)
    assert find_scheduler("htcondor").name == "htcondor"
    assert find_scheduler("local") is None


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("NODE_FAIL\nRUNNING\n", (Cause.NODE_LOST, "Slurm: NODE_FAIL, begun again")),
        ("TIMEOUT\nPREEMPTED\nRUNNING\n", (Cause.PREEMPTED, "Slurm: PREEMPTED, begun again")),
        ("REQUEUED\nRUNNING\n", (Cause.PREEMPTED, "Slurm: REQUEUED, begun again")),
        ("RUNNING\n", None),
        ("", None),
    ],
)
def test_why_a_job_was_begun_again(monkeypatch, answer, told):
    monkeypatch.setattr("jetloom.cluster.schedulers.slurm.call", lambda command, **_: answer)
    assert end_before("5") == told
