"""Which trainings a job does, and what is written when they are done."""

import itertools
import json
import re
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom import paths
from jetloom.cli.main import main
from jetloom.cluster.profiles.asked import by_profile
from jetloom.cluster.profiles.sources import Sources
from jetloom.config.load import load_merged
from jetloom.errors import ConfigurationError
from jetloom.io.sealed import read_json
from jetloom.scan.bundles.manifest import lacking, write_manifest
from jetloom.scan.bundles.membership import (
    PATTERN,
    Training,
    bits_for,
    bundles,
    members,
    scan_bundles,
    scan_trainings,
    trainings,
)
from jetloom.scan.preflight import check_analysis
from jetloom.scan.result_file import is_result_of
from stored_files import RESULT, change, write_result
from tiny_analysis import config

CHECKOUT = Path(__file__).parents[2]


def scan(number, runs=("r0",)):
    return trainings((f"p{sha256(str(one).encode()).hexdigest()[:12]}" for one in range(number)), runs)


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 60), st.integers(1, 3))
def test_each_training_is_in_one_bundle_and_the_mean_size_is_kept(points, most, repetitions):
    every = scan(points, [f"r{index}" for index in range(repetitions)])
    found = bundles(every, most)
    assert sorted(itertools.chain(*found.values())) == sorted(every)
    assert all(found.values())
    assert all(re.fullmatch(PATTERN, name) for name in found)
    bits = bits_for(len(every), most)
    assert len(every) / 2**bits <= most
    assert bits == 0 or len(every) / 2 ** (bits - 1) > most
    if most > 1:
        assert len(found) <= 2**bits


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(2, 40), st.integers(1, 40))
def test_values_that_are_added_leave_the_others_where_they_are(points, most, added):
    before, after = bundles(scan(points), most), bundles(scan(points + added), most)
    if bits_for(points, most) == bits_for(points + added, most):
        assert all(set(every) <= set(after[name]) for name, every in before.items())
        changed = [name for name in after if after[name] != before.get(name)]
        assert len(changed) <= added
    else:  # they are divided or put together, and none is mixed with others
        old = {frozenset(every) for every in before.values()}
        known = frozenset(scan(points))
        for every in after.values():
            part = known.intersection(every)
            assert any(part <= whole for whole in old)


def test_one_a_job_goes_alone_under_its_own_name():
    every = scan(3, ["r0", "r1"])
    assert list(bundles(every, 1)) == [f"{one.point}-{one.run}" for one in every]


def test_bundles_are_of_similar_size_and_repetitions_of_a_point_are_divided():
    sizes = [len(found) for found in bundles(scan(10_000), 50).values()]
    assert len(sizes) == 256
    assert 15 < min(sizes) <= max(sizes) < 70
    assert len(bundles(scan(1, [f"r{index}" for index in range(64)]), 10)) == 8


def analysis(**cluster):
    content = config(scan={"units": list(range(1, 13))}, search={"repetitions": 2})
    return load_merged(content | {"cluster": cluster})


@pytest.mark.parametrize("most", [1, 4, 100])
def test_the_members_of_a_name_are_those_that_the_scan_has(most):
    found = analysis(points_per_job=most)
    for name, every in scan_bundles(found, "flavour").items():
        assert members(found, "flavour", name) == every


def test_a_name_from_before_the_scan_grew_has_members():
    found = analysis(points_per_job=4)
    before = bundles(scan_trainings(found, "flavour")[:10], 4)
    for name, every in before.items():
        assert set(every) <= set(members(found, "flavour", name))


@pytest.mark.parametrize("name", ["b3-8", "b99-0", "x", "p000000000000-r0", "b1"])
def test_no_such_bundle(name):
    with pytest.raises(ConfigurationError, match=f"no bundle '{name}'"):
        members(analysis(points_per_job=4), "flavour", name)


