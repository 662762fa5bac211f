"""The job of a bundle, with trainings that take no time: boosted trees of two leaves."""

import json
import os
import signal
import time
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pytest

from jetloom import paths
from jetloom.cli.main import main
from jetloom.cluster.attempts.words import cause_of_words
from jetloom.cluster.bundles import job
from jetloom.cluster.bundles.job import BundleJob
from jetloom.cluster.bundles.training import Asked, Trainings
from jetloom.config.load import load_merged
from jetloom.data.building.build import build
from jetloom.errors import CheckpointedError, OutOfTimeError, TrainingsFailedError
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.identity import JOB
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.bundles.membership import scan_bundles
from jetloom.scan.result_file import read_result
from stored_files import change
from tiny_analysis import config, write_samples

TASK = "flavour"
CONTENT = config(model="bdt", scan={"leaves": [2, 3, 4]}) | {"cluster": {"points_per_job": 3, "margin": 1}}
CONTENT["tasks"][TASK]["parameters"] = {"n_trees": 2}
ASKED = Asked(3000, 60, 0)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    directory = tmp_path_factory.mktemp("bundle")
    build(load_merged(CONTENT), TASK, write_samples(directory / "hdf5"), directory / "dataset")
    return directory / "dataset"


@pytest.fixture
def analysis(dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(JOB, raising=False)
    monkeypatch.setattr(job, "is_fork_safe", lambda: True)  # a worker of pytest has a thread that harms no fork
    found = load_merged(CONTENT)
    place = paths.dataset(found, TASK)
    place.parent.mkdir(parents=True)
    place.symlink_to(dataset)
    Path("c.json").write_text(json.dumps(CONTENT))
    yield found
    os.environ.pop(JOB, None)


def make(analysis, asked=ASKED, since=""):
    (name,) = scan_bundles(analysis, TASK)
    return BundleJob(Trainings(analysis, TASK), name, Path("c.json"), asked, since)


def places(analysis):
    return [paths.training(analysis, TASK, *one) for one in scan_bundles(analysis, TASK)["b0-0"]]


def lines(analysis):
    return [ledger.read(place / ledger.LEDGER) for place in places(analysis)]


def metrics(analysis):
    return [read_result(place).metrics for place in places(analysis)]


def test_a_bundle_is_trained_and_made_again_in_no_time(analysis, caplog):
    make(analysis).run()
    found = lines(analysis)
    assert [[line.cause for line in one] for one in found] == [["done"]] * 3
    assert {line.job for one in found for line in one} == {f"pid {os.getpid()}"}, "the job is that of the parent"
    assert all((line.memory_asked_mb, line.minutes_asked) == (3000, 60) for one in found for line in one)
    assert paths.manifest(analysis, TASK, "b0-0").is_file()
    for training in scan_bundles(analysis, TASK)["b0-0"]:
        assert paths.training_log(analysis, TASK, *training).is_file()
    before = {place: (place / "result.json").stat().st_mtime_ns for place in places(analysis)}
    with caplog.at_level("INFO"):
        make(analysis).run()
    assert "b0-0: 3 of 3 trainings have their result" in caplog.messages
    assert before == {place: (place / "result.json").stat().st_mtime_ns for place in places(analysis)}
    check_what_does_not_fit(analysis, before)


def check_what_does_not_fit(analysis, before):
    """See that only what is of other settings, damaged or gone is trained again, and that it is the same as before."""
    first, second, third = places(analysis)
    numbers = metrics(analysis)
    change(first / "result.json", origin={"inputs": {"dataset": "x"}, "identity": "another"})
    (second / "model.json").unlink()
    make(analysis).run()
    assert (third / "result.json").stat().st_mtime_ns == before[third]
    assert (first / "result.json").stat().st_mtime_ns > before[first]
    assert (second / "model.json").is_file()
    assert metrics(analysis) == numbers


def test_fresh_processes_give_the_same(analysis, monkeypatch, caplog):
    make(analysis).run()
    numbers = metrics(analysis)
    for place in places(analysis):
        (place / "result.json").unlink()
    monkeypatch.setattr(job, "is_fork_safe", lambda: False)
    make(analysis).run()
    assert "b0-0: this process has threads: each training is a fresh process" in caplog.messages
    assert metrics(analysis) == numbers
    assert {line.job for one in lines(analysis) for line in one} == {f"pid {os.getpid()}"}


def broken(analysis, monkeypatch, index, what):
    """Let something befall one training, when its attempt has begun."""
    original = Trainings.request
    training = scan_bundles(analysis, TASK)["b0-0"][index]

    def request(self, one, directory=None):
        if one == training and (paths.training(analysis, TASK, *one) / ledger.OPEN).exists():
            what()
        return original(self, one, directory)

    monkeypatch.setattr(Trainings, "request", request)


def no_memory():
    raise MemoryError


@pytest.mark.parametrize(
    ("what", "cause", "said"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "", "killed by SIGKILL"),
        (no_memory, "out of memory", "exit code 5: jetloom train: error: memory ran out"),
    ],
)
def test_what_befalls_one_harms_no_other(analysis, monkeypatch, caplog, what, cause, said):
    broken(analysis, monkeypatch, 1, what)
    name = scan_bundles(analysis, TASK)["b0-0"][1].name
    words = rf"1 of 3 trainings have no result; {name}: (killed|exit code 5)"
    with pytest.raises(TrainingsFailedError, match=words) as raised:
        make(analysis).run()
    assert [[line.cause for line in one] for one in lines(analysis)] == [["done"], [cause] if cause else [], ["done"]]
    assert (ledger.read_open(places(analysis)[1]) is not None) == (cause == ""), "who was killed has not closed it"
    assert any(f"{name}: {said}" in words for words in caplog.messages)
    # Who was killed before it opened its line is judged by what the job said.
    assert cause_of_words(str(raised.value)) == "bug"
    assert not paths.manifest(analysis, TASK, "b0-0").exists()


