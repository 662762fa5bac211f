import numpy as np
import pytest
import xxhash

from jetloom import provenance
from jetloom.provenance import canonical_json, commit, digest, file_digest, origin


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
