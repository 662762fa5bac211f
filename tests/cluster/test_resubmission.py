"""From a failed job to its line and its verdict."""

import errno
import os
from dataclasses import replace

import pytest
import uproot
from fake_scheduler import SBATCH, Fake

import dxaod_files
from jetloom import paths
from jetloom.cli.main import main
from jetloom.cluster.attempts import resubmission
from jetloom.cluster.attempts.resubmission import FailedJob, Resubmission
from jetloom.cluster.attempts.verdict import Action
from jetloom.cluster.schedulers.scheduler import Facts, Place, SilentSchedulerError
from jetloom.config.load import load_merged
from jetloom.errors import ExitCode, InputError
from jetloom.io.integrity.damage import Interpreting
from jetloom.io.lock import exclusive
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.failed import failed_runs
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.points.space import points
from stored_files import write_dataset
from tiny_analysis import config

PENDING = Facts(None, "Slurm: FAILED (NonZeroExitCode)", 512.0, "node1")


@pytest.fixture
def scheduler():
    return Fake()


@pytest.fixture
def analysis(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return _analysis()


def _analysis(**cluster):
    content = config(scan={"units": [8, 16]}, search={"repetitions": 2})
    analysis = load_merged(content | {"cluster": cluster})
    directory = paths.dataset(analysis, "flavour")
    write_dataset(directory)
    return analysis


def _training(analysis, job="7", run="r0", point=0, **more):
    wildcards = {"task": "flavour", "point": points(analysis.tasks["flavour"])[point].name, "run": run}
    directory = paths.attempts(analysis, "train", wildcards).parent
    directory.mkdir(parents=True, exist_ok=True)
    given = {"memory": 2000, "minutes": 120, "gpus": 1, "outputs": (str(directory / "result.json"),)}
    return FailedJob("train", wildcards, str(directory / "log"), job=job, **(given | more))


def _directory(analysis, failed):
    return paths.attempts(analysis, failed.rule, failed.wildcards).parent


def _lines(analysis, failed):
    return ledger.read(paths.attempts(analysis, failed.rule, failed.wildcards))


def _open(analysis, failed, signal="", job=None):
    """Have an attempt that was killed, or that obeyed a signal."""
    attempt = Attempt(
        1, memory_asked_mb=2000, minutes_asked=120, job=failed.job if job is None else job, started=ledger.now(),
        memory_used_mb=900.0, detail=f"{signal}: stopped in epoch 1, step 2" if signal else "",
    )  # fmt: skip
    (ledger.leave_open if signal else lambda *given: ledger.begin(*given[:2]))(
        _directory(analysis, failed), attempt, signal
    )


@pytest.mark.parametrize("cause", [Cause.OUT_OF_MEMORY, Cause.OUT_OF_TIME, Cause.PREEMPTED, Cause.NODE_LOST])
@pytest.mark.parametrize("signal", ["", "SIGTERM"])
def test_a_killed_attempt_has_the_scheduler_s_cause(analysis, scheduler, cause, signal):
    failed = _training(analysis)
    _open(analysis, failed, signal)
    scheduler.known["7"] = Facts(cause, "Slurm: WORD", 1950.0, "node1")
    verdict = Resubmission(analysis, scheduler).judge(failed)
    assert verdict.action == Action.RETRY
    assert verdict.words.startswith(f"{cause}: tried again")
    (line,) = _lines(analysis, failed)
    assert (line.cause, line.memory_used_mb, line.job) == (cause, 1950.0, "7")
    assert line.detail == ("SIGTERM: stopped in epoch 1, step 2; Slurm: WORD" if signal else "Slurm: WORD")
    assert ledger.read_open(_directory(analysis, failed)) is None


def test_the_job_s_own_peak_counts_if_it_is_higher(analysis, scheduler):
    failed = _training(analysis)
    _open(analysis, failed)
    scheduler.known["7"] = Facts(Cause.OUT_OF_MEMORY, "x", 3.0)
    Resubmission(analysis, scheduler).judge(failed)
    assert _lines(analysis, failed)[0].memory_used_mb == 900.0


@pytest.mark.parametrize("facts", [None, PENDING, SilentSchedulerError("no answer")])
@pytest.mark.parametrize(("signal", "cause"), [("SIGTERM", Cause.PREEMPTED), ("", Cause.BUG)])
def test_a_scheduler_that_says_nothing(analysis, scheduler, facts, signal, cause):
    failed = _training(analysis)
    _open(analysis, failed, signal)
    scheduler.known["7"] = facts
    verdict = Resubmission(analysis, scheduler).judge(failed)
    assert verdict.action == Action.RETRY
    assert [line.cause for line in _lines(analysis, failed)] == [cause]


def test_a_cancelled_job_is_not_tried_again(analysis, scheduler):
    failed = _training(analysis)
    _open(analysis, failed, "SIGTERM")
    scheduler.known["7"] = Facts(Cause.CANCELLED, "Slurm: CANCELLED by 0")
    verdict = Resubmission(analysis, scheduler).judge(failed)
    assert verdict.action == Action.GIVE_UP
    assert "CANCELLED by 0" in verdict.words


def test_a_full_disk_kept_the_job_from_closing_its_line(analysis, scheduler):
    failed = _training(analysis)
    judge = Resubmission(analysis, scheduler)
    _open(analysis, failed)
    scheduler.known["7"] = PENDING
    (_directory(analysis, failed) / "log").write_text("jetloom train: error: x: cannot be written (No space left)\n")
    judge.judge(failed)
    assert _lines(analysis, failed)[0].cause == Cause.DISK_FULL


def test_the_attempt_of_another_job_is_left_alone(analysis, scheduler):
    failed = _training(analysis)
    _open(analysis, failed, job="6")
    scheduler.known["7"] = Facts(Cause.NODE_LOST, "Slurm: NODE_FAIL")
    Resubmission(analysis, scheduler).judge(failed)
    (line,) = _lines(analysis, failed)
    assert (line.cause, line.job) == (Cause.NODE_LOST, "7")
    assert ledger.read_open(_directory(analysis, failed)).attempt.job == "6"


def test_an_attempt_that_still_works_is_left_alone(analysis, scheduler):
    failed = _training(analysis)
    _open(analysis, failed)
    scheduler.known["7"] = Facts(Cause.NODE_LOST, "Slurm: NODE_FAIL")
    with exclusive(_directory(analysis, failed), "trains"):
        Resubmission(analysis, scheduler).judge(failed)
    assert ledger.read_open(_directory(analysis, failed)) is not None
    assert [line.cause for line in _lines(analysis, failed)] == [Cause.NODE_LOST]


@pytest.mark.parametrize("job", ["7", ""])
def test_the_line_that_the_job_left_is_taken(analysis, scheduler, job):
    failed = _training(analysis, job=job)
    own = Attempt(1, Cause.OUT_OF_TIME, "the wall time is nearly over", job=job or "pid 12", ended=ledger.now())
    judge = Resubmission(analysis, scheduler)
    ledger.append(_directory(analysis, failed) / ledger.LEDGER, own)
    scheduler.known["7"] = Facts(Cause.OUT_OF_MEMORY, "wrong")
    verdict = judge.judge(failed)
    assert verdict.words == "out of time: tried again (attempt 2 of at most 20); the wall time is nearly over"
    assert _lines(analysis, failed) == [own]


def test_the_job_s_line_is_found_behind_that_of_a_copy(analysis, scheduler):
    failed = _training(analysis)
    path = _directory(analysis, failed) / ledger.LEDGER
    judge = Resubmission(analysis, scheduler)
    ledger.append(path, Attempt(1, Cause.OUT_OF_TIME, job="7", ended=ledger.now()))
    ledger.append(path, Attempt(2, Cause.DUPLICATE, job="8", ended=ledger.now()))
    judge.judge(failed)
    assert len(_lines(analysis, failed)) == 2


@pytest.mark.parametrize("cause", [Cause.DONE, Cause.DIVERGED])
def test_a_job_that_was_done_and_failed_all_the_same_is_a_bug(analysis, scheduler, cause):
    failed = _training(analysis)
    judge = Resubmission(analysis, scheduler)
    ledger.append(_directory(analysis, failed) / ledger.LEDGER, Attempt(1, cause, job="7", ended=ledger.now()))
    judge.judge(failed)
    assert [line.cause for line in _lines(analysis, failed)] == [cause, Cause.BUG]


def test_an_old_line_is_not_that_of_this_run(analysis, scheduler):
    failed = _training(analysis)
    old = Attempt(1, Cause.OUT_OF_TIME, job="7", ended="2020-01-01T00:00:00+00:00")
    ledger.append(_directory(analysis, failed) / ledger.LEDGER, old)
    Resubmission(analysis, scheduler).judge(failed)
    assert [line.cause for line in _lines(analysis, failed)] == [Cause.OUT_OF_TIME, Cause.BUG]


def test_a_line_counts_once(analysis):
    """On this machine no id tells two attempts apart: one that leaves no line must get one, or it has no end."""
    failed = _training(analysis, job="", words="")
    judge = Resubmission(analysis, None)
    ledger.append(_directory(analysis, failed) / ledger.LEDGER, Attempt(1, Cause.BUG, job="pid 9", ended=ledger.now()))
    assert judge.judge(failed).action == Action.RETRY
    assert judge.judge(failed).action == Action.GIVE_UP
    assert len(_lines(analysis, failed)) == 2


@pytest.mark.parametrize(
    "words",
    [
        SBATCH.format("Batch job submission failed: Unable to contact slurm controller (connect failure)"),
        SBATCH.format("Batch job submission failed: Socket timed out on send/recv operation"),
        SBATCH.format("Batch job submission failed: Job violates accounting/QOS policy (job submit limit, ...)"),
        "Job submission failed with exception: [Errno 11] Resource temporarily unavailable",
        "Part of failed array sbatch submission (tasks 1-10); see log for details.",
        "HTCondor submission failed: Failed to submit HTCondor job: Failed to connect to schedd.",
    ],
)
def test_a_refused_submission_is_tried_again_after_longer_and_longer_pauses(analysis, scheduler, words):
    failed = _training(analysis, job="", words=words)
    judge = Resubmission(analysis, scheduler)
    verdicts = [judge.judge(failed) for _ in range(10)]
    assert [verdict.pause for verdict in verdicts[:-1]] == [10, 20, 40, 80, 160, 300, 300, 300, 300]
    assert [verdict.action for verdict in verdicts] == [Action.RETRY] * 9 + [Action.GIVE_UP]
    assert {line.cause for line in _lines(analysis, failed)} == {Cause.REFUSED}
    assert scheduler.asked == []


@pytest.mark.parametrize(
    "words",
    [
        # Recorded from Slurm 22.05
        SBATCH.format("Memory specification can not be satisfied\nsbatch: error: Batch job submission failed: "
                      "Requested node configuration is not available"),
        SBATCH.format("invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid "
                      "partition name specified"),
        SBATCH.format("Batch job submission failed: Requested node configuration is not available"),
        SBATCH.format("Invalid generic resource (gres) specification"),
        SBATCH.format("Invalid --time specification"),
        SBATCH.format("Batch job submission failed: Invalid node name specified"),
        SBATCH.format("Batch job submission failed: Invalid license specification"),
        SBATCH.format("Batch job submission failed: Invalid feature specification"),
        # With accounting that is enforced
        SBATCH.format("Batch job submission failed: Invalid account or account/partition combination specified"),
        SBATCH.format("Batch job submission failed: Invalid qos specification"),
        SBATCH.format("Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)"),
        SBATCH.format("Batch job submission failed: User's group not permitted to use this partition"),
        SBATCH.format("Batch job submission failed: More processors requested than permitted"),
        SBATCH.format("unrecognized option '--nope'"),
        "HTCondor submission failed: Failed to submit HTCondor job: ERROR: Parse error in expression: Requirements = (",
    ],
)  # fmt: skip
def test_what_is_never_taken_is_not_submitted_again(analysis, scheduler, words):
    failed = _training(analysis, job="", words=words)
    verdict = Resubmission(analysis, scheduler).judge(failed)
    assert verdict.action == Action.GIVE_UP
    assert [line.cause for line in _lines(analysis, failed)] == [Cause.CONFIGURATION]


def test_a_refusal_that_nobody_knows_is_tried_once_more_and_told_whole(analysis, scheduler):
    words = "the moon is in the wrong house " * 20
    failed = _training(analysis, job="", words=SBATCH.format(words))
    judge = Resubmission(analysis, scheduler)
    first, second = judge.judge(failed), judge.judge(failed)
    assert (first.action, second.action) == (Action.RETRY, Action.GIVE_UP)
    assert [line.cause for line in _lines(analysis, failed)] == [Cause.REFUSED, Cause.CONFIGURATION]
    assert "refused twice, for a reason that jetloom does not know" in second.words
    assert words.strip() in second.words
    assert "sbatch call" not in second.words
    # A new run of Snakemake tries again.
    later = Resubmission(analysis, scheduler, since="2999-01-01T00:00:00+00:00")
    assert later.judge(failed).action == Action.RETRY


def test_the_last_words_of_a_job_are_told_where_its_verb_left_none(analysis, scheduler, tmp_path):
    output = tmp_path / "job.err"
    output.write_text("first\n\nTraceback (most recent call last):\n  line 3\nKeyError: 'PATH'\n")
    scheduler.known["7"] = replace(PENDING, log=str(output))
    verdict = Resubmission(analysis, scheduler).judge(_training(analysis))
    assert verdict.words.endswith(
        "Slurm: FAILED (NonZeroExitCode); Traceback (most recent call last): | line 3 | KeyError: 'PATH'"
    )
    scheduler.known["8"] = replace(PENDING, log=str(tmp_path / "none"))
    assert Resubmission(analysis, scheduler).judge(_training(analysis, job="8")).words.endswith("(NonZeroExitCode)")


def test_a_refusal_is_not_mixed_up_with_an_older_attempt_that_was_killed(analysis, scheduler):
    failed = _training(analysis, job="", words=SBATCH.format("Socket timed out"))
    _open(analysis, failed, job="6")
    Resubmission(analysis, scheduler).judge(failed)
    assert [line.cause for line in _lines(analysis, failed)] == [Cause.REFUSED]


def _refuse(jobs):
    raise SilentSchedulerError("no answer", where="condor_rm")


def test_a_held_job_is_taken_out_of_the_queue(analysis, scheduler):
    failed = _training(analysis)
    held = Facts(Cause.OUT_OF_TIME, "HTCondor: held (The job exceeded allowed duration)", place=Place.HELD)
    scheduler.known["7"] = held
    Resubmission(analysis, scheduler).judge(failed)
    assert scheduler.removed == ["7"]
    scheduler.known["8"] = Facts(Cause.OUT_OF_TIME, "HTCondor: removed (wall time)")
    Resubmission(analysis, scheduler).judge(replace(failed, job="8"))
    assert scheduler.removed == ["7"]


def test_the_queue_may_know_of_a_hold_later_than_the_driver(analysis, scheduler, monkeypatch):
    """Without its line's word the job would be left in the queue, held."""
    monkeypatch.setattr(resubmission.time, "sleep", lambda _: None)
    failed = _training(analysis)
    answers = [Facts(None, "running", place=Place.ALIVE)] * 2 + [Facts(Cause.OUT_OF_TIME, "held", place=Place.HELD)]
    monkeypatch.setattr(scheduler, "facts", lambda _: answers.pop(0))
    Resubmission(analysis, scheduler).judge(failed)
    assert [line.cause for line in _lines(analysis, failed)] == [Cause.OUT_OF_TIME]
    assert (answers, scheduler.removed) == ([], ["7"])


@pytest.mark.parametrize("place", [Place.HELD, Place.ALIVE])
def test_a_held_training_may_end_before_it_is_judged(analysis, scheduler, monkeypatch, place):
    """Its process closes its attempt while the driver waits; without that there would be two lines of one attempt."""
    failed = _training(analysis)
    monkeypatch.setattr(resubmission, "SETTLES", 0.0)
    scheduler.known["7"] = Facts(Cause.OUT_OF_MEMORY, "held (memory)", place=place)
    monkeypatch.setattr(scheduler, "remove", _refuse)  # the wait does not hang on it
    _open(analysis, failed)
    directory, naps = _directory(analysis, failed), []
    lock = exclusive(directory, "trains")
    lock.__enter__()

    def sleep(seconds):
        naps.append(seconds)
        if len(naps) == 3:
            ledger.leave_open(directory, ledger.read_open(directory).attempt, "SIGTERM")
            lock.__exit__(None, None, None)

    monkeypatch.setattr(resubmission.time, "sleep", sleep)
    judge = Resubmission(analysis, scheduler)
    judge.let_end([failed])
    judge.judge(failed)
    assert len(naps) == 3
    assert [line.cause for line in _lines(analysis, failed)] == [Cause.OUT_OF_MEMORY]
    assert ledger.read_open(directory) is None


def test_what_the_plugin_has_given_up_is_taken_out_of_the_queue_in_any_case(analysis, scheduler, monkeypatch):
    monkeypatch.setattr(resubmission, "SETTLES", 0.0)
    scheduler.known["7"] = Facts(None, "running", place=Place.ALIVE)
    Resubmission(analysis, scheduler).judge(_training(analysis))
    assert scheduler.removed == ["7"]


def test_a_job_without_a_line_gets_one_with_what_it_asked_for(analysis, scheduler):
    failed = _training(analysis)
    scheduler.known["7"] = Facts(Cause.OUT_OF_MEMORY, "Slurm: OUT_OF_MEMORY", 2100.0, "node1")
    Resubmission(analysis, scheduler).judge(failed)
    (line,) = _lines(analysis, failed)
    assert (line.attempt, line.memory_asked_mb, line.minutes_asked, line.gpus_asked) == (1, 2000, 120, 1)
    assert (line.memory_used_mb, line.host, line.job) == (2100.0, "node1", "7")
    assert line.ended


CONVERT = {"sample": "dijet", "file": "a"}


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("a.root: is truncated; get it again", Cause.BAD_INPUT),
        ("memory ran out", Cause.OUT_OF_MEMORY),
        ("results/x.h5: cannot be written (No space left on device)", Cause.DISK_FULL),
        ("root://a.b//d.root: is out of reach (503 Service Unavailable); try again later", Cause.STORAGE),
        ("results/a/config/0a1b2c.json: tasks.t.inputs: unknown key 'x'", Cause.CONFIGURATION),
        ("scan: the scan has no point 'p1'", Cause.CONFIGURATION),
        ("--run-name: no such run 'r7'; known: r0", Cause.CONFIGURATION),
        ("scans/a.root: is truncated; get it again", Cause.BAD_INPUT),
    ],
)
def test_the_verb_s_error_in_its_log(analysis, scheduler, said, cause, tmp_path):
    log = tmp_path / "a.log"
    failed = FailedJob("hdf5", CONVERT, str(log), job="7")
    judge = Resubmission(analysis, scheduler)
    log.write_text(f"reading\njetloom hdf5: error: {said}\n")
    scheduler.known["7"] = PENDING
    verdict = judge.judge(failed)
    assert said in verdict.words
    (line,) = ledger.read(tmp_path / "results/tiny/attempts/hdf5/dijet/a.csv")
    assert (line.cause, line.detail) == (cause, said)


