import ast

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


NO_NUMBER = {
    "config", "errors.py", "provenance.py", "io/atomic.py", "io/chunks.py", "io/hdf5.py", "io/plain.py",
    "physics/splitting.py", "data/nodes.py",
}  # fmt: skip
"""What trainings use that changes none of their numbers: it reads and writes, or serves the sampling of jets."""


def _imports(path):
    """The files of the package that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jetloom"):
            base = provenance.PACKAGE.joinpath(*node.module.split(".")[1:])
            named = [base / f"{alias.name}.py" for alias in node.names] + [base.with_suffix(".py")]
            found |= {file for file in named if file.is_file()}
    return found


def test_the_digest_of_trainings_is_of_all_code_that_decides_their_numbers():
    seen, waiting = (
        set(),
        [*(provenance.PACKAGE / "training").rglob("*.py"), *(provenance.PACKAGE / "models").rglob("*.py")],
    )
    while waiting:
        path = waiting.pop()
        name = path.relative_to(provenance.PACKAGE).as_posix()
        if path not in seen and not {name, name.split("/")[0]} & NO_NUMBER:
            seen.add(path)
            waiting += _imports(path)
    names = {path.relative_to(provenance.PACKAGE).as_posix() for path in seen}
    assert {name for name in names if not {name, name.split("/")[0]} & set(provenance.TRAINING_CODE)} == set()
    assert {"data/buckets.py", "physics/scaling.py"} <= names
