"""Awkward arrays as flat columns with offsets."""

import awkward as ak
import numpy as np
import pytest

from jetloom.io.root.jagged import described, leaf, levels


def test_lists_and_their_offsets():
    (outer, inner), values = levels(ak.Array([[[1.0], []], [], [[2.0, 3.0]]]), 2)
    assert list(outer) == [0, 2, 2, 3]
    assert list(inner) == [0, 1, 1, 3]
    assert list(leaf(values)) == [1, 2, 3]


def test_numbers_that_are_missing_are_nan_and_stay_in_their_place():
    (offsets,), values = levels(ak.Array([[None, 2.0], [], [3.0, None]]), 1)
    assert list(offsets) == [0, 2, 2, 4]
    np.testing.assert_array_equal(leaf(values), [np.nan, 2, 3, np.nan])
    assert leaf(values).dtype == np.float64
    assert list(leaf(levels(ak.Array([[1, 2], [3]]), 1)[1])) == [1, 2, 3]


@pytest.mark.parametrize("values", [[[None, 2], [3]], [[1.0], None], [[None, "a"], []]])
def test_what_is_missing_and_cannot_be_nan_is_refused(values):
    with pytest.raises(ValueError, match="entries without a value"):
        leaf(levels(ak.Array(values), 1)[1])


def test_text_is_no_list_of_numbers():
    with pytest.raises(ValueError, match="text where a list"):
        levels(ak.Array(["abc", "de"]), 1)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["a"], "text"),
        ([1], "one value"),
        ([[1]], "a vector (give it an 'index' or 'reduce')"),
        ([{"a": 1, "b": 2}], "objects with the members a, b"),
    ],
)
def test_descriptions(values, words):
    assert described(ak.to_layout(ak.Array(values))) == words
