"""The fields of an RNTuple are those that uproot finds, found sooner."""

import awkward as ak
import numpy as np
import uproot

from jetloom.io.sources.field_tree import index_fields


def check(path, name):
    with uproot.open(path) as one, uproot.open(path, object_cache=None) as other:
        ours, theirs = one[name], other[name]
        assert ours is not theirs
        index_fields(ours)
        assert all(field._fields is not None for field in ours.all_fields)
        assert [[held._fid for held in field._fields] for field in ours.all_fields] == [
            [held._fid for held in field.fields] for field in theirs.all_fields
        ]
        assert ours.keys() == theirs.keys()


def test_records_lists_and_plain_fields(tmp_path):
    nested = ak.Array([[{"m": 1, "v": [1.0, 2.0]}], []])
    with uproot.recreate(tmp_path / "f.root") as file:
        file.mkrntuple("t", {"x": np.ones(2), "r": nested, "s": ak.Array(["a", "b"]), "l": ak.Array([[[1.0]], []])})
    check(tmp_path / "f.root", "t")


def test_a_real_file(data):
    check(data / "uproot-physlite-rntuple_v1-0-0-0.root", "EventTag")