def _damaged_line(path, action):
    with pytest.raises(InputError) as caught, Interpreting(path, "pt"):
        action()
    return caught.value.line()


def _raising(text):
    raise OSError(text)


@pytest.mark.parametrize("words", ["memory ran out", "x: cannot be written", "scan: no", "a: is out of reach", "bug"])
def test_damage_is_bad_input_and_never_tried_again_whatever_a_library_calls_it(analysis, scheduler, words, tmp_path):
    (tmp_path / "a.root").write_bytes(bytes(10))
    log = tmp_path / "a.log"
    failed = FailedJob("hdf5", CONVERT, str(log), job="7")
    judge = Resubmission(analysis, scheduler)
    log.write_text(f"jetloom hdf5: error: {_damaged_line(tmp_path / 'a.root', lambda: _raising(words))}\n")
    verdict = judge.judge(failed)
    assert verdict.action == Action.GIVE_UP
    assert [line.cause for line in ledger.read(tmp_path / "results/tiny/attempts/hdf5/dijet/a.csv")] == [
        Cause.BAD_INPUT
    ]


@pytest.mark.parametrize("codec", ["zlib", "lzma", "lz4", "zstd", "none"])
def test_a_conversion_of_a_damaged_file_ends_with_the_code_of_its_class(codec, tmp_path, analysis, scheduler, capsys):
    kinds = {"zlib": uproot.ZLIB, "lzma": uproot.LZMA, "lz4": uproot.LZ4, "zstd": uproot.ZSTD}
    path = dxaod_files.write(
        tmp_path / "a.root", dxaod_files.content(60), compression=kinds[codec](1) if codec != "none" else None
    )
    with uproot.open(path) as file:
        branch = file["CollectionTree"]["JetConstituentsAuxDyn.charge"]
        place = branch.member("fBasketSeek")[0]
        if codec != "none":  # what the decompressor sees first, after its key and a header of ROOT's
            place += branch.basket(0).member("fKeylen") + 9
    content = bytearray(path.read_bytes())
    content[place : place + 8] = bytes(8)
    path.write_bytes(content)
    options = ["--schema", "simulated", "--slots", "constituents=3", "-o", str(tmp_path / "out.h5")]
    assert main(["hdf5", str(path), *options]) == ExitCode.INPUT
    lines = capsys.readouterr().err.splitlines()
    judge = Resubmission(analysis, scheduler)
    (tmp_path / "a.log").write_text("\n".join(lines))
    verdict = judge.judge(FailedJob("hdf5", CONVERT, str(tmp_path / "a.log"), job="7"))
    assert verdict.action == Action.GIVE_UP
    assert lines[-1].startswith(f"jetloom hdf5: error: {path}: ")
    assert not (tmp_path / "out.h5").exists()


