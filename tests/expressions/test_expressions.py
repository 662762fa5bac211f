import re
import warnings
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.errors import ExpressionError
from jetloom.expressions import CONSTANTS, FUNCTIONS, column_name, evaluate, evaluate_mask, names_in

X = np.array([-2.5, -1.0, 0.0, 0.5, 3.0, np.nan])
Y = np.array([1.0, -1.0, 2.0, 0.0, 3.0, 4.0])
COLUMNS = {"x": X, "y": Y}

NUMPY = {
    "abs": np.abs, "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "log1p": np.log1p, "tanh": np.tanh, "sign": np.sign,
    "floor": np.floor, "hypot": np.hypot, "arctan2": np.arctan2, "min": np.minimum, "max": np.maximum,
    "where": np.where, "isnan": np.isnan, "pi": np.pi,
}  # fmt: skip

numbers = st.one_of(st.integers(0, 9).map(str), st.sampled_from(["0.5", "2.25", "1e3", "pi"]), st.sampled_from("xy"))


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**", "//", "%"]), inner).map(
            lambda p: f"({' '.join(p)})"
        ),
        st.tuples(st.sampled_from(["abs", "sqrt", "exp", "log1p", "tanh", "floor", "-", "+"]), inner).map(
            lambda p: f"{p[0]}({p[1]})"
        ),
        st.tuples(st.sampled_from(["hypot", "arctan2", "min", "max"]), inner, inner).map(
            lambda p: f"{p[0]}({p[1]}, {p[2]})"
        ),
        st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner, inner, inner).map(
            lambda p: f"where({p[1]} {p[0]} {p[2]}, {p[3]}, 1.0)"
        ),
    )


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@settings(max_examples=150, deadline=None)
@given(st.recursive(numbers, _grow, max_leaves=8))
def test_arithmetic_equals_python(text):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            # Not the package: the reference is Python itself, with the same names.
            expected = eval(text, {"__builtins__": {}}, NUMPY | COLUMNS)
        except (OverflowError, ValueError):
            # Too large a power of Python's floats, a negative one of NumPy's integers: not so of ours, so both will do.
            with suppress(ExpressionError):
                evaluate(text, COLUMNS)
            return
        except (ArithmeticError, TypeError):
            with pytest.raises(ExpressionError):
                evaluate(text, COLUMNS)
            return
        try:
            found = evaluate(text, COLUMNS)
        except ExpressionError as error:
            if "beyond 1e307" in str(error):  # an integer that only Python holds
                return
            # Integers are Python's, to which a division by zero is an error; NumPy makes infinities, and warns.
            with np.errstate(all="raise"), pytest.raises(ArithmeticError):
                eval(text, {"__builtins__": {}}, NUMPY | COLUMNS)
            return
        if "**" in text:
            # Powers of Python and of NumPy differ in the last bit (7 ** tanh(1)), which what follows may enlarge.
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        else:
            np.testing.assert_array_equal(found, expected)
    assert names_in(text) == set(re.findall(r"\b[xy]\b", text))


comparisons = st.tuples(st.sampled_from("xy"), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers).map(
    " ".join
)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        comparisons,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({' '.join(p)})"),
            inner.map(lambda text: f"(not {text})"),
        ),
        max_leaves=6,
    )
)
def test_logic_equals_python_row_by_row(text):
    expected = [eval(text, {"pi": np.pi, "x": x, "y": y}) for x, y in zip(X, Y, strict=True)]
    assert evaluate_mask(text, COLUMNS, len(X)).tolist() == expected


def test_chains_and_membership():
    assert evaluate_mask("-1 <= x < 3", COLUMNS, 6).tolist() == [False, True, True, True, False, False]
    assert evaluate_mask("y in (1, 2, -1)", COLUMNS, 6).tolist() == [True, True, True, False, False, False]
    assert evaluate_mask("y not in [1, 2]", COLUMNS, 6).tolist() == [False, True, False, True, True, True]


def test_a_mask_has_all_rows_and_nan_does_not_pass():
    assert evaluate_mask("True", {}, 3).tolist() == [True] * 3
    assert evaluate_mask("1 > 2", {}, 2).tolist() == [False] * 2
    assert evaluate_mask("x", COLUMNS, 6).tolist() == [True, True, False, True, True, False]
    assert not evaluate_mask("x > -100", COLUMNS, 6)[-1]
    assert not evaluate_mask("x < 100", COLUMNS, 6)[-1]


