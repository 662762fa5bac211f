"""The language of expressions: what may be written, read into a syntax tree once and checked."""

from __future__ import annotations

import ast
import re
from decimal import Decimal
from functools import cache

import numpy as np

from jetloom.errors import ExpressionError, near_misses
from jetloom.expressions.functions import FUNCTIONS
from jetloom.expressions.numbers import LARGEST_BITS
from jetloom.expressions.root_notation import BranchNames, translated

LONGEST = 10_000
"""Characters that an expression may have."""

DEEPEST = 200
"""Levels that it may be nested; each further term of a sum is one, too."""

# No "e": in jets that is the energy, and a variable must never turn into 2.718 where it is missing.
CONSTANTS: dict[str, float | bool] = {"pi": np.pi, "inf": np.inf, "nan": np.nan, "True": True, "False": False}

ROW = "jets"
"""What stands before a variable of the row that something belongs to: ``eta - jets.eta``."""

UNITS: dict[str, str] = {
    "TeV": "1e3", "GeV": "1.0", "MeV": "1e-3", "keV": "1e-6", "cm": "10.0", "mm": "1.0", "um": "1e-3",
    "ns": "1.0", "ps": "1e-3", "rad": "1.0", "mrad": "1e-3",
}  # fmt: skip
"""Units that may follow a number, and their size in jetloom's own: GeV, mm, ns, rad."""
_QUANTITY = re.compile(rf"(?<![\w.])((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*({'|'.join(UNITS)})(?!\w)")


_BINARY = (
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.BitAnd, ast.BitOr, ast.BitXor
)  # fmt: skip


@cache
def parse(text: str) -> ast.expr:
    """Read an expression once and check that it uses nothing but the language.

    Raises
    ------
    ExpressionError
        If it is not an expression of the language, or too long or too deep to be meant.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"'{shown(text)}' has {len(text)} characters, more than {LONGEST}", advice=_SHORTER)
    try:
        # Decimal text, so that 500 MeV is 0.5 and not 0.5 plus a rounding error.
        plain = _QUANTITY.sub(lambda found: repr(_size(found[1], found[2])), translated(text.strip()))
        tree = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, ArithmeticError) as error:
        message = f"'{shown(text)}' is not an expression ({getattr(error, 'msg', error)})"
        raise ExpressionError(message, advice="write for instance 'pt > 20 and abs(eta) < 2.1'") from None
    except (RecursionError, MemoryError):  # what Python's parser says of too many levels
        raise _too_deep(text) from None
    if _depth(tree) > DEEPEST:
        raise _too_deep(text)
    tree = BranchNames(ROW).visit(tree)
    _check(tree, shown(text))
    return tree


def shown(text: str) -> str:
    """Return an expression as messages show it: a long one is cut."""
    return text if len(text) <= 100 else f"{text[:97]}..."


_SHORTER = "make parts of it variables of the schema"


def _too_deep(text: str) -> ExpressionError:
    return ExpressionError(f"'{shown(text)}' is nested more than {DEEPEST} levels deep", advice=_SHORTER)


def _depth(tree: ast.AST) -> int:
    """Return the number of levels of a syntax tree, without recursion."""
    level, levels = [tree], 0
    while level:
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        levels += 1
    return levels


def _size(number: str, unit: str) -> float:
    """Return a quantity in jetloom's units."""
    return float(Decimal(number) * Decimal(UNITS[unit]))


def _check(node: ast.expr, text: str) -> None:
    """Refuse what is not part of the language, naming it."""
    match node:
        case ast.Constant(value=int(value)) if value.bit_length() > LARGEST_BITS:
            raise ExpressionError(f"'{text}': a number is beyond 1e307")
        case ast.Name() | ast.Constant(value=bool() | int() | float()):
            return
        case ast.Attribute(value=ast.Name(id=prefix)) if prefix == ROW:
            return
        case ast.BoolOp(values=values):
            children: list[ast.expr] = values
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _BINARY):
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
                f"'{text}': '{shown(ast.unparse(node))}' is not allowed here",
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
    wanted = FUNCTIONS[name].nin
    if wanted is None:
        if given < 2:
            raise ExpressionError(f"'{text}': {name} takes two or more arguments, not {given}")
    elif given != wanted:
        raise ExpressionError(f"'{text}': {name} takes {wanted} argument{'s' * (wanted > 1)}, not {given}")


def names_in(text: str) -> set[str]:
    """Return the variables that an expression needs, e.g. ``{"pt", "eta"}``; those of the row as ``jets.pt``.

    Raises
    ------
    ExpressionError
        If the text is not an expression of the language.
    """
    tree = parse(text)
    of_row = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    others = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)} | {id(n.value) for n in of_row}
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in others}
    return found - set(CONSTANTS) | {f"{ROW}.{node.attr}" for node in of_row}


def legal_name(branch: str) -> str:
    """Return the name by which expressions and files know a branch: what no name may hold becomes ``_``.

    >>> legal_name("lep1.Pt()"), legal_name("m-bb"), legal_name("2jets")
    ('lep1_Pt', 'm_bb', '_2jets')
    """
    name = re.sub(r"\W+", "_", branch).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


def column_name(text: str) -> str:
    """Return the name of the column that holds an expression: the variable itself, or a legal form of the text.

    >>> column_name("pt"), column_name("log(pt / m)")
    ('pt', 'log_pt_m')
    """
    return re.sub(r"\W+", "_", text).strip("_")
