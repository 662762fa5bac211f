"""What a job of several trainings asks for."""

from types import SimpleNamespace

import pytest

from jetloom import paths
from jetloom.cluster.attempts import ceilings, needs
from jetloom.cluster.attempts.asking import Asking
from jetloom.config.load import load_merged
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.bundles.membership import scan_bundles, scan_trainings
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
    return needs.needs(found, TASK, every)[:2]


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


def test_the_time_is_cut_to_what_the_site_gives(place):
    found = analysis()
    ceilings.CEILINGS.parent.mkdir()
    ceilings.write({("train", TASK): ceilings.Ceiling(minutes=40)})
    assert asked(found) == (1000, 40), "what does not fit in goes on in the next attempt"
    assert needs.needs(found, TASK, scan_trainings(found, TASK)).longest == 30
    ceilings.write({("train", TASK): ceilings.Ceiling(minutes=20)})
    assert asked(found) == (1000, 30), "one training alone asks for more: that is refused before anything is submitted"


def test_what_a_bundle_asks_for_is_found_anew_when_it_is_said_so(place):
    found = analysis()
    bundles = {TASK: scan_bundles(found, TASK)}
    wildcards = SimpleNamespace(task=TASK, bundle="b0-0")
    asks = Asking(found, bundles)
    memory = asks("train")["mem_mb"]
    assert (memory(wildcards), asks.cut(wildcards, 90), asks.cut(wildcards, 77)) == (1000, 30, 77)
    ended(found, 0, Cause.OUT_OF_MEMORY, memory_asked_mb=1000)
    assert memory(wildcards) == 1000
    asks.forget()
    assert memory(wildcards) == 2000
