import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.errors import CorruptFileError, DiskFullError, MissingFileError
from jetloom.io.sealed import CHECKSUM, checksum, read_json, write_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
CONTENT = {"b": [1, 2.5, None, "µ"], "a": {"x": 1e-300, "y": True}, "mean": 12.25}


@settings(max_examples=25, deadline=None)
@given(content=st.dictionaries(st.text().filter(lambda key: key != CHECKSUM), VALUES, max_size=5))
def test_what_is_written_is_read(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("sealed") / "x.json"
    write_json(path, content)
    assert read_json(path) == content
    assert json.loads(path.read_text())[CHECKSUM] == checksum(content)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("indent", [1, None])
def test_no_byte_can_change_unseen(tmp_path, indent):
    path = tmp_path / "x.json"
    write_json(path, CONTENT, indent)
    whole = path.read_bytes()
    told = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        try:
            assert read_json(path) == CONTENT  # a blank that became a tab, say
        except CorruptFileError:
            told += 1
    assert told > 0.8 * len(whole)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "null", "[1]", "3", '"text"', '{"a": 1', '{"a": NaN}', "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "\0"],
)
def test_what_is_no_sealed_object_is_refused(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(CorruptFileError):
        read_json(path)
    path.write_bytes(b"\xff\xfe" + text.encode())
    with pytest.raises(CorruptFileError):
        read_json(path)


def test_a_cut_file_and_one_that_is_not_there_are_told_apart(tmp_path):
    path = tmp_path / "x.json"
    with pytest.raises(MissingFileError, match="make it first"):
        read_json(path, absent="make it first")
    write_json(path, CONTENT)
    path.write_text(path.read_text()[:-5])
    with pytest.raises(CorruptFileError, match=r"x\.json: is not JSON .*; once more"):
        read_json(path, advice="once more")


def test_what_is_no_json_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"a": math.nan})
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises((DiskFullError, OSError)):
        write_json(tmp_path / "file" / "x.json", CONTENT)