def test_the_scheduler_s_cause_comes_before_the_log(analysis, scheduler, tmp_path):
    failed = FailedJob("hdf5", CONVERT, str(tmp_path / "a.log"), job="7")
    judge = Resubmission(analysis, scheduler)
    (tmp_path / "a.log").write_text("jetloom hdf5: error: a.root: is truncated\n")
    scheduler.known["7"] = Facts(Cause.OUT_OF_TIME, "Slurm: TIMEOUT")
    judge.judge(failed)
    assert _lines(analysis, failed)[0].cause == Cause.OUT_OF_TIME


@pytest.mark.parametrize("content", [None, "", "jetloom hdf5: error: x\nTraceback\n", "done\n"])
def test_a_log_that_says_nothing(analysis, scheduler, tmp_path, content):
    failed = FailedJob("hdf5", CONVERT, str(tmp_path / "a.log"), job="7")
    judge = Resubmission(analysis, scheduler)
    if content is not None:
        (tmp_path / "a.log").write_text(content)
    assert "the job ended before its verb said why" in judge.judge(failed).words
    assert _lines(analysis, failed)[0].cause == Cause.BUG


def test_the_log_of_an_earlier_attempt_is_ignored(analysis, scheduler, tmp_path):
    log = tmp_path / "a.log"
    failed = FailedJob("hdf5", CONVERT, str(log), job="7")
    log.write_text("jetloom hdf5: error: memory ran out\n")
    os.utime(log, (1_000_000, 1_000_000))  # from an earlier run of Snakemake
    judge = Resubmission(analysis, scheduler)
    judge.judge(failed)
    log.write_text("jetloom hdf5: error: memory ran out\n")
    judge.judge(replace(failed, job="8"))
    stamp = judge._judged[paths.attempts(analysis, "hdf5", CONVERT)] - 1
    os.utime(log, (stamp, stamp))  # from the attempt that was judged just now
    judge.judge(replace(failed, job="9"))
    assert [line.cause for line in _lines(analysis, failed)] == [Cause.BUG, Cause.OUT_OF_MEMORY, Cause.BUG]


