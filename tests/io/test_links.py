"""Each kind of link, against what was written."""

from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.io.root.events import offsets_of
from jetloom.io.root.links import NO_JET, NO_TARGET, OUT_OF_RANGE, resolve


def group(kind, key=None):
    return SimpleNamespace(kind=kind, key=key, link={"branch": "b", "count": "n", "target": "t"})


JETS, TARGETS = offsets_of(np.array([2, 0, 1])), offsets_of(np.array([3, 1, 2]))


def lost(found):
    return {loss.reason: loss.before - loss.after for loss in found.losses}


def test_element_links_ignore_the_index_of_null_links():
    links = [[[(7, 2), (0, 99)], [(7, 0)]], [], [[(7, 1), (9, 0)]]]
    array = ak.Array([[[{"m_persKey": k, "m_persIndex": i} for k, i in jet] for jet in event] for event in links])
    found = resolve("t", group("element_link", 7), {"b": array}, TARGETS, JETS)
    assert list(found.offsets) == [0, 1, 2, 3]
    assert list(found.rows) == [2, 0, 5]
    assert lost(found) == {"links without a target": 2, OUT_OF_RANGE: 0}
    found = resolve("t", group("element_link"), {"b": array}, TARGETS, JETS)
    assert list(found.rows) == [2, 0, 5, 4]


def test_element_links_out_of_range():
    array = ak.Array([[[{"m_persKey": 7, "m_persIndex": 3}], [{"m_persKey": 7, "m_persIndex": 4294967295}]], [], [[]]])
    found = resolve("t", group("element_link"), {"b": array}, TARGETS, JETS)
    assert lost(found)[OUT_OF_RANGE] == 2
    assert len(found.rows) == 0


@pytest.mark.parametrize("several", [False, True])
def test_jet_indices(several):
    index = [[1, 0, -1], [0], [0, 1]]
    array = ak.Array([[[i, 0] if several and i == 1 else [i] for i in event] for event in index] if several else index)
    found = resolve("t", group("jet_index"), {"b": array}, TARGETS, JETS)
    assert list(found.offsets) == ([0, 2, 3, 5] if several else [0, 1, 2, 3])
    assert list(found.rows) == ([0, 1, 0, 4, 5] if several else [1, 0, 4])
    assert lost(found) == {"belongs to no jet": 1, OUT_OF_RANGE: 2}


def test_begin_and_count():
    begin, count = ak.Array([[0, 2], [], [1]]), ak.Array([[2, 2], [], [1]])
    found = resolve("t", group("begin_count"), {"b": begin, "n": count}, TARGETS, JETS)
    assert list(found.rows) == [0, 1, 2, 5]
    assert list(found.offsets) == [0, 2, 3, 4]
    assert lost(found)[OUT_OF_RANGE] == 1


def test_links_of_another_number_of_jets_are_refused():
    with pytest.raises(ValueError, match="not as many"):
        resolve("t", group("jet_index"), {"b": ak.Array([[0], [0], [0]])}, TARGETS, JETS)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.integers(-1, 4), max_size=6), st.booleans()), min_size=1, max_size=6
    )
)
def test_jet_indices_against_a_loop(events):
    index = [sorted(rows) if ordered else rows for _, rows, ordered in events]
    jets = offsets_of(np.array([number for number, _, _ in events]))
    targets = offsets_of(np.array([len(rows) for rows in index]))
    array = ak.values_astype(
        ak.unflatten(np.array([row for rows in index for row in rows], int), [len(rows) for rows in index]), "int32"
    )
    found = resolve("t", group("jet_index"), {"b": array}, targets, jets)
    expected = [
        [targets[event] + row for row, jet in enumerate(index[event]) if jet == wanted]
        for event in range(len(events))
        for wanted in range(events[event][0])
    ]
    rows = np.arange(targets[-1]) if found.rows is None else found.rows
    assert [list(rows[a:b]) for a, b in zip(found.offsets, found.offsets[1:], strict=False)] == expected


PAIRS = st.lists(
    st.tuples(
        st.integers(0, 3),  # jets of the event
        st.integers(0, 4),  # candidates of the event
        st.lists(st.tuples(st.integers(-2, 5), st.integers(-2, 6)), max_size=12),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=150)
@given(PAIRS, st.sampled_from(["int16", "int32", "int64", "float32"]))
def test_pairs_of_indices_against_a_loop(events, kind):
    jets = offsets_of(np.array([number for number, _, _ in events]))
    targets = offsets_of(np.array([number for _, number, _ in events]))
    columns = [
        ak.unflatten(
            np.array([pair[part] for _, _, pairs in events for pair in pairs], kind), [len(e[2]) for e in events]
        )
        for part in (0, 1)
    ]
    found = resolve("t", group("index_pairs"), {"b": columns[0], "t": columns[1]}, targets, jets)
    expected, losses = [], {NO_JET: 0, NO_TARGET: 0, OUT_OF_RANGE: 0}
    for event, (n_jets, n_rows, pairs) in enumerate(events):
        rows = [[] for _ in range(n_jets)]
        for jet, row in pairs:
            if jet < 0:
                losses[NO_JET] += 1
            elif row < 0:
                losses[NO_TARGET] += 1
            elif jet >= n_jets or row >= n_rows:
                losses[OUT_OF_RANGE] += 1
            else:
                rows[jet].append(targets[event] + row)
        expected += rows
    assert [list(found.rows[a:b]) for a, b in zip(found.offsets, found.offsets[1:], strict=False)] == expected
    assert lost(found) == losses
    assert [loss.damage for loss in found.losses] == [False, False, True]
    for before, after in zip(found.losses, found.losses[1:], strict=False):
        assert before.after == after.before


@pytest.mark.parametrize(
    ("jet", "row", "text"),
    [
        ([[0], [0]], [[0], [0]], "other events"),
        ([[0], [], []], [[0, 1], [], []], "not as many"),
        ([[0.5], [], []], [[0], [], []], "not whole"),
        ([[0], [], []], [[np.nan], [], []], "no number"),
        ([[True], [], []], [[0], [], []], "whole number"),
        ([[[0]], [], []], [[0], [], []], "a vector"),
    ],
)
def test_pairs_that_are_none_are_refused(jet, row, text):
    with pytest.raises(ValueError, match=text):
        resolve("t", group("index_pairs"), {"b": ak.Array(jet), "t": ak.Array(row)}, TARGETS, JETS)
