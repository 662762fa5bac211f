import errno
import fcntl
import multiprocessing
import os
import signal
import time

import pytest

from jetloom.errors import BusyError
from jetloom.io import lock
from jetloom.io.lock import exclusive, is_held


def _hold(directory, pipe):
    with exclusive(directory, "works"):
        pipe.send("held")
        pipe.recv()


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_hold, args=(tmp_path, there))
    process.start()
    assert here.poll(60)
    process.release = lambda: here.send("release")
    yield process
    process.kill()
    process.join()


def test_one_at_a_time(tmp_path, other, monkeypatch):
    monkeypatch.setattr(lock.time, "sleep", lambda _: None)
    assert is_held(tmp_path)
    with pytest.raises(BusyError, match="another process works; wait for it or stop it first"):  # noqa: SIM117
        with exclusive(tmp_path, "works"):
            pytest.fail("both have it")
    other.release()
    other.join()
    assert not is_held(tmp_path)
    with exclusive(tmp_path, "works"):
        assert is_held(tmp_path)
    assert not is_held(tmp_path)


def test_a_killed_holder_holds_no_more(tmp_path, other):
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    assert not is_held(tmp_path)
    with exclusive(tmp_path, "works"):
        pass


def test_a_moment_is_waited_for(tmp_path, other):
    began = time.monotonic()
    import threading

    threading.Timer(0.2, other.release).start()
    with exclusive(tmp_path, "works"):
        assert time.monotonic() - began >= 0.15


def test_a_look_takes_no_lock_and_makes_no_file(tmp_path):
    assert not is_held(tmp_path / "nowhere")
    assert not is_held(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with exclusive(tmp_path / "new", "works"):
        assert is_held(tmp_path / "new")
    assert (tmp_path / "new").is_dir()


def test_looks_do_not_see_each_other(tmp_path):
    (tmp_path / lock.NAME).touch()
    with (tmp_path / lock.NAME).open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert not is_held(tmp_path)


def test_what_a_killed_one_left_half_written_goes(tmp_path):
    for name in (".model.node1-12.part.keras", ".result.node1-12.part.json", "result.json", ".keep"):
        (tmp_path / name).touch()
    with exclusive(tmp_path, "works"):
        assert {path.name for path in tmp_path.iterdir()} == {"result.json", ".keep", ".lock"}


def test_who_is_refused_sweeps_nothing(tmp_path, other, monkeypatch):
    monkeypatch.setattr(lock.time, "sleep", lambda _: None)
    part = tmp_path / ".result.node1-12.part.json"
    part.touch()
    with pytest.raises(BusyError), exclusive(tmp_path, "works"):
        pass
    assert part.exists()


def test_an_error_frees_the_lock(tmp_path):
    with pytest.raises(ValueError, match="x"), exclusive(tmp_path, "works"):
        raise ValueError("x")
    assert not is_held(tmp_path)


def test_a_file_system_without_locks_warns_and_goes_on(tmp_path, monkeypatch, caplog):
    def fail(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", fail)
    (tmp_path / ".model.node1-12.part.keras").touch()
    with exclusive(tmp_path, "trains this point"):
        assert not is_held(tmp_path)
    assert "no locks on this file system" in caplog.text
    assert "make sure that nothing else trains this point" in caplog.text
    # Another one may be writing: nothing is swept.
    assert (tmp_path / ".model.node1-12.part.keras").exists()