@pytest.mark.parametrize(
    "text",
    [
        "x.__class__", "().__class__.__bases__[0]", "x[0]", "__import__('os').system('true')",
        "open('a')", "eval('1')", "import os", "x = 1", "(x := 1)", "'text'", "b'text'", "f'{x}'", "lambda: 1",
        "[y for y in x]", "{x: 1}", "(x, y)", "x if y else 1", "None", "...", "1j", "abs(x, out=y)", "abs(*x)",
        "x @ y", "x is y", "x in y", "x in (y, 1)", "x in (abs(y),)", "1 < x in (1, 2)", "await x", "", "x >", "x; y",
        "pt\x00", "unknown(x)", "where.x(1)",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(ExpressionError):
        names_in(text)
    with pytest.raises(ExpressionError):
        evaluate(text, COLUMNS)


@pytest.mark.parametrize(
    "text", ["sqrt(x, y)", "hypot(x)", "hypot(x, y, y)", "where(x, y)", "clip(x, 1)", "min(x)", "abs()"]
)
def test_a_wrong_number_of_arguments_is_refused_and_writes_nowhere(text):
    columns = {"x": X.copy(), "y": Y.copy()}
    with pytest.raises(ExpressionError, match="argument"):
        evaluate(text, columns)
    np.testing.assert_array_equal(columns["y"], Y)


def test_min_and_max_take_any_number_of_columns_and_change_none():
    columns = {name: np.array(values) for name, values in {"a": [1.0, 5.0], "b": [2.0, 4.0], "c": [3.0, 3.0]}.items()}
    assert evaluate("min(a, b, c)", columns).tolist() == [1.0, 3.0]
    assert evaluate("max(a, b, c)", columns).tolist() == [3.0, 5.0]
    assert columns["c"].tolist() == [3.0, 3.0]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_can_be_called(name):
    count = FUNCTIONS[name].nin or 2
    assert np.shape(evaluate(f"{name}({', '.join(['y'] * count)})", COLUMNS)) == (6,)


@pytest.mark.parametrize("text", ["1 / 0", "x & 1", "2 ** -x % (1 > 0)[0]", "abs(x) & y"])
def test_what_cannot_be_computed_is_an_error_of_the_expression(text):
    with pytest.raises(ExpressionError, match="'"):
        evaluate(text, COLUMNS)


def test_integers_and_flags():
    columns = {"n": np.array([1, 2, 6], np.int32), "good": np.array([True, False, True])}
    assert evaluate_mask("n & 2", columns, 3).tolist() == [False, True, True]
    assert evaluate_mask("~good or n == 1", columns, 3).tolist() == [True, True, False]
    assert evaluate_mask("good and not n > 3", columns, 3).tolist() == [True, False, False]


def test_an_unknown_name_gets_its_near_misses():
    with pytest.raises(ExpressionError, match=r"no variable 'Pt'; did you mean 'pt'"):
        evaluate("Pt > 20", {"pt": X})
    with pytest.raises(ExpressionError, match=r"no function 'sqr'; did you mean 'sqrt'"):
        evaluate("sqr(x)", COLUMNS)


def test_the_energy_is_never_a_constant():
    assert "e" not in CONSTANTS
    assert names_in("e > 50 and pi < 4") == {"e"}


def test_column_names_are_legal():
    assert [column_name(text) for text in ["pt", "log(pt / m)", "abs(eta)"]] == ["pt", "log_pt_m", "abs_eta"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500 MeV", 0.5),
        ("0.5GeV", 0.5),
        ("1.5 TeV", 1500.0),
        ("1e3 keV", 0.001),
        ("2 cm + 1 mm", 21.0),
        ("300 um", 0.3),
        ("250 ps", 0.25),
        ("1 mrad", 0.001),
        ("2 * 500 MeV", 1.0),
    ],
)
def test_numbers_may_have_units(text, value):
    assert evaluate(text, {}) == value


def test_a_unit_is_one_after_a_number_only():
    columns = {"GeV": X, "pt2": X}
    assert names_in("pt2 > 5 GeV and GeV > 2") == {"pt2", "GeV"}
    assert np.array_equal(evaluate("pt2 * GeV", columns), X * X, equal_nan=True)
    for text in ("5 GeVs", "pt > 5 m", "GeV 5"):
        with pytest.raises(ExpressionError):
            evaluate(text, columns)


@pytest.mark.parametrize("text", ["(0 / abs(0))", "1 // floor(0)", "where(x < 1, 1 / abs(0), 1.0)"])
def test_a_division_of_integers_by_zero_is_an_error(text):
    with pytest.raises(ExpressionError, match="zero"):
        evaluate(text, COLUMNS)


def test_a_power_that_is_too_large_is_infinite():
    assert evaluate("3 ** 1e3", COLUMNS) == np.inf
    with pytest.raises(ExpressionError, match="beyond 1e307"):
        evaluate("3 ** 1000", COLUMNS)
