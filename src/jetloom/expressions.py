"""Expressions over named columns, such as ``pt > 20 and abs(eta) < 2.1``, evaluated without ``eval``.

The language is the arithmetic, comparison and logic of Python plus a fixed set of NumPy functions, all element by
element, and numbers with a unit such as ``500 MeV``. Anything else (attributes, indexing, calls of other functions,
comprehensions, strings) is refused.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, reduce
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
} | {
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
}
# No "e": in jets that is the energy, and a variable must never turn into 2.718 where it is missing.
CONSTANTS: dict[str, Any] = {"pi": np.pi, "inf": np.inf, "nan": np.nan, "True": True, "False": False}

UNITS: dict[str, str] = {
    "TeV": "1e3", "GeV": "1.0", "MeV": "1e-3", "keV": "1e-6", "cm": "10.0", "mm": "1.0", "um": "1e-3",
    "ns": "1.0", "ps": "1e-3", "rad": "1.0", "mrad": "1e-3",
}  # fmt: skip
"""Units that may follow a number, and their size in jetloom's own: GeV, mm, ns, rad."""
_QUANTITY = re.compile(rf"(?<![\w.])((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*({'|'.join(UNITS)})(?!\w)")


def _power(left: Any, right: Any) -> Any:
    """Raise to a power; of two plain integers as floats, because exact ones can fill the memory (9**9**9)."""
    return left**right if hasattr(left, "dtype") or hasattr(right, "dtype") else np.float64(left) ** np.float64(right)


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
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
        # Decimal text, so that 500 MeV is 0.5 and not 0.5 plus a rounding error.
        plain = _QUANTITY.sub(lambda found: repr(_size(found[1], found[2])), text.strip())
        tree = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError) as error:
        message = f"'{text}' is not an expression ({getattr(error, 'msg', error)})"
        raise ExpressionError(message, advice="write for instance 'pt > 20 and abs(eta) < 2.1'") from None
    _check(tree, text)
    return tree


def _size(number: str, unit: str) -> float:
    """Give a quantity in jetloom's units."""
    return float(Decimal(number) * Decimal(UNITS[unit]))


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
        case ast.Compare(left=left, ops=ops, comparators=comparators) if not any(
            isinstance(op, ast.Is | ast.IsNot) for op in ops
        ):
            if any(isinstance(op, ast.In | ast.NotIn) for op in ops):
                _check_members(node, text)
                children = [left]
            else:
                children = [left, *comparators]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            if name not in FUNCTIONS:
                raise ExpressionError(f"'{text}': no function '{name}'", advice=near_misses(name, FUNCTIONS))
            _check_count(name, len(args), text)
            children = args
        case _:
            raise ExpressionError(
                f"'{text}': '{ast.unparse(node)}' is not allowed here",
                advice="use numbers, names, arithmetic, comparisons, and/or/not and the listed functions",
            )
    for child in children:
        _check(child, text)


def _check_members(node: ast.Compare, text: str) -> None:
    """Refuse an ``in`` of anything but a list of numbers."""
    members = node.comparators[0]
    if len(node.ops) > 1 or not isinstance(members, ast.Tuple | ast.List | ast.Set):
        raise ExpressionError(f"'{text}': 'in' takes a list of numbers, as in 'label in (4, 5)'")
    for member in members.elts:
        _check(member, text)
        if any(isinstance(part, ast.Name | ast.Call) for part in ast.walk(member)):
            raise ExpressionError(f"'{text}': 'in' takes a list of numbers, as in 'label in (4, 5)'")


def _check_count(name: str, given: int, text: str) -> None:
    """Refuse a wrong number of arguments: one too many would be the array that NumPy writes its result to."""
    wanted = getattr(FUNCTIONS[name], "nin", 3)
    if name in ("min", "max"):
        if given < 2:
            raise ExpressionError(f"'{text}': {name} takes two or more arguments, not {given}")
    elif given != wanted:
        raise ExpressionError(f"'{text}': {name} takes {wanted} argument{'s' * (wanted > 1)}, not {given}")


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
        If it is not an expression, names a variable that is not there, or cannot be computed.
    """
    tree = _parse(text)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        try:
            return _evaluate(tree, columns, text)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise ExpressionError(f"'{text}' cannot be computed ({error})") from None


def evaluate_mask(text: str, columns: Mapping[str, Array], rows: int) -> npt.NDArray[np.bool_]:
    """Evaluate a selection: a bool array of ``rows`` elements, False where it or one side of ``<``, ``==`` is NaN."""
    value = np.asarray(evaluate(text, columns))
    if value.dtype.kind == "f":
        value = np.nan_to_num(value)
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
            return FUNCTIONS[name](*(value(child) for child in args))
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
