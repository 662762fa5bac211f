"""What a job of several trainings asks for."""

import pytest

from jetloom import paths
from jetloom.cluster.attempts import needs
from jetloom.config.load import load_merged
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.bundles.membership import scan_trainings
from stored_files import write_result
from tiny_analysis import config

TASK = "flavour"


def analysis(device="cpu", **cluster):
    content = config(scan={"units": [2, 4, 8]}, training={"device": device})
    stages = {"train": {"memory": 1000, "minutes": 30}}
    return load_merged(content | {"cluster": {"stages": stages, "points_per_job": 3, **cluster}})


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def asked(found):
    every = scan_trainings(found, TASK)
    return needs.needs(found, TASK, every)


def ended(found, index, cause, **given):
    path = paths.training(found, TASK, *scan_trainings(found, TASK)[index]) / ledger.LEDGER
    ledger.append(path, Attempt(1, cause, **given))


def test_memory_of_the_largest_and_time_of_all_that_is_to_do(place):
    found = analysis()
    assert asked(found) == (1000, 90)
    ended(found, 0, Cause.OUT_OF_MEMORY, memory_asked_mb=1000)
    ended(found, 1, Cause.OUT_OF_TIME, minutes_asked=30)
    assert asked(found) == (2000, 30 + 60 + 30)
    directories = [paths.training(found, TASK, *one) for one in scan_trainings(found, TASK)]
    write_result(directories[0])
    assert asked(found) == (1000, 60 + 30)
    write_result(directories[1])
    assert asked(found) == (1000, 30)
    write_result(directories[2])
    assert asked(found) == (2000, 120), "all have a result, and it runs: all of them are out of date"


def test_no_more_time_than_there_may_be(place):
    assert asked(analysis(growth={"minutes_limit": 70})) == (1000, 70)


def test_trainings_that_share_a_card_ask_for_the_memory_of_so_many(place):
    found = analysis("gpu", share=2)
    assert asked(found) == (2000, 45)
    ended(found, 1, Cause.OUT_OF_MEMORY, memory_asked_mb=1000)
    assert asked(found) == (3000, 45)
    ended(found, 2, Cause.OUT_OF_TIME, minutes_asked=50)
    assert asked(found) == (3000, 100), "one of them alone takes so long"
    assert asked(analysis("cpu", share=2))[0] == 2000
