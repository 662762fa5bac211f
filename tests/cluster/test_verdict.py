"""Whether a job is tried again: by cause, count and limits."""

import pytest

from jetloom.cluster.attempts.verdict import LONGEST_PAUSE, WAITS, Action, judge
from jetloom.config.cluster import Attempts, Cluster
from jetloom.scan.attempts.ledger import Attempt, Cause

SINCE = "2026-11-21T12:00:00+00:00"
EARLIER, LATER = "2026-11-21T11:59:59+00:00", "2026-11-21T12:00:01+00:00"
LIMITED = {Cause[name.upper()]: limit for name, limit in Attempts().model_dump().items()}


MOST = ", the most there may be (cluster.growth.memory_limit)"


def _lines(*causes, ended=LATER, memory=2000, minutes=60):
    return [
        Attempt(number, cause, memory_asked_mb=memory, minutes_asked=minutes, ended=ended)
        for number, cause in enumerate(causes, 1)
    ]


def _judge(lines, resumable=True, **settings):
    return judge(lines, SINCE, Cluster(**settings), resumable)


def test_every_cause_of_a_failure_is_decided():
    never = {Cause.BAD_INPUT, Cause.CONFIGURATION, Cause.CANCELLED, Cause.INTERRUPTED}
    assert set(LIMITED) | never == set(Cause) - {Cause.DONE, Cause.DIVERGED}


@pytest.mark.parametrize("cause", [Cause.BAD_INPUT, Cause.CONFIGURATION, Cause.CANCELLED, Cause.INTERRUPTED])
def test_what_fails_the_same_way_again_is_not_tried_again(cause):
    verdict = _judge(_lines(cause))
    assert verdict.action == Action.GIVE_UP
    assert verdict.words == f"{cause}: not tried again"


@pytest.mark.parametrize(("cause", "limit"), LIMITED.items())
def test_each_cause_has_its_number_of_attempts(cause, limit):
    assert _judge(_lines(*[cause] * (limit - 1))).action == Action.RETRY if limit > 1 else True
    verdict = _judge(_lines(*[cause] * limit))
    assert verdict.action == Action.GIVE_UP
    assert verdict.words == f"{cause} in {limit} attempts of at most {limit}"


@pytest.mark.parametrize("cause", LIMITED)
def test_limits_come_from_the_configuration(cause):
    limits = {cause.name.lower(): 3}
    assert _judge(_lines(cause, cause), attempts=limits).action == Action.RETRY
    assert _judge(_lines(cause, cause, cause), attempts=limits).action == Action.GIVE_UP


def test_other_causes_do_not_count():
    lines = _lines(*[Cause.PREEMPTED] * 60, Cause.BUG, *[Cause.NODE_LOST] * 3, Cause.OUT_OF_MEMORY)
    assert _judge(lines).words == "out of memory: tried again (attempt 2 of at most 4)"


def test_a_new_run_of_snakemake_gives_all_attempts_again():
    before = _lines(Cause.BUG, Cause.BUG, Cause.BUG, ended=EARLIER)
    assert _judge(before + _lines(Cause.BUG)).action == Action.RETRY
    assert _judge(before + _lines(Cause.BUG, Cause.BUG)).action == Action.GIVE_UP
    assert _judge(_lines(Cause.BUG, Cause.BUG, ended=SINCE)).action == Action.GIVE_UP


def test_more_memory_than_there_may_be_is_not_asked_for():
    growth = {"memory_limit": 8000}
    assert _judge(_lines(Cause.OUT_OF_MEMORY, memory=7999), growth=growth).action == Action.RETRY
    verdict = _judge(_lines(Cause.OUT_OF_MEMORY, memory=8000), growth=growth)
    assert (verdict.action, verdict.words) == (Action.GIVE_UP, f"out of memory with 8000 MB{MOST}")


def test_more_time_is_not_asked_for_unless_the_job_goes_on_where_it_was():
    lines = _lines(Cause.OUT_OF_TIME, minutes=1440)
    assert _judge(lines, resumable=True).action == Action.RETRY
    verdict = _judge(lines, resumable=False)
    assert (verdict.action, verdict.words) == (
        Action.GIVE_UP,
        f"out of time after 1440 minutes{MOST.replace('memory', 'minutes')}",
    )
    assert _judge(_lines(Cause.OUT_OF_TIME, minutes=1439), resumable=False).action == Action.RETRY


@pytest.mark.parametrize("cause", WAITS)
def test_pauses_double_up_to_five_minutes(cause):
    pauses = [_judge(_lines(*[cause] * count), attempts={cause.name.lower(): 20}).pause for count in range(1, 10)]
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300, 300]
    assert pauses[-1] == LONGEST_PAUSE


def test_the_pause_comes_from_the_configuration():
    assert _judge(_lines(Cause.REFUSED, Cause.REFUSED), pause=3).pause == 6
    assert _judge(_lines(Cause.REFUSED), pause=0).pause == 0


@pytest.mark.parametrize("cause", sorted(set(LIMITED) - set(WAITS)))
def test_nothing_else_waits(cause):
    assert _judge(_lines(cause), attempts={cause.name.lower(): 2}).pause == 0