def test_other_jobs_do_not_go_on_where_they_were(analysis, scheduler):
    failed = FailedJob("hdf5", CONVERT, "", job="7", minutes=1440)
    scheduler.known["7"] = Facts(Cause.OUT_OF_TIME, "Slurm: TIMEOUT")
    assert Resubmission(analysis, scheduler).judge(failed).action == Action.GIVE_UP
    training = replace(_training(analysis), minutes=1440)
    assert Resubmission(analysis, scheduler).judge(training).action == Action.RETRY


def test_a_driver_that_cannot_write_gives_up_rather_than_falls(analysis, scheduler, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    failed = _training(analysis)
    monkeypatch.setattr(ledger.os, "write", full)
    verdict = Resubmission(analysis, scheduler).judge(failed)
    assert verdict.action == Action.GIVE_UP
    assert verdict.words.startswith("disk full: ")


# Rows without a model


def test_rows_are_made_up_to_the_tolerance(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    analysis = _analysis(tolerance=0.5)
    judge = Resubmission(analysis, None)
    trainings = [_training(analysis, run=run, point=point) for point in (0, 1) for run in ("r0", "r1")]
    assert [judge.becomes_row(failed, "bug in 2 attempts", "") for failed in trainings] == [True, True, False, False]
    assert failed_runs(analysis, "flavour") == [_directory(analysis, failed) for failed in trainings[:2]]


def test_what_becomes_no_row(analysis, tmp_path):
    assert not Resubmission(analysis, None).becomes_row(_training(analysis), "bug", "")  # no tolerance
    tolerant = Resubmission(_analysis(tolerance=0.9), None)
    assert not tolerant.becomes_row(_training(analysis), "cancelled: not tried again", "")
    assert failed_runs(analysis, "flavour") == []


def test_a_row_that_cannot_be_written_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    judge = Resubmission(_analysis(tolerance=0.9), None)

    def full(*_):
        raise resubmission.DiskFullError("cannot be written")

    monkeypatch.setattr(resubmission, "write_failed", full)
    assert not judge.becomes_row(_training(judge.analysis), "bug", "")
