import errno
import multiprocessing
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.errors import DiskFullError
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause

LINE = Attempt(
    attempt=1,
    cause=Cause.OUT_OF_MEMORY,
    detail='Slurm: FAILED, memory limit exceeded; "oom" 10%',
    memory_asked_mb=2000,
    minutes_asked=60,
    gpus_asked=1,
    memory_used_mb=1998.5,
    wall_time_s=61.2,
    host="node1",
    job="66_1",
    started="2026-11-21T12:00:00+00:00",
    ended="2026-11-21T12:01:01+00:00",
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "point" / "r0" / ledger.LEDGER


def test_lines_come_back_as_they_were(path):
    lines = [replace(LINE, attempt=number) for number in (1, 2, 3)]
    for line in lines:
        ledger.append(path, line)
    assert ledger.read(path) == lines
    assert path.read_text().splitlines()[0] == ",".join(ledger.COLUMNS)
    assert len(path.read_text().splitlines()) == 4


def test_there_is_no_ledger_before_the_first_attempt(path):
    assert ledger.read(path) == []


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80))
def test_any_words_fit_on_one_line(tmp_path_factory, words):
    path = tmp_path_factory.mktemp("ledger") / ledger.LEDGER
    words = words.encode("utf-8", "replace").decode()
    for attempt in (1, 2):
        ledger.append(path, replace(LINE, attempt=attempt, detail=words))
    assert [(line.attempt, line.detail) for line in ledger.read(path)] == [
        (1, " ".join(words.split())),
        (2, " ".join(words.split())),
    ]


def test_a_line_cut_short_anywhere_is_passed_over_and_spoils_no_other(path):
    ledger.append(path, LINE)
    first = path.read_bytes()
    ledger.append(path, replace(LINE, attempt=2, detail='é, "x'))
    whole = path.read_bytes()
    for end in range(len(first), len(whole)):
        path.write_bytes(whole[:end])
        assert ledger.read(path) == [LINE]
        ledger.append(path, replace(LINE, attempt=3))
        assert [line.attempt for line in ledger.read(path) if line.attempt != 2] == [1, 3]


def test_a_heading_cut_short_hides_no_line(path):
    ledger.append(path, LINE)
    whole = path.read_bytes()
    for end in range(0, len(whole), 5):
        path.write_bytes(whole[:end])
        assert ledger.read(path) == []
        ledger.append(path, replace(LINE, attempt=2))
        assert ledger.read(path)[-1].attempt == 2


@pytest.mark.parametrize("text", ["garbage\n", "\x00" * 50 + "\n", "1,2\n", "x," * 11 + "x\n", "\n\n", '"\n'])
def test_lines_that_are_none_are_passed_over(path, text):
    ledger.append(path, LINE)
    with path.open("a") as file:
        file.write(text)
    ledger.append(path, replace(LINE, attempt=2))
    assert [line.attempt for line in ledger.read(path)] == [1, 2]


def _append_many(path, name, start):
    start.wait()
    for number in range(20):
        ledger.append(path, replace(LINE, attempt=number, host=name))


def test_processes_that_write_at_once_lose_no_line(path):
    context = multiprocessing.get_context("fork")
    start = context.Event()
    writers = [context.Process(target=_append_many, args=(path, f"node{index}", start)) for index in range(6)]
    for writer in writers:
        writer.start()
    start.set()
    for writer in writers:
        writer.join()
    lines = ledger.read(path)
    assert len(lines) == 120
    for index in range(6):
        assert [line.attempt for line in lines if line.host == f"node{index}"] == list(range(20))
    assert path.read_text().count("attempt,cause") == 1


@pytest.mark.parametrize("written", [0, 10])
def test_a_full_disk_leaves_the_ledger_as_it_was(path, monkeypatch, written):
    ledger.append(path, LINE)
    before = path.read_bytes()
    write = os.write

    def full(descriptor, text):
        if not written:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, text[:written])

    with monkeypatch.context() as patch:
        patch.setattr(ledger.os, "write", full)
        with pytest.raises(DiskFullError, match=r"attempts\.csv: cannot be written \(No space left on device\)"):
            ledger.append(path, replace(LINE, attempt=2))
    assert path.read_bytes() == before


