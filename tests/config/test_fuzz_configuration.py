"""Seeded mutations of a configuration and of a schema: a known exit code, one line, nothing written, no hang."""

import random
import resource

import pytest
import yaml

from jetloom.cli.main import main
from jetloom.config.load import load_merged
from text_mutations import SEEDS, damage, mutate
from tiny_analysis import config

SCHEMA = {
    "trees": ["nominal"],
    "naming": "flat",
    "events": {"fields": {"run_number": {"type": "uint32"}, "event_number": {"type": "uint64", "branch": "event"}}},
    "jets": {
        "fields": {
            "pt": {"unit": "MeV", "title": "Jet $p_T$ [GeV]"},
            "eta": {},
            "phi": {},
            "width": {"expression": "eta * 2", "optional": True},
            "ntrk": {"type": "int32", "index": 0},
            "truth": {"type": "int32", "reduce": "max"},
        }
    },
    "collections": {
        "tracks": {
            "fields": {"pt": {}, "eta": {}, "phi": {}, "m": {}},
            "link": {"kind": "jet_index", "branch": ["track_jet"]},
        }
    },
}
GROWTH = 200_000
"""Memory that all mutations together may take, in kB."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with the files that the configuration names, and the whole configuration with all its defaults."""
    directory = tmp_path_factory.mktemp("fuzz")
    for name in ("dijet0.root", "ttbar.root"):
        (directory / name).write_text(name)
    given = config(scan={"units": [8, 16], "dropout": [0.0, 0.1]}, search={"fraction": 0.5})
    given["conversion"] = {"slots": {"tracks": 10}, "select": {"constituents": {"tracks": ["pt > 1"]}}}
    given["comparisons"] = {"all": {"tasks": ["flavour"], "title": "All"}}
    content = load_merged(given).model_dump(mode="json", by_alias=True)
    for sample in content["samples"].values():
        sample["schema"] = "schema.yaml"
    (directory / "my.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    (directory / "schema.yaml").write_text(yaml.safe_dump(SCHEMA, sort_keys=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        assert main(["check", "my.yaml"]) == 0
    return directory


def _mutated(name, content, text, seed):
    rng = random.Random(f"{name} {seed}")
    if rng.random() < 0.4:
        return damage(text, rng)
    return yaml.safe_dump(mutate(content, rng), sort_keys=False, allow_unicode=rng.random() < 0.5).encode()


@pytest.mark.parametrize("name", ["my.yaml", "schema.yaml"])
def test_every_mutation_is_told_in_one_line(place, name, monkeypatch, capfd):
    monkeypatch.chdir(place)
    text = (place / name).read_text()
    content = yaml.safe_load(text)
    there = sorted(place.rglob("*"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    try:
        for seed in range(SEEDS):
            (place / name).write_bytes(_mutated(name, content, text, seed))
            code = main(["check", "my.yaml"])
            error = capfd.readouterr().err
            assert code in (0, 2, 3), (seed, code, error)
            if code:
                refused += 1
                assert error.startswith("jetloom check: error: "), (seed, error)
                assert error.count("\n") == 1, (seed, error)
                assert len(error) < 1000, (seed, error)
    finally:
        (place / name).write_text(text)
    assert refused > SEEDS // 3
    assert sorted(place.rglob("*")) == there
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH
