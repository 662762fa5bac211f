"""Requests that are learnt from what trainings used, by choice."""

from types import SimpleNamespace

import pytest

from jetloom import paths
from jetloom.cli.main import main
from jetloom.cluster.attempts import ceilings, learning, needs
from jetloom.cluster.attempts.asking import Asking
from jetloom.cluster.attempts.ceilings import Ceiling
from jetloom.cluster.attempts.learning import AFTER, BETWEEN, Learning
from jetloom.config.cluster import Stages
from jetloom.config.load import load_merged
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.attempts.usage import of_ledgers, usage
from jetloom.scan.bundles.membership import scan_bundles, scan_trainings
from tiny_analysis import config

TASK = "flavour"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = Clock()
    fresh = Learning(found)
    monkeypatch.setattr(needs, "LEARNING", fresh)
    monkeypatch.setattr("jetloom.cluster.attempts.asking.LEARNING", fresh)
    return found


def analysis(points=24, **cluster):
    content = config(scan={"units": list(range(1, points + 1))})
    stages = {"train": {"memory": 4000, "minutes": 120}}
    return load_merged(content | {"cluster": {"stages": stages, "learn": True, "margin": 60, **cluster}})


def end(found, index, cause=Cause.DONE, memory=1000.0, seconds=600.0, asked=4000):
    path = paths.training(found, TASK, *scan_trainings(found, TASK)[index]) / ledger.LEDGER
    line = Attempt(1, cause, memory_asked_mb=asked, minutes_asked=120, memory_used_mb=memory, wall_time_s=seconds)
    ledger.append(path, line)


def asked(found, index=-1):
    return needs.needs(found, TASK, [scan_trainings(found, TASK)[index]])[:2]


def test_after_so_many_trainings_the_next_ones_ask_for_what_those_used(clock):
    found = analysis()
    for index in range(AFTER - 1):
        end(found, index)
    assert asked(found) == (4000, 120)
    end(found, AFTER - 1)
    assert asked(found) == (4000, 120), "nobody has looked since"
    clock.now = BETWEEN
    assert asked(found) == (1800, 16), "1.25 x 1000 + 500 MB, 1.5 x 10 min + the margin"


def test_nobody_learns_who_does_not_want_it(clock):
    found = analysis(learn=False)
    for index in range(AFTER):
        end(found, index)
    assert asked(found) == (4000, 120)


def test_a_few_large_ones_do_not_decide_and_what_failed_is_not_asked_for_again(clock):
    found = analysis()
    for index in range(AFTER - 1):
        end(found, index)
    end(found, AFTER - 1, memory=3900.0)  # one in twenty
    assert asked(found)[0] == 1800
    end(found, AFTER, Cause.OUT_OF_MEMORY, asked=3000)
    clock.now = BETWEEN
    assert asked(found)[0] == 3000, "another one failed with it"
    assert asked(found, AFTER)[0] == 6000, "who failed asks for more than that"


def test_the_limits_of_the_configuration_and_of_the_site_hold(clock):
    small = {name: {"memory": 1000, "minutes": 10} for name in Stages.model_fields}
    found = analysis(growth={"memory_limit": 1500, "minutes_limit": 15}, stages=small)
    for index in range(AFTER):
        end(found, index)
    assert asked(found) == (1500, 15)
    ceilings.write({("train", TASK): Ceiling(memory=1200, minutes=12)})
    clock.now = BETWEEN
    assert asked(found) == (1200, 12)


def test_the_resources_of_waiting_jobs_follow(clock):
    found = analysis()
    bundles = scan_bundles(found, TASK)
    asks = Asking(found, {TASK: bundles})("train")
    last = SimpleNamespace(task=TASK, bundle=next(reversed(bundles)))
    assert asks["mem_mb"](last) == 4000
    for index in range(AFTER):
        end(found, index)
    clock.now = BETWEEN
    assert (asks["mem_mb"](last), asks["runtime"](last)) == (1800, 16)


def test_attempts_of_one_training_are_added_up_and_one_made_again_counts_once():
    def line(cause, seconds, memory=500.0):
        return Attempt(1, cause, memory_asked_mb=1000, minutes_asked=10, memory_used_mb=memory, wall_time_s=seconds)

    found = of_ledgers(
        [
            [line(Cause.OUT_OF_TIME, 600), line(Cause.DONE, 300, 700.0)],
            [line(Cause.DONE, 6000), line(Cause.DONE, 60)],
            [line(Cause.PREEMPTED, 60)],
        ]
    )
    assert found.memory == (700.0, 500.0)
    assert found.minutes == (15.0, 1.0)
    assert found.asked_mb == 1000
    words = "asked for 1000 MB and 10 min on average, used 509 MB and 23.4 min: 49% of the memory"
    assert found.words().startswith(words)
    assert of_ledgers([]).words() == ""


def test_status_and_the_page_of_runs_say_what_was_asked_for_used_and_wasted(clock, capsys, tmp_path, monkeypatch):
    import json

    found = analysis()
    for index in range(AFTER):
        end(found, index)
    content = config(scan={"units": list(range(1, 25))})
    stages = {"train": {"memory": 4000, "minutes": 120}}
    (tmp_path / "c.yaml").write_text(json.dumps(content | {"cluster": {"stages": stages, "learn": True, "margin": 60}}))
    monkeypatch.setattr(learning, "LEARNING", Learning(clock))
    for name in ("dijet1.root", "ttbar.root"):
        (tmp_path / name).touch()
    assert main(["status", "--config", "c.yaml"]) == 0
    said = capsys.readouterr().out
    words = "asked for 4000 MB and 120 min on average, used 1000 MB and 10.0 min: 75% of the memory and 92% of the time"
    assert words in said
    assert "the next trainings ask for 1800 MB and 16 min, learnt from 20 finished ones (cluster.learn)" in said
    assert usage(found, TASK).words().startswith(words)
    assert main(["runs", "--config", "c.yaml", "--output", "out"]) == 0
    page = (tmp_path / "out" / "runs.html").read_text()
    assert words in page
    assert "asked (MB)" in page