def test_another_failure_to_write_is_not_called_a_full_disk(path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(ledger.os, "write", fail)
    with pytest.raises(OSError, match="Input/output error"):
        ledger.append(path, LINE)


def test_a_file_system_without_locks_will_do(path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(ledger.fcntl, "flock", fail)
    ledger.append(path, LINE)
    assert ledger.read(path) == [LINE]


def test_an_attempt_is_open_until_its_line_is_written(tmp_path):
    assert ledger.read_open(tmp_path) is None
    begun = replace(LINE, cause="", detail="", ended="", wall_time_s=0.0)
    ledger.begin(tmp_path, begun)
    assert ledger.read_open(tmp_path) == ledger.OpenAttempt(begun, "")
    assert ledger.read(tmp_path / ledger.LEDGER) == []
    ledger.close(tmp_path, LINE)
    assert ledger.read_open(tmp_path) is None
    assert ledger.read(tmp_path / ledger.LEDGER) == [LINE]
    ledger.close(tmp_path, replace(LINE, attempt=2))  # nothing was open: a line all the same
    assert len(ledger.read(tmp_path / ledger.LEDGER)) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"attempt": {"x": 1}, "signal": ""}', '{"attempt": 3}', "3"])
def test_what_is_no_open_attempt_is_none(tmp_path, content):
    (tmp_path / ledger.OPEN).write_text(content)
    assert ledger.read_open(tmp_path) is None
    assert ledger.settle(tmp_path, Cause.BUG, "x") is None


def test_where_no_directory_is_there_is_no_open_attempt(tmp_path):
    (tmp_path / "file").touch()
    assert ledger.read_open(tmp_path / "nowhere") is None
    assert ledger.read_open(tmp_path / "file") is None


def test_a_killed_attempt_gets_its_line_from_who_knows_why(tmp_path):
    ledger.begin(tmp_path, replace(LINE, cause="", detail="", ended="", wall_time_s=0.0, memory_used_mb=0.0))
    settled = ledger.settle(tmp_path, Cause.NODE_LOST, "Slurm: NODE_FAIL", memory_used_mb=123.4, host="")
    assert ledger.read(tmp_path / ledger.LEDGER) == [settled]
    assert (settled.cause, settled.detail) == ("node lost", "Slurm: NODE_FAIL")
    assert (settled.memory_used_mb, settled.host) == (123.4, "node1")  # what is not known spoils nothing
    assert settled.ended >= settled.started
    assert settled.wall_time_s > 0
    assert ledger.read_open(tmp_path) is None
    assert ledger.settle(tmp_path, Cause.NODE_LOST, "again") is None
    assert len(ledger.read(tmp_path / ledger.LEDGER)) == 1


def test_an_attempt_that_obeyed_a_signal_keeps_its_times(tmp_path):
    ledger.leave_open(tmp_path, replace(LINE, cause="", detail="SIGTERM: stopped in epoch 2, step 3"), "SIGTERM")
    assert ledger.read_open(tmp_path).signal == "SIGTERM"
    settled = ledger.settle(tmp_path, Cause.PREEMPTED, "SIGTERM: stopped")
    assert (settled.ended, settled.wall_time_s, settled.memory_used_mb) == (LINE.ended, 61.2, 1998.5)


def test_times_can_be_compared_as_text():
    times = [ledger.now() for _ in range(3)]
    assert times == sorted(times)
    assert all(time.endswith("+00:00") and len(time) == 25 for time in times)


@pytest.mark.parametrize("field", ["x" * 200_000, '"', "\0", "2026,x", "9" * 400])
def test_a_damaged_line_is_passed_over_with_a_warning(tmp_path, field, caplog):
    path = tmp_path / ledger.LEDGER
    ledger.append(path, Attempt(1, Cause.DONE))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, field + lines[1], *lines[1:]]) + "\n")
    assert [line.attempt for line in ledger.read(path)] == [1, 1]
    assert caplog.messages == [f"{path}: line 3: is damaged, and passed over"]


def test_a_detail_of_any_length_is_cut_to_a_line_that_can_be_read(tmp_path):
    ledger.append(tmp_path / ledger.LEDGER, Attempt(1, Cause.BUG, detail="x" * 200_000))
    (line,) = ledger.read(tmp_path / ledger.LEDGER)
    assert line.detail == "x" * ledger.LONGEST


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory_used_mb", "nan"),
        ("wall_time_s", "inf"),
        ("started", "yesterday"),
        ("ended", "2026-01-01"),
        ("attempt", ""),
    ],
)
def test_a_line_that_no_attempt_wrote_is_passed_over(tmp_path, name, value, caplog):
    path = tmp_path / ledger.LEDGER
    path.write_text(",".join(ledger.COLUMNS) + "\n")
    row = dict.fromkeys(ledger.COLUMNS, "") | dict.fromkeys(("attempt", "memory_asked_mb", "minutes_asked"), "1")
    row |= {"gpus_asked": "0", "memory_used_mb": "1.5", "wall_time_s": "2"}
    for change in ({}, {name: value}):
        with path.open("a") as file:
            file.write(",".join((row | change).values()) + "\n")
    assert len(ledger.read(path)) == 1
    assert caplog.messages == [f"{path}: line 3: is damaged, and passed over"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"attempt": null, "signal": ""}',
        '{"attempt": {"attempt": 1e400}, "signal": ""}',
        "[" * 9999,
    ],
)
def test_an_open_attempt_that_is_damaged_is_none(tmp_path, text):
    (tmp_path / ledger.OPEN).write_text(text)
    assert ledger.read_open(tmp_path) is None


def test_a_ledger_of_an_older_version_is_read_and_goes_on_in_its_columns(tmp_path):
    path = tmp_path / ledger.LEDGER
    older = [name for name in ledger.COLUMNS if name not in ledger.OLDER]
    first = Attempt(1, Cause.PREEMPTED, "sent away", job="5", ended="2026-11-21T12:00:00+00:00")
    values = {name: getattr(first, name) for name in older}
    path.write_text(",".join(older) + "\n" + ",".join(map(str, values.values())) + "\n")
    ledger.append(path, Attempt(2, Cause.DONE, job="6", ended="2026-11-21T13:00:00+00:00", drive="now"))
    lines = ledger.read(path)
    assert [(line.attempt, line.cause, line.job, line.drive) for line in lines] == [
        (1, "preempted", "5", ""),
        (2, "done", "6", ""),
    ]
    assert path.read_text().splitlines()[0] == ",".join(older)


def test_a_line_belongs_to_the_run_that_it_names_whatever_the_clock_of_its_host_says():
    drive = "2026-11-21T12:00:00+00:00"
    assert Attempt(1, ended="1999-01-01T00:00:00+00:00", drive=drive).is_of(drive)
    assert not Attempt(1, ended="2999-01-01T00:00:00+00:00", drive="another").is_of(drive)
    assert Attempt(1, ended=drive).is_of(drive)
    assert not Attempt(1, ended="2026-11-21T11:59:59+00:00").is_of(drive)
