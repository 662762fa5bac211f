"""Values on their way into a column: none wraps, none is rounded to an integer, and what is missing stays missing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jetloom.io.root.values import Values, picked, reduced, rounded, stored, without_declared

INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
TYPES = ["int32", "int64", "uint32", "uint64", "float32", "float64"]


def _fits(value, kind, may_be_missing):
    if "int" not in kind:
        with np.errstate(over="ignore"):
            return kind == "float64" or not np.isfinite(value) or bool(np.isfinite(np.float32(value)))
    if value != value:
        return may_be_missing
    ends = np.iinfo(kind)
    exact = abs(value) <= 2**53 or not may_be_missing
    return exact and int(ends.min) <= value <= int(ends.max) and value == int(value)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*INTEGERS, "float32", "float64", "bool"]).flatmap(lambda kind: hnp.arrays(kind, 3)),
    st.sampled_from(TYPES),
    st.booleans(),
)
def test_a_value_is_stored_as_it_is_or_refused(values, kind, may_be_missing):
    stored_as = "float64" if may_be_missing and "int" in kind else kind
    if not all(_fits(value, kind, may_be_missing) for value in values.tolist()):
        with pytest.raises(ValueError, match=r"cannot hold|up to 2\^53|has no value"):
            stored(Values(values), kind, stored_as)
        return
    found = stored(Values(values), kind, stored_as)
    assert found.dtype == stored_as
    for before, after in zip(values.tolist(), found.tolist(), strict=True):
        if before != before:
            assert after != after
        elif "int" in kind:
            assert int(before) == before == int(after)
        elif kind == "float64":
            assert after == float(before)
        else:
            assert np.float32(before) == after


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (np.array([-3]), "uint32", r"holds -3, which uint32 cannot hold \(1 such values\)"),
        (np.array([3.7, 5.0]), "int32", "holds 3.7, which int32"),
        (np.array([2**32], np.uint64), "int32", "holds 4294967296"),
        (np.array([np.inf]), "int64", "holds inf"),
        (np.array([1e19], np.float64), "int64", "holds 1e[+]19"),
        (np.array([1e300]), "float32", "holds 1e[+]300"),
        (np.array([np.nan, 1.0]), "int32", "has no value in 1 of 2 rows"),
    ],
)
def test_what_a_type_cannot_hold_is_told(values, kind, message):
    with pytest.raises(ValueError, match=message):
        stored(Values(values), kind, kind)


def test_integers_that_may_be_missing_are_exact_or_refused():
    values = np.array([2**53, -(2**53)], np.int64)
    assert stored(Values(values), "int64", "float64").tolist() == [2.0**53, -(2.0**53)]
    with pytest.raises(ValueError, match=r"9007199254740993.*2\^53"):
        stored(Values(np.array([2**53 + 1])), "int64", "float64")


@pytest.mark.parametrize(
    ("values", "declared", "missing"),
    [
        (np.array([-999, 3], np.int32), [-999.0], [True, False]),
        (np.array([-999.9, 0.1], np.float32), [-999.9, 0.1], [True, True]),
        (np.array([-np.finfo("f4").max, 1], np.float32), [-3.4028235e38], [True, False]),
        (np.array([2**32 - 1, 1], np.uint32), [4294967295.0], [True, False]),
        (np.array([2**53, 2**53 - 1], np.uint64), [2.0**53], [True, False]),
        (np.array([np.nan, 1.0]), [-1.0], [True, False]),
    ],
)
def test_declared_values_become_missing(values, declared, missing):
    kind = "float32" if values.dtype.kind == "f" else "float64"
    declared_kind = kind if values.dtype.kind == "f" else values.dtype.name
    found = stored(without_declared(values, declared), declared_kind, kind)
    assert np.isnan(found).tolist() == missing


vectors = st.sampled_from(["int8", "uint8", "int32", "uint32", "int64", "uint64", "float32"]).flatmap(
    lambda kind: st.lists(hnp.arrays(kind, st.integers(0, 4)), min_size=1, max_size=5)
)


@settings(max_examples=200, deadline=None)
@given(vectors, st.sampled_from(["sum", "max", "min", "count", "0", "2"]))
def test_vectors_are_reduced_as_python_does(lists, how):
    offsets = np.cumsum([0, *(len(part) for part in lists)])
    found = Values(np.concatenate(lists))
    result = picked(offsets, found, int(how)) if how.isdigit() else reduced(offsets, found, how)
    unknown = np.zeros(len(lists), bool) if result.unknown is None else result.unknown
    for part, value, missing in zip(lists, result.values.tolist(), unknown.tolist(), strict=True):
        plain = part.tolist()
        if how.isdigit():
            right = plain[int(how)] if len(plain) > int(how) else None
        else:
            right = {"sum": sum, "count": len, "max": lambda x: max(x, default=None)}.get(
                how, lambda x: min(x, default=None)
            )(plain)
        assert missing == (right is None)
        if right is not None and not any(one != one for one in plain):
            assert value == pytest.approx(right, rel=1e-6, nan_ok=True) if part.dtype.kind == "f" else value == right


def test_a_missing_element_makes_what_it_goes_into_missing():
    found = without_declared(np.array([1, -999, 5, 7], np.int32), [-999.0])
    offsets = np.array([0, 2, 2, 4])
    assert reduced(offsets, found, "max").unknown.tolist() == [True, True, False]
    assert reduced(offsets, found, "sum").unknown.tolist() == [True, False, False]
    assert picked(offsets, found, 1).unknown.tolist() == [True, True, False]
    assert reduced(offsets, found, "count").values.tolist() == [2, 0, 2]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(INTEGERS).flatmap(lambda kind: hnp.arrays(kind, st.integers(0, 4))),
    st.sampled_from(["float32", "float64"]),
)
def test_integers_that_floats_round_are_found(values, kind):
    lost = [value for value in values.tolist() if int(np.dtype(kind).type(value)) != value]
    assert rounded(Values(values), stored(Values(values), kind, kind)) == (lost[0] if lost else None)
    assert rounded(Values(values), values) is None
