"""Answers of HTCondor 23.9, recorded on a real pool; those that it could not be brought to are made up from them."""

import pytest

from jetloom.cluster.schedulers.condor import Condor, classify
from jetloom.cluster.schedulers.scheduler import Place, QueuedJob, SilentSchedulerError
from jetloom.scan.attempts.ledger import Cause

CASES = [
    ("memory", 6, Cause.OUT_OF_MEMORY, "held (Error from slot1_1@node1: memory usage exceeded request_memory)"),
    ("job_duration", 12, Cause.OUT_OF_TIME, "held (The job exceeded allowed job duration of 00:20)"),
    ("job_duration_killed", 16, Cause.OUT_OF_TIME, "held (The job exceeded allowed job duration of 00:12)"),
    ("execute_duration", 15, Cause.OUT_OF_TIME, "held (The job exceeded allowed execute duration of 00:20)"),
    ("periodic_hold", 11, Cause.OUT_OF_TIME, "held (wall time over)"),
    ("held_by_user", 9, Cause.CANCELLED, "held (looked wrong (by user jane))"),
    ("no_program", 6, Cause.NODE_LOST, "held (Error from slot1_1@node1: Failed to execute '/home/user/run/text_file': "
     "(errno=8: 'Exec format error'))"),
    ("no_output", 5, None, "held (Error from slot1_1@node1: Failed to open '/data/x.out' as standard output: "
     "Permission denied (errno 13))"),
    ("removed_by_user", 8, Cause.CANCELLED, "removed (via condor_rm (by user jane))"),
    ("removing", 20, Cause.CANCELLED, "removed (via condor_rm (by user jane))"),
    ("periodic_remove", 10, Cause.OUT_OF_TIME, "removed (The job attribute PeriodicRemove expression "
     "'JobStatus == 2 && time() - JobCurrentStartDate > 15' evaluated to TRUE)"),
    ("segmentation_fault", 14, None, "ended by signal 11"),
    ("exit_7", 5, None, "exit code 7"),
    ("evicted_then_exit_5", 8, None, "exit code 5"),
    ("held_released_done", 9, None, "exit code 0"),
    ("evicted_running_again", 17, None, "still in the queue"),
    ("running", 13, None, "still in the queue"),
    ("idle", 7, None, "still in the queue"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "job", "cause", "words"), CASES)
def test_the_cause_of_an_end(site, case, job, cause, words):
    site.condor(case)
    facts = Condor().facts(str(job))
    assert (facts.cause, facts.words) == (cause, f"HTCondor: {words}")
    in_queue = Place.ALIVE if "queue" in words else Place.HELD if words.startswith("held") else Place.GONE
    assert facts.place == in_queue


def held(code, reason, subcode=0, **more):
    return {"JobStatus": 5, "HoldReasonCode": code, "HoldReasonSubCode": subcode, "HoldReason": reason, **more}


