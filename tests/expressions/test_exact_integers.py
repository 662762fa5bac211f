"""Integers in expressions are those of Python, whatever type a file has them in."""

import operator

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jetloom.errors import ExpressionError
from jetloom.expressions import evaluate, evaluate_mask, names_in

TYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
ROWS = 5

INFIX = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip
COMPARED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}
CALLED = {
    "min": min, "max": max, "minimum": min, "maximum": max, "clip": lambda x, low, high: min(max(x, low), high),
    "where": lambda condition, one, other: one if condition else other,
}  # fmt: skip
NUMBERS = {"abs": abs, "sign": lambda x: (x > 0) - (x < 0), "floor": int, "rint": int, "-": operator.neg, "+": int}


def _values(kind):
    """Values of a type, with its ends and their neighbours among them."""
    if kind == "bool":
        return st.booleans()
    low, high = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
    ends = [end for end in (low, low + 1, high - 1, high, 0, 1, 2**53, 2**53 + 1, -1) if low <= end <= high]
    return st.one_of(st.sampled_from(ends), st.integers(low, high))


columns = st.fixed_dictionaries(
    {
        name: st.sampled_from(TYPES).flatmap(lambda kind: hnp.arrays(kind, ROWS, elements=_values(kind)))
        for name in "abc"
    }
)
leaves = st.one_of(st.sampled_from("abc"), st.sampled_from([0, 1, 2, 7, 2**31, 2**53 + 1, 2**63, 2**64 - 1]).map(str))


def _grow(inner):
    return st.one_of(
        st.tuples(st.sampled_from([sign for sign in INFIX if sign != "**"]), inner, inner),
        st.tuples(st.just("**"), inner, st.sampled_from(["0", "1", "2", "3"])),
        st.tuples(st.sampled_from(list(NUMBERS)), inner),
        st.tuples(st.sampled_from(["min", "max", "minimum", "maximum"]), inner, inner),
        st.tuples(st.just("clip"), inner, inner, inner),
        st.tuples(st.just("where"), st.tuples(st.sampled_from(list(COMPARED)), inner, inner), inner, inner),
        st.tuples(st.just("~"), st.tuples(st.just("+"), inner)),
    )


def _text(tree):
    """Write a tree as an expression."""
    if isinstance(tree, str):
        return tree
    name, *arguments = tree
    parts = [_text(part) for part in arguments]
    if len(parts) == 2 and not name.isalpha():
        return f"({parts[0]} {name} {parts[1]})"
    return f"({name}({', '.join(parts)}))"


def _python(tree, row):
    """Compute a tree with Python's own integers."""
    if isinstance(tree, str):
        return row[tree] if tree in row else int(tree)
    name, *arguments = tree
    values = [_python(part, row) for part in arguments]
    if name == "~":
        return ~values[0]
    result = {**(NUMBERS if len(values) == 1 else INFIX), **COMPARED, **CALLED}[name](*values)
    assume(abs(result) < 2**1000)  # what is too large for anything is refused
    return result


def _rows(table, tree):
    """The right value of each row; None where Python divides by zero."""
    for index in range(ROWS):
        try:
            yield _python(tree, {name: column[index].item() for name, column in table.items()})
        except ZeroDivisionError:
            yield None


def _is_refused(tree):
    """Say whether a part of constants alone divides by zero."""
    if isinstance(tree, str):
        return False
    if not names_in(_text(tree)):
        try:
            _python(tree, {})
        except ZeroDivisionError:
            return True
    return any(map(_is_refused, tree[1:]))


@settings(max_examples=400, deadline=None)
@example({name: np.zeros(ROWS, "?") for name in "abc"}, ("min", "a", ("//", "0", "0")))
@given(columns, st.recursive(leaves, _grow, max_leaves=6))
def test_every_row_is_the_integer_of_python(table, tree):
    text, right = _text(tree), list(_rows(table, tree))
    if None in right and any(sign in text for sign in "&|^~"):
        return  # bits of what a division by zero left
    if _is_refused(tree):
        with pytest.raises(ExpressionError, match="by zero"):
            evaluate(text, table)
        return
    found = evaluate(text, table)
    for index, value in enumerate(right):
        if value is not None:
            value = int(value)
            assert evaluate_mask(f"({text}) == ({value})", table, ROWS)[index], (text, value)
            assert not evaluate_mask(f"({text}) != ({value})", table, ROWS)[index]
            assert not evaluate_mask(f"({text}) > ({value})", table, ROWS)[index]
            assert evaluate_mask(f"({text}) < ({value + 1})", table, ROWS)[index]
    known = [value for value in right if value is not None]
    if len(known) == ROWS and all(-(2**63) <= value < 2**63 for value in known):
        assert np.asarray(found).dtype.kind in "biu"
        assert np.broadcast_to(found, ROWS).tolist() == known


