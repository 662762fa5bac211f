"""Events that come again, against a count in memory."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.samples.repeated import EVENT, repeated_events
from tiny_analysis import make_events, make_jets, write_jets

KEYS = st.tuples(st.integers(-1, 1), st.integers(0, 1), st.integers(0, 3) | st.sampled_from([2**64 - 1, 2**63]))


@settings(max_examples=40, deadline=None)
@given(files=st.lists(st.lists(KEYS, max_size=12), max_size=4), bucket=st.integers(1, 50))
def test_counts_are_those_of_a_counter(tmp_path_factory, files, bucket):
    directory = tmp_path_factory.mktemp("events")
    paths = [
        write_jets(directory / f"f{n}.h5", make_jets(1, 1), table=np.array(keys, EVENT)) for n, keys in enumerate(files)
    ]
    counter = Counter(key for keys in files for key in keys)
    found = repeated_events(paths, bucket)
    assert found.events == counter.total()
    assert found.repeated == sum(number - 1 for number in counter.values()) == sum(found.pairs.values())
    assert (found.warning() is None) == (found.repeated == 0)


def test_the_files_are_named(tmp_path):
    events = make_events(np.arange(1000))
    paths = [
        write_jets(tmp_path / "a.h5", make_jets(1, 1), table=events),
        write_jets(tmp_path / "b.h5", make_jets(1, 1), table=np.concatenate([events[:300], events[:1]])),
        write_jets(tmp_path / "c.h5", make_jets(1, 1), table=make_events(np.arange(1000), channel=8)),
    ]
    found = repeated_events(paths)
    assert found.pairs == {("a", "b"): 300, ("b", "b"): 1}
    assert found.warning() == (
        "301 of 2301 events are there already (equal channel, run and event number): 300 of a again in b, 1 within b"
    )


@pytest.mark.parametrize("step", [1, 64, 4096])
def test_buckets_are_even(step):
    from jetloom.samples.repeated import KEYED, _bucket

    rows = np.zeros(100_000, KEYED)
    rows["event_number"] = np.arange(100_000) * step
    sizes = np.bincount(_bucket(rows, 16).astype(int), minlength=16)
    assert sizes.min() > 0.8 * len(rows) / 16