@pytest.mark.parametrize(
    ("code", "subcode", "reason", "cause"),
    [
        (6, 2, "Error from slot1@node1: Failed to execute '/usr/bin/python3': No such file", Cause.NODE_LOST),
        (7, 28, "Failed to open '/data/x.out' as standard output: No space left on device", Cause.DISK_FULL),
        (7, 122, "Failed to open '/data/x.out' as standard output: Disk quota exceeded (errno 122)", Cause.DISK_FULL),
        (7, 13, "Failed to open '/data/memory/x.out' as standard output: Permission denied (errno 13)", None),
        (12, 28, "Transfer output files failure at access point: writing to file /home/user/x: (errno 28) "
         "No space left on device", Cause.DISK_FULL),
        (12, 2, "Transfer output files failure at execution point slot1@node1: reading from file "
         "/scratch/disk/result.json: (errno 2) No such file or directory", None),
        (13, 2, "Transfer input files failure: reading from file /home/user/quota/in.h5: (errno 2) No such file", None),
        (13, 122, "Transfer input files failure: writing to file: (errno 122) Disk quota exceeded", Cause.DISK_FULL),
        (21, 102, "memory usage exceeded request_memory", Cause.OUT_OF_MEMORY),
        (21, 104, "disk usage exceeded request_disk", Cause.DISK_FULL),
        (21, 0, "the machine's own rule", None),
        (26, 0, "The system macro SYSTEM_PERIODIC_HOLD expression 'ResidentSetSize/1024 > RequestMemory' "
         "evaluated to TRUE", Cause.OUT_OF_MEMORY),
        (34, 0, "Job has gone over cgroup memory limit of 2048 megabytes. Last measured usage: 2047 megabytes. "
         "Consider resubmitting with a higher request_memory.", Cause.OUT_OF_MEMORY),
        (34, 102, "Job has gone over memory limit of 2048 megabytes.", Cause.OUT_OF_MEMORY),
        (34, 104, "Job has exceeded allocated disk (2 GB).", Cause.DISK_FULL),
        (46, 0, "The job exceeded allowed job duration of 01:00:00", Cause.OUT_OF_TIME),
        (47, 0, "The job exceeded allowed execute duration of 01:00:00", Cause.OUT_OF_TIME),
        (1, 0, "via condor_hold (by user jane)", Cause.CANCELLED),
        (15, 0, "submitted on hold at user's request", None),
        (None, 0, "no code", None),
    ],
)  # fmt: skip
def test_reasons_of_holds(site, code, subcode, reason, cause):
    entry = {"ClusterId": 1, **held(code, reason, subcode)}
    if code is None:
        del entry["HoldReasonCode"]
    site.condor({"condor_q": [entry], "condor_history": []})
    facts = Condor().facts("1")
    assert facts.cause == cause
    assert reason in facts.words


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        # CERN, where a job gets its wall time by its JobFlavour, and others
        ("Job removed by SYSTEM_PERIODIC_REMOVE due to wall time exceeded allowed max.", Cause.OUT_OF_TIME),
        ("Job removed by SYSTEM_PERIODIC_REMOVE due to disk usage exceeded allowed max", Cause.DISK_FULL),
        ("LPC job removed by SYSTEM_PERIODIC_REMOVE due to job exceeding requested memory.", Cause.OUT_OF_MEMORY),
        ("LPC job removed by SYSTEM_PERIODIC_REMOVE due to job running for more than 2 days.", Cause.OUT_OF_TIME),
        ("The system macro SYSTEM_PERIODIC_REMOVE expression '(RemoteWallClockTime > 172800)' evaluated to TRUE",
         Cause.OUT_OF_TIME),
        ("The system macro SYSTEM_PERIODIC_REMOVE expression '(JobStatus == 2) && (MemoryUsage > RequestMemory * 2)' "
         "evaluated to TRUE", Cause.OUT_OF_MEMORY),
        ("The system macro SYSTEM_PERIODIC_REMOVE expression 'DiskUsage > RequestDisk' evaluated to TRUE",
         Cause.DISK_FULL),
        ("Job exceeded its MaxRuntime", Cause.OUT_OF_TIME),
        # A rule is no person: the job is tried once more.
        ("removed by SYSTEM_PERIODIC_REMOVE due to job restarted undesirably.", None),
        ("The job attribute PeriodicRemove expression 'NumJobStarts > 5' evaluated to TRUE", None),
        # People
        ("via condor_rm (by user jane)", Cause.CANCELLED),
        ("via condor_rm (by user memory_watcher)", Cause.CANCELLED),
        ("Python-initiated action. (by user jane)", Cause.CANCELLED),
        ("", Cause.CANCELLED),
    ],
)  # fmt: skip
def test_reasons_of_removals(site, reason, cause):
    entry = {"ClusterId": 1, "JobStatus": 3, "RemoveReason": reason, "ExitBySignal": True, "ExitSignal": 15}
    site.condor({"condor_q": [], "condor_history": [entry]})
    assert Condor().facts("1").cause == cause


@pytest.mark.parametrize(("used", "cause"), [(2_100_000, Cause.OUT_OF_MEMORY), (500_000, Cause.OUT_OF_TIME)])
@pytest.mark.parametrize("status", [3, 5])
def test_a_rule_that_names_memory_and_time_is_told_by_the_memory_in_use(used, cause, status):
    rule = "SYSTEM_PERIODIC_REMOVE '(MemoryUsage > RequestMemory) || (RemoteWallClockTime > 172800)' evaluated to TRUE"
    told = {"RemoveReason": rule, "HoldReason": rule, "HoldReasonCode": 26}
    assert classify({"JobStatus": status, "RequestMemory": 2000, "ResidentSetSize": used, **told}).cause == cause


