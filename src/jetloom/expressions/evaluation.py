"""Evaluating expressions over columns."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import ExpressionError, near_misses
from jetloom.expressions import arithmetic
from jetloom.expressions.functions import FUNCTIONS
from jetloom.expressions.language import CONSTANTS, ROW, parse, shown
from jetloom.expressions.numbers import Array, plain

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Array]] = {
    ast.Add: arithmetic.add,
    ast.Sub: arithmetic.subtract,
    ast.Mult: arithmetic.multiply,
    ast.Div: arithmetic.divide,
    ast.FloorDiv: arithmetic.floor_divide,
    ast.Mod: arithmetic.remainder,
    ast.Pow: arithmetic.power,
    ast.BitAnd: lambda left, right: arithmetic.bits(operator.and_, left, right),
    ast.BitOr: lambda left, right: arithmetic.bits(operator.or_, left, right),
    ast.BitXor: lambda left, right: arithmetic.bits(operator.xor, left, right),
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Array]] = {
    ast.USub: arithmetic.negative,
    ast.UAdd: arithmetic.positive,
    ast.Not: arithmetic.is_false,
    ast.Invert: arithmetic.invert,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def evaluate(text: str, columns: Mapping[str, Array]) -> Any:
    """Evaluate an expression element by element.

    Parameters
    ----------
    text : str
        The expression.
    columns : mapping of str to array
        The variables; all of one length. Those of the row that something belongs to have names as ``jets.pt``.

    Returns
    -------
    array or scalar
        A scalar if the expression names no variable. Integers are int64 (uint64, or float64, where that cannot hold
        them); what rounds is float64; a column itself, its absolute value and its choices keep their type.

    Raises
    ------
    ExpressionError
        If it is not an expression, names a variable that is not there, or cannot be computed.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return plain(_computed(text, columns))


def evaluate_mask(text: str, columns: Mapping[str, Array], rows: int) -> npt.NDArray[np.bool_]:
    """Evaluate a selection: a bool array of ``rows`` elements, False where it or one side of ``<``, ``==`` is NaN."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.broadcast_to(arithmetic.is_true(_computed(text, columns)), (rows,))


def _computed(text: str, columns: Mapping[str, Array]) -> Any:
    tree = parse(text)
    try:
        return _evaluate(tree, columns, text)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ExpressionError(f"'{shown(text)}' cannot be computed ({error})") from None


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
            raise ExpressionError(f"'{shown(text)}': no variable '{name}'", advice=near_misses(name, columns))
        case ast.Attribute(attr=name):
            if f"{ROW}.{name}" in columns:
                return columns[f"{ROW}.{name}"]
            raise ExpressionError(f"'{shown(text)}': no variable '{ROW}.{name}'", advice=near_misses(name, columns))
        case ast.BoolOp(op=op, values=values):
            combine = np.logical_and if isinstance(op, ast.And) else np.logical_or
            result = arithmetic.is_true(value(values[0]))
            for child in values[1:]:
                result = combine(result, arithmetic.is_true(value(child)))
            return result
        case ast.BinOp(left=left, op=operation, right=right):
            return _BINARY[type(operation)](value(left), value(right))
        case ast.UnaryOp(op=sign, operand=operand):
            return _UNARY[type(sign)](value(operand))
        case ast.Compare():
            return _compare(node, value)
        case ast.Call(func=ast.Name(id=name), args=args):
            return FUNCTIONS[name].call(*(value(child) for child in args))
    raise ExpressionError(f"'{shown(text)}' is not an expression")  # pragma: no cover - refused when it is read


def _compare(node: ast.Compare, value: Callable[[ast.expr], Any]) -> Any:
    """Evaluate a chain such as ``20 < pt < 100``, or membership in a list."""
    left = value(node.left)
    if isinstance(node.ops[0], ast.In | ast.NotIn):
        listed = node.comparators[0]
        assert isinstance(listed, ast.Tuple | ast.List | ast.Set)
        found: Any = False
        for child in listed.elts:
            found = found | arithmetic.compare(operator.eq, left, value(child))
        return ~np.asarray(found) if isinstance(node.ops[0], ast.NotIn) else np.asarray(found)
    result: Any = True
    for comparison, right_node in zip(node.ops, node.comparators, strict=True):
        right = value(right_node)
        result = np.logical_and(result, arithmetic.compare(_COMPARE[type(comparison)], left, right))
        left = right
    return result
