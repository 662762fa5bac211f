"""Properties of selecting, grouping and padding, against loops that are plain to see."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.conversion.select import leading_rows
from jetloom.conversion.tables import Places, collection_rows, truncated
from jetloom.io.root.events import Collection, EventBlock, offsets_of

DTYPE = np.dtype([("pt", "f4"), ("row", "i4"), ("valid", "?")])
counts_of = st.lists(st.integers(0, 70), max_size=12)


def collection(counts, data):
    """Rows with few different pt, so that there are equal ones."""
    total = sum(counts)
    pt = np.array(data.draw(st.lists(st.integers(0, 9), min_size=total, max_size=total)), np.float32)
    return Collection(offsets_of(np.array(counts, int)), {"pt": pt, "row": np.arange(total, dtype=np.int32)})


@settings(deadline=None, max_examples=60)
@given(counts_of, st.integers(1, 60), st.data())
def test_hardest_rows_in_order(counts, slots, data):
    rows = collection(counts, data)
    table = collection_rows(rows, DTYPE, slots)
    assert table.shape == (len(counts), slots)
    for parent, line in enumerate(table):
        mine = np.arange(rows.offsets[parent], rows.offsets[parent + 1])
        order = sorted(mine, key=lambda row: (-rows.columns["pt"][row], row))[:slots]
        assert list(line["row"][line["valid"]]) == order
        assert list(line["valid"]) == [place < len(order) for place in range(slots)]
        assert (line["row"][len(order) :] == 0).all()
    assert truncated(rows, slots) == table["valid"].sum()


@settings(deadline=None, max_examples=30)
@given(st.lists(counts_of, max_size=4), st.integers(1, 8), st.integers(1, 20), st.data())
def test_chunks_are_the_rows_cut_otherwise(blocks, slots, chunk, data):
    places = Places(DTYPE, slots, chunk)
    got, expected = [], [np.zeros((0, slots), DTYPE)]
    for counts in blocks:
        rows = collection(counts, data)
        expected.append(collection_rows(rows, DTYPE, slots))
        got += [part.copy() for part in places.chunks(rows)]
    assert all(len(part) == chunk for part in got)
    got.append(places.rest().copy())
    assert np.concatenate(got).tobytes() == np.concatenate(expected).tobytes()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), st.data())
def test_keeping_events_jets_and_rows(jets_of, data):
    jets = Collection(offsets_of(np.array(jets_of)), {"id": np.arange(sum(jets_of))})
    counts = data.draw(st.lists(st.integers(0, 3), min_size=len(jets), max_size=len(jets)))
    owner = np.repeat(np.arange(len(jets)), counts)
    block = EventBlock(
        {"id": np.arange(len(jets_of))}, jets, {"x": Collection(offsets_of(np.array(counts, int)), {"jet": owner})}
    )
    event_of = dict(zip(jets.columns["id"], jets.parents, strict=True))
    flags = st.lists(st.booleans(), min_size=len(jets_of), max_size=len(jets_of))
    events = np.array(data.draw(flags), bool)
    kept = block.keep_events(events)
    assert list(kept.jets.columns["id"]) == [jet for jet, event in event_of.items() if events[event]]
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=len(kept.jets), max_size=len(kept.jets))), bool)
    fewer = kept.keep_jets(chosen)
    assert fewer.entries == kept.entries
    assert list(fewer.jets.columns["id"]) == list(kept.jets.columns["id"][chosen])
    # Rows still belong to the jet that they name.
    assert list(fewer.jets.columns["id"][fewer.others["x"].parents]) == list(fewer.others["x"].columns["jet"])
    assert len(fewer.others["x"]) == sum(counts[jet] for jet in fewer.jets.columns["id"])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.data())
def test_leading_rows(counts, data):
    rows = collection(counts, data)
    among = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), bool)
    mask = leading_rows(rows, among)
    for parent in range(len(counts)):
        mine = [row for row in range(rows.offsets[parent], rows.offsets[parent + 1]) if among[row]]
        best = [max(mine, key=lambda row: (rows.columns["pt"][row], -row))] if mine else []
        assert (
            list(np.flatnonzero(mask[rows.offsets[parent] : rows.offsets[parent + 1]]) + rows.offsets[parent]) == best
        )
