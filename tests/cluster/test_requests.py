"""What the next attempt asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetloom.cluster.attempts import requests
from jetloom.config.cluster import Growth
from jetloom.scan.attempts.ledger import Attempt, Cause

OTHERS = [cause for cause in Cause if cause not in (Cause.OUT_OF_MEMORY, Cause.OUT_OF_TIME)]
GROWTH = Growth(factor=2.0, memory_limit=16000, minutes_limit=1440)
BOTH = [
    (requests.memory, Cause.OUT_OF_MEMORY, "memory_asked_mb", "memory_limit"),
    (requests.minutes, Cause.OUT_OF_TIME, "minutes_asked", "minutes_limit"),
]


def _line(cause, memory=0, minutes=0):
    return Attempt(1, cause, memory_asked_mb=memory, minutes_asked=minutes)


def test_memory_doubles_up_to_its_limit():
    attempts, asked = [], []
    for _ in range(6):
        asked.append(requests.memory(2000, GROWTH, attempts))
        attempts.append(_line(Cause.OUT_OF_MEMORY, memory=asked[-1]))
    assert asked == [2000, 4000, 8000, 16000, 16000, 16000]


def test_time_doubles_up_to_its_limit():
    attempts, asked = [], []
    for _ in range(6):
        asked.append(requests.minutes(120, GROWTH, attempts))
        attempts.append(_line(Cause.OUT_OF_TIME, minutes=asked[-1]))
    assert asked == [120, 240, 480, 960, 1440, 1440]


@pytest.mark.parametrize("cause", OTHERS)
def test_nothing_grows_after_another_end(cause):
    attempts = [_line(cause, 2000, 60)] * 5
    assert requests.memory(2000, GROWTH, attempts) == 2000
    assert requests.minutes(60, GROWTH, attempts) == 60


def test_each_grows_for_its_own_cause_only():
    assert requests.minutes(60, GROWTH, [_line(Cause.OUT_OF_MEMORY, 2000, 60)]) == 60
    assert requests.memory(2000, GROWTH, [_line(Cause.OUT_OF_TIME, 2000, 60)]) == 2000


def test_what_was_learnt_is_not_forgotten_after_another_end():
    attempts = [_line(Cause.OUT_OF_MEMORY, 2000), _line(Cause.PREEMPTED, 4000), _line(Cause.BUG, 4000)]
    assert requests.memory(2000, GROWTH, attempts) == 4000


def test_an_attempt_that_does_not_say_what_it_asked_for_had_the_last_known():
    assert requests.memory(2000, GROWTH, [_line(Cause.OUT_OF_MEMORY), _line(Cause.OUT_OF_MEMORY)]) == 8000


def test_a_higher_start_in_the_configuration_counts():
    assert requests.memory(10000, GROWTH, [_line(Cause.OUT_OF_MEMORY, 2000)]) == 10000


@st.composite
def histories(draw):
    """A configuration, and causes of attempts that asked as told."""
    start = draw(st.integers(1, 5000))
    limit = draw(st.integers(start, 100_000))
    factor = draw(st.floats(1.0001, 10))
    growth = Growth(factor=factor, memory_limit=limit, minutes_limit=limit)
    return start, growth, draw(st.lists(st.sampled_from(list(Cause)), max_size=12))


@pytest.mark.parametrize(("ask", "grows", "asked", "limit"), BOTH)
@given(histories())
def test_a_request_never_falls_and_stays_between_start_and_limit(ask, grows, asked, limit, history):
    start, growth, causes = history
    lines, before = [], start
    for cause in causes:
        now = ask(start, growth, lines)
        assert start <= before <= now <= getattr(growth, limit)
        if lines and lines[-1].cause == grows:
            assert now > before or now == getattr(growth, limit)
        elif lines:
            assert now == before
        lines.append(Attempt(len(lines) + 1, cause, **{asked: now}))
        before = now


@pytest.mark.parametrize(("ask", "grows", "asked", "limit"), BOTH)
@given(history=histories(), numbers=st.lists(st.integers(0, 200_000), max_size=6))
def test_ledgers_written_under_other_settings_keep_to_the_limits(ask, grows, asked, limit, history, numbers):
    start, growth, _ = history
    lines = [Attempt(1, grows, **{asked: number}) for number in numbers]
    assert start <= ask(start, growth, lines) <= getattr(growth, limit)
