"""Expressions over named columns, such as ``pt > 20 and abs(eta) < 2.1``, evaluated without ``eval``.

The language is the arithmetic, comparison and logic of Python plus a fixed set of NumPy functions, all element by
element. Anything else (attributes, indexing, calls of other functions, comprehensions, strings) is refused.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import ExpressionError, near_misses

Array = npt.NDArray[Any]

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in [
        "abs",
        "sqrt",
        "cbrt",
        "exp",
        "log",
        "log2",
        "log10",
        "log1p",
        "expm1",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "arctan2",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "arccosh",
        "arctanh",
        "hypot",
        "sign",
        "floor",
        "ceil",
        "rint",
        "minimum",
        "maximum",
        "isfinite",
        "isnan",
        "where",
        "clip",
    ]
} | {"min": np.minimum, "max": np.maximum}
CONSTANTS: dict[str, Any] = {"pi": np.pi, "e": np.e, "inf": np.inf, "nan": np.nan, "True": True, "False": False}

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: np.logical_not,
    ast.Invert: operator.invert,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@cache
def _parse(text: str) -> ast.expr:
    """Read an expression once and check that it uses nothing but the language."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        message = f"'{text}' is not an expression ({getattr(error, 'msg', error)})"
        raise ExpressionError(message, advice="write for instance 'pt > 20 and abs(eta) < 2.1'") from None
    _check(tree, text)
    return tree


def _check(node: ast.expr, text: str) -> None:
    """Refuse what is not part of the language, naming it."""
    match node:
        case ast.Name() | ast.Constant(value=bool() | int() | float()):
            return
        case ast.BoolOp(values=values):
            children: list[ast.expr] = values
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            children = [left, right]
        case ast.UnaryOp(operand=operand):
            children = [operand]
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sets = [isinstance(op, ast.In | ast.NotIn) for op in ops]
            if any(sets) and (len(ops) > 1 or not isinstance(comparators[0], ast.Tuple | ast.List | ast.Set)):
                raise ExpressionError(f"'{text}': 'in' takes a list of numbers, as in 'label in (4, 5)'")
            inner = comparators[0].elts if any(sets) else comparators  # type: ignore[attr-defined]
            children = [left, *inner]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            if name not in FUNCTIONS:
                raise ExpressionError(f"'{text}': no function '{name}'", advice=near_misses(name, FUNCTIONS))
            children = args
        case _:
            raise ExpressionError(
                f"'{text}': '{ast.unparse(node)}' is not allowed here",
                advice="use numbers, names, arithmetic, comparisons, and/or/not and the listed functions",
            )
    for child in children:
        _check(child, text)


def names_in(text: str) -> set[str]:
    """Give the variables that an expression needs, e.g. ``{"pt", "eta"}``.

    Raises
    ------
    ExpressionError
        If the text is not an expression of the language.
    """
    tree = _parse(text)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}
    return found - set(CONSTANTS)


def evaluate(text: str, columns: Mapping[str, Array]) -> Any:
    """Evaluate an expression element by element.

    Parameters
    ----------
    text : str
        The expression.
    columns : mapping of str to array
        The variables; all of one length.

    Returns
    -------
    array or scalar
        A scalar if the expression names no variable.

    Raises
    ------
    ExpressionError
        If it is not an expression or names a variable that is not there.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return _evaluate(_parse(text), columns, text)


def evaluate_mask(text: str, columns: Mapping[str, Array], rows: int) -> npt.NDArray[np.bool_]:
    """Evaluate a selection: a bool array of ``rows`` elements, False where a comparison meets NaN."""
    value = np.asarray(evaluate(text, columns))
    return np.broadcast_to(value.astype(bool), (rows,))


def column_name(text: str) -> str:
    """Give the name of the column that holds an expression: the variable itself, or a legal form of the text.

    >>> column_name("pt"), column_name("log(pt / m)")
    ('pt', 'log_pt_m')
    """
    return re.sub(r"\W+", "_", text).strip("_")


def _evaluate(node: ast.expr, columns: Mapping[str, Array], text: str) -> Any:
    def value(child: ast.expr) -> Any:
        return _evaluate(child, columns, text)

    match node:
        case ast.Constant(value=constant):
            return constant
        case ast.Name(id=name):
            if name in columns:
                return columns[name]
            if name in CONSTANTS:
                return CONSTANTS[name]
            raise ExpressionError(f"'{text}': no variable '{name}'", advice=near_misses(name, columns))
        case ast.BoolOp(op=op, values=values):
            combine = np.logical_and if isinstance(op, ast.And) else np.logical_or
            result = value(values[0])
            for child in values[1:]:
                result = combine(result, value(child))
            return result
        case ast.BinOp(left=left, op=operation, right=right):
            return _BINARY[type(operation)](value(left), value(right))
        case ast.UnaryOp(op=sign, operand=operand):
            return _UNARY[type(sign)](value(operand))
        case ast.Compare():
            return _compare(node, value)
        case ast.Call(func=ast.Name(id=name), args=args):
            try:
                return FUNCTIONS[name](*(value(child) for child in args))
            except (TypeError, ValueError) as error:
                raise ExpressionError(f"'{text}': {name} cannot be applied ({error})") from None
    raise ExpressionError(f"'{text}' is not an expression")  # pragma: no cover - _check refuses it before


def _compare(node: ast.Compare, value: Callable[[ast.expr], Any]) -> Any:
    """Evaluate a chain such as ``20 < pt < 100``, or membership in a list."""
    left = value(node.left)
    operation = node.ops[0]
    if isinstance(operation, ast.In | ast.NotIn):
        members = np.array([value(child) for child in node.comparators[0].elts])  # type: ignore[attr-defined]
        return np.isin(left, members, invert=isinstance(operation, ast.NotIn))
    result: Any = True
    for comparison, right_node in zip(node.ops, node.comparators, strict=True):
        right = value(right_node)
        result = np.logical_and(result, _COMPARE[type(comparison)](left, right))
        left = right
    return result