@settings(max_examples=200, deadline=None)
@given(columns, st.sampled_from(list(COMPARED)), st.floats(-1e20, 1e20) | st.sampled_from([2.0**53, 2.0**63, 0.5]))
def test_integers_are_held_against_floats_exactly(table, sign, number):
    table = {**table, "x": np.full(ROWS, number)}
    right = [COMPARED[sign](value, number) for value in table["a"].tolist()]
    assert evaluate_mask(f"a {sign} x", table, ROWS).tolist() == right
    assert evaluate_mask(f"a in ({number!r}, {number!r})", table, ROWS).tolist() == [
        value == number for value in table["a"].tolist()
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("-n > -13", [True, True, False]),
        ("n - 10", [-10, 2, 4294967285]),
        ("n * n", [0, 144, 4294967295**2]),
        ("n - m", [1, 12 - 2**64 + 1, 4294967295]),
        ("abs(n - 12)", [12, 0, 4294967283]),
        ("(n > 1) + (n > 2) + flag", [1, 2, 3]),
        ("(n > 1) - (n > 20)", [0, 1, 0]),
        ("-(n > 1)", [0, -1, -1]),
        ("~flag", [False, True, False]),
        ("~True", False),
        ("min(n, -3)", [-3, -3, -3]),
        ("clip(m, -1, n)", [0, 12, 0]),
        ("where(flag, n, -1)", [0, -1, 4294967295]),
        ("n ** 2 // n", [np.nan, 12, 4294967295]),
        ("n % 0 == n % 0", [False, False, False]),
        ("1 // n", [np.inf, 0, 0]),
        ("2 ** -n", [1, 2.0**-12, 0]),
        ("m > -1", [True, True, True]),
        ("m == 2 ** 64 - 1", [False, True, False]),
        ("m + 1 - 1 == m", [True, True, True]),
        ("(m & 1) == 1", [True, True, False]),
        ("sqrt(tiny)", [1.0, 2.0, np.sqrt(3.0)]),
        ("big * big", [1e60, 0.0, 1.0]),
        ("exp(hundred)", [np.exp(100.0)] * 3),
        ("half & 1", [1, np.nan, 0]),
    ],
)
def test_nothing_wraps(text, values):
    table = {
        "n": np.array([0, 12, 4294967295], np.uint32), "m": np.array([2**63 - 1, 2**64 - 1, 0], np.uint64),
        "flag": np.array([True, False, True]), "tiny": np.array([1, 4, 3], np.int8),
        "big": np.array([1e30, 0, 1], np.float32), "hundred": np.full(3, 100, np.float32),
        "half": np.array([1, np.nan, 2]),
    }  # fmt: skip
    if text == "n - m":
        table["m"] = np.array([-1, 2**64 - 1 - 2**63, 0]).astype(np.int64)
        values = [1, 12 - (2**63 - 1), 4294967295]
    np.testing.assert_allclose(np.asarray(evaluate(text, table), np.float64), values, rtol=1e-6)


def test_results_beyond_64_bits_are_floats_and_beyond_those_an_error():
    table = {"m": np.array([2**64 - 1, 1], np.uint64)}
    assert evaluate("m + 0", table).dtype == np.uint64
    assert evaluate("m * 2", table).tolist() == [float(2**65 - 2), 2.0]
    assert evaluate_mask("m * 2 - 1 == 2 ** 65 - 3", table, 2).tolist() == [True, False]
    for text in ("m ** 40", "9 ** 9 ** 9", "2 ** 2000", "m * 1e3 & 1", f"m + {10**400}"):
        with pytest.raises(ExpressionError):
            evaluate(text, table)


def test_a_column_in_single_precision_equals_the_constant_it_was_written_as():
    table = {"x": np.array([0.1, -99.9, np.nan], np.float32)}
    assert evaluate_mask("x == 0.1", table, 3).tolist() == [True, False, False]
    assert evaluate_mask("x in (0.1, -99.9)", table, 3).tolist() == [True, True, False]
    assert evaluate_mask("x < 1e300", table, 3).tolist() == [True, True, False]


def test_nan_is_neither_true_nor_false():
    table = {"x": np.array([np.nan, 0.0, 2.0])}
    assert evaluate_mask("x", table, 3).tolist() == [False, False, True]
    assert evaluate_mask("not x", table, 3).tolist() == [False, True, False]
    assert evaluate_mask("x and True", table, 3).tolist() == [False, False, True]


@pytest.mark.parametrize(
    "text",
    [
        " + ".join(["x"] * 20_000), " + ".join(["x"] * 2000), "(" * 5000 + "x" + ")" * 5000, "-" * 9000 + "x",
        "(" * 150 + "x" + ")" * 150 + "+ x" * 300, "abs(" * 500 + "x" + ")" * 500, "1" * 9999 + " GeV",
        "1e99999999999 GeV", "9" * 5000, "x" + " " * 20_000, "not " * 2000 + "x", "x < " * 3000 + "x)",
    ],
    ids=range(12),
)  # fmt: skip
def test_what_is_too_long_or_too_deep_is_refused_in_a_line(text):
    with pytest.raises(ExpressionError) as caught:
        names_in(text)
    assert len(caught.value.line()) < 500


def test_long_sums_and_lists_are_read():
    assert evaluate(" + ".join(["1"] * 150), {}) == 150
    assert evaluate_mask(" or ".join(f"x == {k}" for k in range(500)), {"x": np.array([3, 600])}, 2).tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("kind", "held", "lost"),
    [("f2", 2**11, 2**11 + 2), ("f4", 2**24, 2**24 + 2), ("f8", 2**53, 2**53 + 2), ("f8", -(2**53), 2.0**70)],
)
def test_bits_that_a_type_of_floats_has_lost_are_refused(kind, held, lost):
    assert evaluate("x & 3", {"x": np.array([held], kind)}).tolist() == [held & 3]
    for text in ("x & 1", "1 | x", "~x & 1"):
        with pytest.raises(ExpressionError, match="last bits of such large integers are lost in float"):
            evaluate(text, {"x": np.array([1, lost], kind)})


@pytest.mark.parametrize("function", ["floor", "ceil", "rint"])
def test_whole_numbers_stay_exact_beyond_64_bits(function):
    largest = 2**64 - 1
    assert evaluate(f"{function}(abs({largest}))", {}) == largest
    column = {"x": np.array([largest, 2**63 + 1], np.uint64), "y": np.array([1.5, 1.5])}
    assert evaluate_mask(f"{function}(where(y > 1, x, x)) == x", column, 2).all()
