"""Which tree of a file is read, and what is said where none can be."""

import logging
import struct

import numpy as np
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.errors import CorruptFileError, MissingObjectError
from jetloom.io.root.files import open_source
from jetloom.io.sources.search import _fits


def write(path, *names, rntuple=False):
    """A file with a tree of each name; the n-th has n entries. An equal name makes another cycle."""
    with uproot.recreate(path) as file:
        for place, name in enumerate(names):
            values = {"x": np.arange(place + 1, dtype=np.int32)}
            if rntuple:
                file.mkrntuple(name, values)
            else:
                file.mktree(name, {"x": "int32"}).extend(values)
    return path


def opened(path, *trees):
    with open_source(path, trees) as source:
        return source.found.name, source.entries


@pytest.mark.parametrize("rntuple", [False, True])
def test_a_tree_is_named_by_its_path(tmp_path, rntuple):
    path = write(tmp_path / "f.root", "tree", "ntupler/tree", "ntupler/more/tree", rntuple=rntuple)
    assert opened(path, "tree") == ("tree", 1)
    assert opened(path, "ntupler/tree") == opened(path, "/ntupler/tree") == ("ntupler/tree", 2)
    assert opened(path, "ntupler/more/tree") == ("ntupler/more/tree", 3)
    assert opened(path, "none", "ntupler/none", "ntupler/tree", "tree") == ("ntupler/tree", 2)


def test_a_pattern_must_fit_one_tree(tmp_path):
    path = write(tmp_path / "f.root", "meta", "run1/events", "run1/more/events", "run1/event_x")
    assert opened(path, "*/events") == ("run1/events", 2)
    assert opened(path, "run?/*/ev*") == ("run1/more/events", 3)
    assert opened(path, "me*") == ("meta", 1)
    with pytest.raises(
        MissingObjectError, match=r"pattern 'run1/\*' fits 2 trees; name one: run1/events, run1/event_x"
    ):
        opened(path, "run1/*")


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("tree", "say 'trees: ntupler/tree' in the schema"),
        ("ntupler", "did you mean 'ntupler/tree'"),
        ("ntupler/tre", "did you mean 'ntupler/tree'"),
        ("Events", "known: meta, ntupler/tree"),
        ("other/*", "known: meta, ntupler/tree"),
    ],
)
def test_the_trees_that_there_are_are_named_wherever_they_are(tmp_path, wanted, text):
    path = write(tmp_path / "f.root", "meta", "ntupler/tree")
    with pytest.raises(MissingObjectError) as caught:
        opened(path, wanted)
    assert text in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_without_a_tree_says_what_it_holds(tmp_path):
    with uproot.recreate(tmp_path / "f.root") as file:
        file["meta"] = "a skim that kept nothing"
    with pytest.raises(MissingObjectError, match=r"no tree at all, so none named 'a' or 'b'; it holds meta \(TObjStr"):
        opened(tmp_path / "f.root", "a", "b")
    with uproot.recreate(tmp_path / "g.root"):
        pass
    with pytest.raises(MissingObjectError, match="it holds nothing"):
        opened(tmp_path / "g.root", "a")


def test_of_several_cycles_the_highest_is_read_and_it_is_told(tmp_path, caplog):
    path = write(tmp_path / "f.root", "d/tree", "d/tree", "d/tree")
    with caplog.at_level(logging.INFO):
        assert opened(path, "d/tree") == ("d/tree", 3)
    assert "of 'd/tree' cycle 3 is read; it is there also as 2, 1" in caplog.text
    assert opened(path, "d/tree;1") == ("d/tree", 1)
    with pytest.raises(MissingObjectError):
        opened(path, "d/tree;4")


def test_a_damaged_highest_cycle_is_told_with_the_older_one(tmp_path):
    path = write(tmp_path / "f.root", "tree", "tree")
    with uproot.open(path) as file:
        key = file.key("tree;2")
        start, size = key.data_cursor.index, key.data_uncompressed_bytes
    content = bytearray(path.read_bytes())
    content[start : start + size] = bytes(255 - byte for byte in content[start : start + size])
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"tree: cannot be read .* or read an older copy: .*\"tree;1\""):
        opened(path, "tree")
    assert opened(path, "tree;1") == ("tree", 1)


def test_a_file_that_was_never_closed_is_told_from_one_without_the_tree(tmp_path):
    path = write(tmp_path / "f.root", "tree")
    content = bytearray(path.read_bytes())
    # As ROOT leaves it when a job is killed: the directory says that there is no list of keys yet (both words are 0).
    begin, name_size = struct.unpack(">i", content[8:12])[0], struct.unpack(">i", content[28:32])[0]
    directory = begin + name_size
    assert struct.unpack(">h", content[directory : directory + 2])[0] < 1000
    content[directory + 10 : directory + 14] = bytes(4)
    content[directory + 26 : directory + 30] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match="was never closed"):
        opened(path, "tree")


@settings(max_examples=100, deadline=None)
@given(st.text("ab*?/[;.", min_size=1, max_size=8), st.text("ab*?/[;.", min_size=1, max_size=8))
def test_only_stars_and_question_marks_stand_for_letters(name, pattern):
    assert _fits(name, name)
    if _fits(name, pattern) and not {"*", "?"} & set(pattern):
        assert name == pattern
    if _fits(name, pattern):
        assert name.count("/") == pattern.count("/")