def test_equal_results_make_an_equal_manifest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = analysis(points_per_job=100)
    ((name, every),) = scan_bundles(found, "flavour").items()
    places = [paths.training(found, "flavour", *one) for one in every]
    for place in places:
        write_result(place)
    assert lacking(found, "flavour", every) == []
    path = write_manifest(found, "flavour", name, every)
    assert path == Path("results/tiny/scans/flavour/bundles/b0-0.json")
    content = path.read_bytes()
    assert set(read_json(path)["results"]) == {one.name for one in every}
    assert write_manifest(found, "flavour", name, every).read_bytes() == content
    change(places[3] / "result.json", epochs=5)
    assert write_manifest(found, "flavour", name, every).read_bytes() != content
    (places[7] / "result.json").unlink()
    assert lacking(found, "flavour", every) == [every[7]]


def test_a_result_is_that_of_a_training_only_with_its_identity_and_its_files(tmp_path):
    (tmp_path / "model.keras").write_text("weights")
    assert not is_result_of(tmp_path, "abc")
    write_result(tmp_path, ["model.keras"])
    assert not is_result_of(tmp_path, ""), "a result that does not say what it is of is of nothing"
    change(tmp_path / "result.json", origin=RESULT["origin"] | {"identity": "abc"})
    assert is_result_of(tmp_path, "abc")
    assert not is_result_of(tmp_path, "abd")
    (tmp_path / "model.keras").write_text("others")
    assert not is_result_of(tmp_path, "abc")
    (tmp_path / "model.keras").unlink()
    assert not is_result_of(tmp_path, "abc")


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ({"points_per_job": 0}, r"^cluster.points_per_job: .*greater than 0"),
        ({"points_per_job": 20_000}, r"^cluster.points_per_job: 20000 is more than 10,000"),
        ({"points_per_job": 2, "share": 3}, r"^cluster: .*share is 3, and a job has 2 trainings \(points_per_job\)"),
        ({"points_per_job": 40, "share": 17}, r"^cluster.share: 17 is more than 16: more trainings on one card only"),
        ({"points_per_job": 4, "share": 2, "gpus": 2}, r"^cluster: .*trainings share one card, and gpus is 2"),
        ({"points_per_jobs": 2}, r"did you mean 'points_per_job'\?"),
    ],
)
def test_settings_that_make_no_sense_are_refused(cluster, message):
    with pytest.raises(ConfigurationError, match=message):
        analysis(**cluster)


def demonstration(**cluster):
    """The demonstration, which has 16 trainings."""
    return yaml.safe_load((CHECKOUT / "config" / "config.yaml").read_text()) | {"cluster": cluster}


def test_trainings_share_a_card_only_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = demonstration(points_per_job=4, share=2)
    with pytest.raises(ConfigurationError, match=r"^cluster.share: is 2, and no task has 'device: gpu'"):
        check_analysis(load_merged(content))
    content["tasks"]["quark_gluon"]["training"] = {"device": "gpu"}
    check_analysis(load_merged(content))


def test_more_points_a_job_than_there_are_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for most, told in ((50, True), (16, False)):
        Path("c.yaml").write_text(json.dumps(demonstration(points_per_job=most)))
        assert main(["check", "c.yaml"]) == 0
        words = "warning: cluster.points_per_job is 50: all 16 trainings of quark_gluon are one job"
        assert (words in capsys.readouterr().out) == told
        assert list(scan_bundles(load_merged(demonstration(points_per_job=most)), "quark_gluon")) == ["b0-0"]


def test_the_request_of_one_training_is_held_against_a_site(monkeypatch, tmp_path):
    """The time of a bundle is cut to what there is."""
    monkeypatch.chdir(tmp_path)
    found = analysis(points_per_job=5, stages={"train": {"minutes": 10}})
    (asked,) = [one for one in by_profile(Sources((), (), 0), found) if one.rule == "train"]
    assert (asked.memory, asked.minutes) == (2000, 10)


def test_names_of_trainings():
    assert Training("p1", "r0f2").name == "p1-r0f2"
