"""Seeded mutations of each stored file, sealed or not: a known exit code, one line with the file, nothing written."""

import json
import random

import pytest

from jetloom.cli.main import main
from jetloom.io.sealed import CHECKSUM, write_json
from stored_analysis import files_below, options, write_stored
from text_mutations import SEEDS, damage, mutate

VERBS = {
    "result.json": ["collect", "status", "runs"],
    "scan.json": ["summary", "deploy"],
    "scan.csv": ["summary", "plot_scan"],
    "histories.csv": ["summary", "plot_scan"],
    "dataset.json": ["collect"],
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    return write_stored(tmp_path_factory.mktemp("fuzz"))


def _write(path, text, rng):
    """Damage a file; or, if it is JSON, write another content with the right checksum, as only a forger would."""
    if path.suffix != ".json" or rng.random() < 0.5:
        path.write_bytes(damage(text, rng))
        return
    content = json.loads(text)
    del content[CHECKSUM]
    try:
        write_json(path, mutate(content, rng))
    except (ValueError, TypeError):  # what JSON has not
        path.write_text("{")


@pytest.mark.parametrize("name", VERBS)
def test_every_mutation_is_told_in_one_line_with_the_file(stored, name, monkeypatch, capfd):
    monkeypatch.chdir(stored)
    path = next(stored.rglob(name))
    text = path.read_text()
    there = {entry for entry in files_below(stored) if entry != path}
    refused = 0
    try:
        for seed in range(SEEDS // 3):
            rng = random.Random(f"{name} {seed}")
            _write(path, text, rng)
            verb = rng.choice(VERBS[name])
            if path.read_bytes() == text.encode():
                continue
            code = main(options(verb, stored))
            error = capfd.readouterr().err
            assert code in (0, 3), (seed, verb, code, error)
            if code:
                refused += 1
                line = error.splitlines()[-1]
                assert line.startswith(f"jetloom {verb}: error: "), (seed, verb, error)
                assert len(line) < 1000, (seed, verb)
                assert set(files_below(stored)) - {path} == there, (seed, verb)
    finally:
        path.write_text(text)
        assert main(options("collect", stored)) == 0
    assert refused > SEEDS // 10
