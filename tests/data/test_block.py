"""Blocks of jets and what belongs to them, against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.data.block import Block, iter_blocks, read_block
from jetloom.data.collections import Slots
from jetloom.errors import CorruptFileError
from jetloom.io.hdf5.tables import TableReader, TableWriter
from jetloom.io.trees import TREE_BRANCHING
from tree_files import TREE_JETS, make_trees, write_trees


def _jets(lengths):
    """Jets whose branchings name their jet (``mother``) and their place (``mother_rank``)."""
    rows = np.zeros(len(lengths), TREE_JETS)
    rows["event_number"], rows["n_branchings"] = np.arange(len(lengths)), lengths
    branchings = np.zeros(int(sum(lengths)), TREE_BRANCHING)
    branchings["mother"] = np.repeat(np.arange(len(lengths)), lengths)
    branchings["mother_rank"] = np.concatenate([np.arange(n) for n in lengths] or [np.zeros(0)])
    return Block.of_trees(rows, branchings, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def _content(jets):
    """Event and branchings of each jet."""
    return [
        (int(event), jets.branchings[start:stop].tolist())
        for event, start, stop in zip(jets["event_number"], jets.offsets[:-1], jets.offsets[1:], strict=True)
    ]


LENGTHS = st.lists(st.integers(0, 5), max_size=12)


@settings(deadline=None)  # the first call compiles
@given(LENGTHS, st.data())
def test_taking_some_jets_takes_their_branchings(lengths, data):
    jets, rows = _jets(lengths), len(lengths)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), bool)
    positions = np.array(data.draw(st.lists(st.integers(0, rows - 1), max_size=20) if rows else st.just([])), np.int64)
    ends = st.none() | st.integers(-rows - 2, rows + 2)
    chosen = slice(data.draw(ends), data.draw(ends), data.draw(st.sampled_from([None, 1, 2, 3, -1, -2])))
    whole = _content(jets)
    assert _content(jets.take(mask)) == [whole[k] for k in np.flatnonzero(mask)]
    assert _content(jets.take(positions)) == [whole[k] for k in positions]
    assert _content(jets.take(chosen)) == whole[chosen]
    assert jets.take(chosen).lengths.tolist() == lengths[chosen]


@settings(deadline=None)
@given(LENGTHS.filter(len), st.data())
def test_jets_that_are_picked_are_those_that_are_taken(lengths, data):
    jets = _jets(lengths)
    positions = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=20)), np.int64)
    picked, taken = jets.pick(positions), jets.take(positions)
    table, starts, counts = picked.runs
    assert table is jets.branchings
    assert [table[first : first + count].tolist() for first, count in zip(starts, counts, strict=True)] == [
        taken.tree(jet).tolist() for jet in range(len(taken))
    ]
    assert picked.lengths.tolist() == taken.lengths.tolist()
    assert _content(picked) == _content(taken)
    some = np.flatnonzero(np.arange(len(positions)) % 2)
    assert _content(picked.take(some)) == _content(taken.take(some)) == _content(picked.pick(some))
    assert _content(Block.concatenate([picked, taken])) == 2 * _content(taken)


@given(st.lists(LENGTHS, min_size=1, max_size=4))
def test_blocks_put_together(parts):
    together = Block.concatenate([_jets(lengths) for lengths in parts])
    assert _content(together) == [jet for lengths in parts for jet in _content(_jets(lengths))]


def test_jets_without_trees_have_none():
    rows = np.zeros(5, TREE_JETS)
    jets = Block(rows).take(np.array([3, 1]))
    assert jets.branchings is jets.offsets is None
    assert jets.pick(np.array([1, 1])).branchings is None
    with pytest.raises(ValueError, match="no trees"):
        _ = jets.runs
    assert len(jets) == 2
    assert jets.lengths.tolist() == [0, 0]
    assert Block.concatenate([jets, jets]).branchings is None


TRACKS = np.dtype([("pt", "<f4"), ("charge", "i1"), ("valid", "?")])


def _with_tracks(lengths, slots=3):
    """The same jets with ``tracks``, whose charge names their place and whose pt their jet."""
    jets = _jets(lengths)
    tracks = np.zeros((len(lengths), slots), TRACKS)
    tracks["pt"], tracks["charge"] = np.arange(len(lengths))[:, None], np.arange(slots)
    tracks["valid"] = np.arange(slots) < np.array(lengths, int)[:, None]
    return Block(jets.rows, {**jets.collections, "tracks": Slots(tracks)}, "jets")


@settings(deadline=None)
@given(LENGTHS.filter(len), st.data())
def test_each_row_keeps_its_slots_and_its_branchings(lengths, data):
    jets, rows = _with_tracks(lengths), len(lengths)
    expected = jets.collections["tracks"].values.tolist()
    positions = np.array(data.draw(st.lists(st.integers(0, rows - 1), max_size=20)), np.int64)
    ends = st.none() | st.integers(-rows - 2, rows + 2)
    chosen = slice(data.draw(ends), data.draw(ends), data.draw(st.sampled_from([None, 1, 2, -1])))
    for found in (jets.take(positions), jets.pick(positions)):
        assert found.collections["tracks"].values.tolist() == [expected[row] for row in positions]
        assert found.collections["tracks"].values.dtype == TRACKS
        assert _content(found) == _content(_jets(lengths).take(positions))
    assert jets.take(chosen).collections["tracks"].values.tolist() == expected[chosen]
    mask = np.arange(rows) % 2 == 0
    twice = Block.concatenate([jets.take(chosen), jets.take(mask)])
    assert twice.collections["tracks"].values.tolist() == expected[chosen] + expected[::2]
    assert _content(twice) == _content(jets.take(chosen)) + _content(jets.take(mask))


def test_other_columns_leave_what_belongs_to_the_rows():
    jets = _with_tracks([2, 0, 3])
    events = Block(jets.rows, jets.collections, "events").with_rows(np.ones(3, [("pt", "<f4")]))
    assert events.rows.dtype.names == ("pt",)
    assert events.unit == events.take(np.array([1])).unit == "events"
    assert events.collections is jets.collections


@pytest.mark.parametrize("rows", [None, 1, 64, 200])
def test_blocks_of_a_file_are_all_its_jets(tmp_path, rows):
    jets, branchings = make_trees(300, 4)
    with TableReader(write_trees(tmp_path / "trees.h5", jets, branchings)) as reader:
        blocks = list(iter_blocks(reader, rows))
        whole = Block.concatenate(blocks)
        some = read_block(reader, 17, 42)
        assert len(read_block(reader, 20, 20)) == 0
    np.testing.assert_array_equal(whole.rows, jets)
    np.testing.assert_array_equal(whole.branchings, branchings)
    np.testing.assert_array_equal(whole.lengths, jets["n_branchings"])
    assert _content(some) == _content(whole)[17:42]


@pytest.mark.parametrize(
    ("column", "row", "change"),
    [("n_branchings", 40, 1), ("first_branching", 40, 1), ("n_branchings", 299, 1), ("first_branching", 0, -1)],
)
def test_jets_that_do_not_lead_to_their_branchings_are_refused(tmp_path, column, row, change):
    jets, branchings = make_trees(300, 4)
    jets[column][row] += change
    with (
        TableReader(write_trees(tmp_path / "trees.h5", jets, branchings)) as reader,
        pytest.raises(CorruptFileError, match=r"trees\.h5: first_branching: the rows of jets 0 to 300 do not follow"),
    ):
        list(iter_blocks(reader))


def test_a_file_without_jets_gives_no_blocks(tmp_path):
    empty = np.zeros(0, TREE_JETS)
    with TableReader(write_trees(tmp_path / "trees.h5", empty, np.zeros(0, TREE_BRANCHING))) as reader:
        assert list(iter_blocks(reader)) == []


def test_blocks_of_a_file_without_trees(tmp_path):
    with TableWriter(tmp_path / "plain.h5", {"jets": (TREE_JETS, None)}) as writer:
        writer.append(jets=np.zeros(100, TREE_JETS))
    with TableReader(tmp_path / "plain.h5") as reader:
        blocks = list(iter_blocks(reader, 64))
    assert sum(len(block) for block in blocks) == 100
    assert all(block.branchings is None for block in blocks)