def ended(**more):
    return {"JobStatus": 4, "ExitBySignal": True, "ExitSignal": 9, "RequestMemory": 100, **more}


@pytest.mark.parametrize(
    ("entry", "cause"),
    [
        (ended(ResidentSetSize=100_000), Cause.OUT_OF_MEMORY),
        (ended(ResidentSetSize_RAW=100_000, ResidentSetSize=1000), Cause.OUT_OF_MEMORY),
        (ended(ResidentSetSize=90_000), None),
        (ended(ResidentSetSize=100_000, ExitSignal=15), None),
        (ended(ResidentSetSize=100_000, ExitBySignal=False, ExitCode=0), None),
        (ended(ResidentSetSize="/Expr(1)/"), None),
        (ended(ResidentSetSize=100_000, RequestMemory="/Expr(x)/"), None),
        # Left from an eviction: it waits or runs again.
        (ended(ResidentSetSize=100_000, JobStatus=1), None),
        (ended(ResidentSetSize=100_000, JobStatus=2), None),
    ],
)
def test_signal_9_with_the_memory_full(entry, cause):
    assert classify(entry).cause == cause


def test_what_is_known_of_a_job_that_needed_too_much(site):
    site.condor("memory")
    facts = Condor().facts("6")
    assert facts.memory_used_mb == pytest.approx(425000 / 1024, abs=0.1)
    assert facts.host == "node1"


def test_a_job_that_left_the_queue_is_looked_for_in_the_history(site):
    site.condor("exit_7")
    assert Condor().facts("5").words == "HTCondor: exit code 7"
    assert [call.split()[0] for call in site.calls()] == ["condor_q", "condor_history"]
    site.condor("memory")
    Condor().facts("6")
    assert [call.split()[0] for call in site.calls()[2:]] == ["condor_q"]


def test_nobody_knows_the_job(site):
    site.condor("exit_7")
    assert Condor().facts("999") is None


def test_a_silent_queue_says_nothing(site):
    words = "-- Failed to fetch ads from: <127.0.0.1:9618> : node1"
    site.condor("memory", down={"condor_q": words, "condor_history": words})
    assert Condor().facts("6") is None
    with pytest.raises(SilentSchedulerError, match="condor_q -json: -- Failed to fetch ads"):
        Condor().alive(["6"])
    site.has("x", [])
    with pytest.raises(SilentSchedulerError, match="there is no such command"):
        Condor().alive(["6"])


def test_an_answer_that_is_no_json_is_silence(site):
    script = site.directory / "bin" / "condor_q"
    script.write_text("#!/bin/sh\necho Warning: something\n")
    script.chmod(0o755)
    assert Condor().facts("6") is None
    with pytest.raises(SilentSchedulerError, match="its answer is not JSON"):
        Condor().alive(["6"])


@pytest.mark.parametrize(
    ("case", "job", "queued"),
    [
        ("running", "13", QueuedJob("13", True, "", "node1")),
        ("evicted_running_again", "17", QueuedJob("17", True, "", "node1")),
        ("idle", "7", QueuedJob("7", False, "idle", "")),
        ("held_by_user", "9", QueuedJob("9", False, "held: looked wrong (by user jane)", "")),
        ("removing", "20", None),
        ("exit_7", "5", None),
    ],
)
def test_jobs_that_wait_or_run(site, case, job, queued):
    site.condor(case)
    assert Condor().alive([job, "999"]) == ({job: queued} if queued else {})


@pytest.mark.parametrize(("status", "running", "reason"), [(6, True, ""), (7, False, "suspended")])
def test_transferring_and_suspended_jobs_are_alive(site, status, running, reason):
    site.condor({"condor_q": [{"ClusterId": 3, "JobStatus": status}], "condor_history": []})
    assert Condor().alive(["3"])["3"] == QueuedJob("3", running, reason)


def test_nothing_is_asked_about_no_jobs(site):
    site.condor("running")
    assert Condor().alive([]) == {}
    Condor().remove([])
    Condor().remove(["13", "14"])
    assert site.calls() == ["condor_rm 13 14"]