def test_one_that_says_nothing_any_more_is_stopped_and_its_line_names_the_cause(analysis, monkeypatch, caplog):
    def stop():
        Path("stopped").touch()
        os.kill(os.getpid(), signal.SIGSTOP)

    broken(analysis, monkeypatch, 1, stop)
    name = scan_bundles(analysis, TASK)["b0-0"][1].name
    monkeypatch.setattr("jetloom.cluster.bundles.processes.LOOKS", 0.1)
    monkeypatch.setattr(job.Silence, "find", lambda _, names: {name} & set(names) if Path("stopped").exists() else ())
    with pytest.raises(TrainingsFailedError, match="1 of 3 trainings have no result"):
        make(analysis).run()
    assert [[line.cause for line in one] for one in lines(analysis)] == [["done"], ["silent"], ["done"]]
    assert "cluster.silent_minutes" in lines(analysis)[1][0].detail
    assert any("killed by SIGKILL, because it said nothing" in words for words in caplog.messages)


def test_a_full_disk_is_that_of_all(analysis, monkeypatch):
    from jetloom.errors import DiskFullError

    def full():
        raise DiskFullError("cannot be written", path="x")

    broken(analysis, monkeypatch, 0, full)
    with pytest.raises(TrainingsFailedError, match=r"3 of 3 .*; p[0-9a-f]{12}-r0: not begun"):
        make(analysis).run()
    assert [[line.cause for line in one] for one in lines(analysis)] == [["disk full"], [], []]


def test_a_signal_ends_the_job_and_what_runs(analysis, monkeypatch):
    broken(analysis, monkeypatch, 1, lambda: os.kill(os.getppid(), signal.SIGTERM) or time.sleep(300))
    with pytest.raises(CheckpointedError, match="b0-0: SIGTERM: 2 trainings are still to be done"):
        make(analysis).run()
    assert [[line.cause for line in one] for one in lines(analysis)] == [["done"], [], []]
    assert ledger.read_open(places(analysis)[1]).signal == "SIGTERM"


def test_none_is_begun_when_the_time_is_over(analysis, monkeypatch):
    found = make(analysis)
    broken(analysis, monkeypatch, 0, lambda: None)
    found.deadline = time.monotonic() + 0.001
    with pytest.raises(OutOfTimeError, match="b0-0: the wall time is nearly over: 3 trainings are still"):
        found.run()
    assert lines(analysis) == [[], [], []]


def test_each_has_its_share_of_the_time(analysis):
    analysis = load_merged(CONTENT | {"cluster": {**CONTENT["cluster"], "stages": {"train": {"minutes": 7}}}})
    found = make(analysis, Asked(3000, 21))
    training = found.members[0]
    assert found._share(training, 3, 1) == Asked(3000, 7)
    assert found._share(training, 1, 1) == Asked(3000, 21), "alone it has all of it"
    found.began -= 60 * 18.5
    assert found._share(training, 3, 1) == Asked(3000, 3), "no more than is left"
    assert found._share(training, 3, 2).memory == 1500
    assert make(analysis, Asked())._share(training, 3, 1) == Asked()


def test_what_was_given_up_in_this_run_is_not_tried(analysis):
    since = ledger.now()
    second = places(analysis)[1]
    ledger.append(second / ledger.LEDGER, Attempt(1, Cause.BAD_INPUT, ended=since))
    with pytest.raises(TrainingsFailedError, match=r"1 of 3 .*given up \(bad input: not tried again\)"):
        make(analysis, since=since).run()
    assert len(lines(analysis)[1]) == 1
    make(analysis).run()
    assert [line.cause for line in lines(analysis)[1]] == ["bad input", "done"]


def test_the_verb(analysis, capsys):
    with chdir(Path.cwd()):
        given = ["--config", "c.json", "--task", TASK, "--bundle"]
        assert main(["train_bundle", *given, "b1-7"]) == 2
        assert "--bundle: the scan has no bundle 'b1-7'" in capsys.readouterr().err
        assert main(["train_bundle", *given, "b0-0", "--memory", "10", "--minutes", "5", "--gpus", "0"]) == 0
        assert main(["collect", "--config", "c.json", "--task", TASK]) == 0
    assert len(pd.read_csv(paths.scan(analysis, TASK) / "scan.csv")) == 3
