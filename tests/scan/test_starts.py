"""The density models that a binary model starts from: found, verified, and compared with one another."""

import pytest

from jetloom import paths
from jetloom.config.load import load_merged
from jetloom.errors import CorruptFileError, EmptySampleError, MissingFileError, StaleError
from jetloom.scan.initial_models import find_start
from jetloom.scan.staleness import settings_digests
from stored_files import write_facts, write_result
from tree_files import TREE_CONFIG, merged

CLASSES = ("gluon", "quark")
TASKS = {kind: {"dataset": "flavour", "model": "junipr", "classes": [kind]} for kind in CLASSES}
BINARY = {"dataset": "flavour", "model": "junipr_binary", "unaries": {kind: kind for kind in CLASSES}}


def _analysis(**changes):
    return load_merged(merged(merged(TREE_CONFIG, {"tasks": {**TASKS, "binary": BINARY}}), {"tasks": changes}))


@pytest.fixture
def scans(tmp_path, monkeypatch):
    """The two scans with their best points, as collect leaves them."""
    monkeypatch.chdir(tmp_path)
    for kind in CLASSES:
        _write(kind)
    return _analysis()


def _write(kind, fingerprint="abc", best=True, run="r0", start=None, **changes):
    scan = paths.scan(_analysis(), kind)
    directory = scan / "p1" / run
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "model.keras").write_text(kind)
    origin = {"inputs": {"dataset": fingerprint} | ({"start": start} if start else {})}
    result = {"parameters": {"width": 10}, "epochs": 5, "jets": 1000, "origin": origin, **changes}
    write_result(directory, ["model.keras"], **result)
    write_facts(scan, {"run": run} if best else None, dataset=fingerprint)


def test_the_best_model_of_each_class_is_found(scans):
    start = find_start(scans, "binary", "abc", None)
    assert {kind: path.read_text() for kind, path in start.models.items()} == {kind: kind for kind in CLASSES}
    assert start.warnings == []
    assert find_start(scans, "flavour", "abc", None).models == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"parameters": {"width": 20}}, "width is 10 for gluon and 20 for quark"),
        ({"parameters": {"width": 10, "units": 3}}, "units is None for gluon and 3 for quark"),
        ({"epochs": 6}, "gluon was trained for 5 epochs and quark for 6"),
        ({"jets": 850}, "gluon was trained on 1000 jets and quark on 850"),
        ({"jets": 950}, None),
    ],
)
def test_trainings_that_are_not_alike_are_told(scans, change, words):
    _write("quark", **change)
    assert find_start(scans, "binary", "abc", None).warnings == ([words] if words else [])


def test_a_model_of_another_fold_is_not_taken(scans):
    for kind in CLASSES:
        _write(kind, run="r1f2")
        _write(kind, run="r1f0")
    assert {path.parent.name for path in find_start(scans, "binary", "abc", 2).models.values()} == {"r1f2"}


def test_models_that_do_not_fit_are_refused_in_one_line(scans):
    _write("quark", fingerprint="other")
    with pytest.raises(StaleError, match=r"scan.json: is of another dataset \(other jets, trees or bins\)"):
        find_start(scans, "binary", "abc", None)
    _write("quark", best=False)
    with pytest.raises(EmptySampleError, match="no point was trained to its end"):
        find_start(scans, "binary", "abc", None)
    _write("quark")
    scan = paths.scan(scans, "quark")
    (scan / "p1" / "r0" / "model.keras").write_text("another")
    with pytest.raises(CorruptFileError, match="is not the file that the training wrote"):
        find_start(scans, "binary", "abc", None)
    (scan / "scan.json").unlink()
    with pytest.raises(MissingFileError, match="run jetloom collect first"):
        find_start(scans, "binary", "abc", None)


def test_other_unaries_make_the_training_stale_and_that_of_others_not():
    before, after = (
        settings_digests(_analysis(**task))["train"] for task in ({}, {"binary": {"unaries": {"quark": "gluon"}}})
    )
    assert {name for name in before if before[name] != after[name]} == {"binary"}


def test_a_density_goes_on_from_one_alone(scans):
    analysis = _analysis(of_both={"dataset": "flavour", "model": "junipr", "start": "gluon"})
    assert {name: path.read_text() for name, path in find_start(analysis, "of_both", "abc", None).models.items()} == {
        "start": "gluon"
    }
    digests = [settings_digests(one)["train"] for one in (analysis, scans)]
    assert digests[0]["gluon"] == digests[1]["gluon"]
    plain = _analysis(of_both={"dataset": "flavour", "model": "junipr"})
    assert digests[0]["of_both"] != settings_digests(plain)["train"]["of_both"]


def test_densities_that_went_on_from_different_models_are_told(scans):
    for start, words in (("f00d", ["gluon and quark did not go on from the same model"]), (None, [])):
        _write("quark", start=start)
        assert find_start(scans, "binary", "abc", None).warnings == words
