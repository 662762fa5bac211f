"""Stored files that are damaged: every verb that reads one says so in one line with the file, and writes nothing."""

import pytest

from jetloom.cli.main import main
from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.io.stored import read_stored
from jetloom.scan.result_file import Result
from stored_analysis import files_below, options, write_stored
from stored_files import RESULT, write_result

VERBS = {
    "result.json": ["collect", "status", "runs"],
    "scan.json": ["summary", "deploy", "evaluate", "plot_scan"],
    "scan.csv": ["summary", "deploy", "plot_scan"],
    "histories.csv": ["summary", "plot_scan"],
    "dataset.json": ["collect", "evaluate", "train"],
}
DAMAGES = {
    "empty": lambda text: "",
    "null": lambda text: "null\n",
    "{}": lambda text: "{}\n",
    "a list": lambda text: "[1, 2]\n",
    "cut": lambda text: text[: len(text) // 2],
    "one row": lambda text: "\n".join(text.splitlines()[:2]) + "\n",
    "a digit": lambda text: text.replace("0", "7", 1),
    "long": lambda text: text.replace('"', '"' + "x" * 200_000, 1) if '"' in text else text + "x" * 200_000,
    "deep": lambda text: "[" * 50_000,
    "not a number": lambda text: '{"status": NaN}\n',
    "no text": lambda text: "\ud800",
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    return write_stored(tmp_path_factory.mktemp("stored"))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", VERBS)
def test_damage_of_a_stored_file_is_told_by_every_verb(stored, name, damage, monkeypatch, capfd):
    monkeypatch.chdir(stored)
    path = next(stored.rglob(name))
    before = path.read_bytes()
    try:
        path.write_bytes(DAMAGES[damage](before.decode()).encode("utf-8", "surrogatepass"))
        there = files_below(stored)
        for verb in VERBS[name]:
            assert main(options(verb, stored)) == 3, verb
            (line,) = capfd.readouterr().err.splitlines()
            assert line.startswith(f"jetloom {verb}: error: "), line
            assert f"{name}: " in line
            assert len(line) < 500
            written = {path for path, time in files_below(stored).items() if there.get(path) != time}
            assert {path.name for path in written} <= {"attempts.csv", ".lock"}, verb
    finally:
        path.write_bytes(before)


def test_a_result_of_another_shape_is_told_with_its_key(tmp_path):
    write_result(tmp_path, epochs="four")
    with pytest.raises(
        CorruptFileError, match=r"result.json: epochs: input should be a valid integer, not 'four'; rem"
    ):
        read_stored(tmp_path / "result.json", Result)
    for name in RESULT:
        write_result(tmp_path, **{name: None})
        with pytest.raises(CorruptFileError, match=rf"result.json: {name}: input should be"):
            read_stored(tmp_path / "result.json", Result)
    with pytest.raises(MissingFileError, match="there is no such file"):
        read_stored(tmp_path / "other.json", Result)
