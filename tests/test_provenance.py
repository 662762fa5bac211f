import ast
import re

import numpy as np
import pytest
import xxhash

from jetloom import provenance
from jetloom.provenance import canonical_json, code_digest, commit, digest, file_digest, origin

CODE = '''"""A module."""
# a comment
def double(x):
    """Give twice x."""
    return 2 * x  # twice


class Jet:
    """A jet."""
'''


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A package of one room with one file, whose code can be changed."""
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    (tmp_path / "room").mkdir()

    def write(code: str, name: str = "jets.py") -> str:
        (tmp_path / "room" / name).write_text(code)
        return code_digest.__wrapped__("room")

    return write


def test_equal_values_give_equal_digests_whatever_the_order():
    assert canonical_json({"b": [1, 2.5], "a": None}) == '{"a":null,"b":[1,2.5]}'
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1}) == "d3626ac30a87"
    assert digest({"a": 1}) != digest({"a": 2})
    assert len(digest(1, 20)) == 20
    with pytest.raises(ValueError, match="JSON"):
        digest(np.nan)


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"jet" * 100_000)
    assert file_digest(tmp_path / "file") == "xxh3-128:" + xxhash.xxh3_128(b"jet" * 100_000).hexdigest()


def test_code_digest_is_blind_to_comments_docstrings_and_layout(room):
    before = room(CODE)
    assert room(CODE.replace("# a comment", "# another")) == before
    assert room(CODE.replace("Give twice x.", "Double it.").replace('"""A module."""', "")) == before
    assert room(CODE.replace("2 * x", "(2   *  x)")) == before
    assert room(CODE.replace('    """Give twice x."""\n', "")) == before


def test_code_digest_sees_code(room):
    before = room(CODE)
    assert room(CODE.replace("2 * x", "3 * x")) != before
    room(CODE)
    assert room("x = 1\n", "other.py") != before


def test_code_digest_takes_files_and_refuses_what_is_not_there(room):
    before = room(CODE)
    one = code_digest.__wrapped__("room/jets.py")
    room("x = 1\n", "other.py")
    assert code_digest.__wrapped__("room/jets.py") == one
    assert code_digest.__wrapped__("room") != before
    for wrong in ("rom", "room/jet.py"):
        with pytest.raises(FileNotFoundError):
            code_digest.__wrapped__(wrong)


def test_the_commit_is_read_from_any_kind_of_checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "src" / "jetloom")
    git = tmp_path / ".git"
    assert commit.__wrapped__() == "unknown"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text("# packed\nabc123 refs/heads/main\n")
    assert commit.__wrapped__() == "abc123"
    (git / "refs" / "heads" / "main").write_text("def456\n")
    assert commit.__wrapped__() == "def456"
    (git / "HEAD").write_text("789abc\n")
    assert commit.__wrapped__() == "789abc"


def test_the_origin_names_version_settings_and_inputs():
    found = origin({"a": 1}, {"dijet": "abc"})
    assert set(found) == {"jetloom", "commit", "settings", "inputs"}
    assert found["inputs"] == {"dijet": "abc"}


NO_NUMBER = {"config", "errors.py", "provenance.py", "io/atomic.py", "io/chunks.py", "io/hdf5.py", "io/plain.py"}
"""What trainings use that changes none of their numbers: it reads, checks and writes."""

MADE_BEFORE = {
    "data/binning.py", "data/moments.py", "data/split.py", "data/weights.py", "expressions", "scan",
    "trees/constituents.py", "trees/grow.py", "trees/reasons.py",
}  # fmt: skip
"""What figures name that shapes the data and scans they are drawn from; those have digests of their own."""
ONLY_READS = {"config", "errors.py", "io", "paths.py", "provenance.py"}

FIGURE_VERBS = {
    "compare", "evaluate", "plot_binning", "plot_constituents", "plot_inputs", "plot_samples", "plot_scan", "reweight",
    "sample_jets",
}  # fmt: skip


def _imports(path):
    """The files of the package that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jetloom"):
            base = provenance.PACKAGE.joinpath(*node.module.split(".")[1:])
            named = [base / f"{alias.name}.py" for alias in node.names] + [base.with_suffix(".py")]
            found |= {file for file in named if file.is_file()}
    return found


def _reached(starts, without):
    """The files of the package that are needed by some, themselves included; not those of rooms that are left out."""
    seen, waiting = set(), list(starts)
    while waiting:
        path = waiting.pop()
        if path not in seen and not _within(path, without):
            seen.add(path)
            waiting += _imports(path)
    return seen


def _within(path, rooms):
    """Whether a file is one of these or in one of these rooms."""
    name = path.relative_to(provenance.PACKAGE).as_posix()
    return bool({name, name.split("/")[0]} & set(rooms))


def test_the_digest_of_trainings_is_of_all_code_that_decides_their_numbers():
    rooms = [provenance.PACKAGE / room for room in ("training", "models")]
    seen = _reached((path for room in rooms for path in room.rglob("*.py")), NO_NUMBER)
    assert {path for path in seen if not _within(path, provenance.TRAINING_CODE)} == set()
    names = {path.relative_to(provenance.PACKAGE).as_posix() for path in seen}
    assert {"data/buckets.py", "physics/scaling.py"} <= names


def test_the_digest_of_figures_is_of_all_code_that_decides_what_they_show():
    for verb in FIGURE_VERBS:
        name = f"cli/{verb}.py"
        seen = _reached([provenance.PACKAGE / name], MADE_BEFORE | ONLY_READS | set(provenance.TRAINING_CODE))
        assert {path for path in seen if not _within(path, [name, *provenance.FIGURE_CODE])} == set(), verb
        assert len(seen) > 2, verb


def test_the_rules_of_figures_go_by_their_code():
    rules = "\n".join(path.read_text() for path in (provenance.PACKAGE.parents[1] / "rules").glob("*.smk"))
    found = set()
    for rule in re.split(r"^rule ", rules, flags=re.MULTILINE)[1:]:
        verb = re.search(r'"jetloom (\w+)', rule)
        if verb and "figure_code(" in rule:
            assert f'code=figure_code("{verb[1]}"),' in rule
            found.add(verb[1])
    assert found == FIGURE_VERBS
