"""Trainings that say nothing: found by their logs, and the time that somebody was there to look."""

import os

import pytest
from pydantic import ValidationError

from jetloom.cluster.bundles.silence import Silence
from jetloom.config.cluster import Cluster


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def logs(tmp_path):
    def say(name):
        (tmp_path / name).write_text("step")
        os.utime(tmp_path / name, ns=(0, len(said)))
        said.append(name)

    said = []
    say.of = lambda name: tmp_path / name
    return say


def looks(silence, clock, minutes, *names):
    """Look once a minute; give what the last look found."""
    found = []
    for _ in range(minutes):
        clock.now += 60
        found = silence.find(names)
    return found


def test_who_says_nothing_for_long_enough_is_found_and_who_speaks_is_not(logs, clock):
    silence = Silence(5, logs.of, clock)
    logs("a")
    assert looks(silence, clock, 6, "a", "no log yet") == ["a", "no log yet"]
    logs("a")
    assert looks(silence, clock, 1, "a") == []
    assert looks(silence, clock, 4, "a") == []
    assert looks(silence, clock, 1, "a") == ["a"]
    assert "said nothing for 5 minutes (cluster.silent_minutes)" in silence.words


def test_a_job_that_was_suspended_was_not_silent(logs, clock):
    silence = Silence(5, logs.of, clock)
    logs("a")
    looks(silence, clock, 2, "a")
    clock.now += 86400
    assert silence.find(["a"]) == []
    assert looks(silence, clock, 2, "a") == ["a"], "but the minutes in which somebody looked count on"


def test_by_default_nothing_is_too_long(logs, clock):
    silence = Silence(Cluster().silent_minutes, logs.of, clock)
    assert looks(silence, clock, 10_000, "a") == []


def test_a_healthy_training_must_not_be_stopped():
    with pytest.raises(ValidationError, match="at least 5 are needed"):
        Cluster(silent_minutes=4)
    assert Cluster(silent_minutes=5).silent_minutes == 5
