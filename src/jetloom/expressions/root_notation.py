"""Expressions as ROOT users write them, turned into those of the language: ``&&``, ``!``, ``?:``, ``TMath::Abs``.

``a.b`` and ``lep.Pt()`` become the legal names of the branches, ``a_b`` and ``lep_Pt``. What ROOT takes and the
language does not have is refused by its name, not by that of a mistake in Python.
"""

from __future__ import annotations

import ast
import re

from jetloom.errors import ExpressionError

TMATH: dict[str, str] = {
    "Abs": "abs", "Sqrt": "sqrt", "Power": "pow", "Exp": "exp", "Log": "log", "Log2": "log2", "Log10": "log10",
    "Sin": "sin", "Cos": "cos", "Tan": "tan", "ASin": "arcsin", "ACos": "arccos", "ATan": "arctan", "ATan2": "arctan2",
    "SinH": "sinh", "CosH": "cosh", "TanH": "tanh", "ASinH": "arcsinh", "ACosH": "arccosh", "ATanH": "arctanh",
    "Min": "min", "Max": "max", "Hypot": "hypot", "Floor": "floor", "Ceil": "ceil", "IsNaN": "isnan",
    "Finite": "isfinite",
}  # fmt: skip
"""Functions of ROOT's namespace TMath, and what they are called here."""

_SPECIAL = re.compile(r"[A-Za-z_]\w*\$|@\w+")
_CAST = re.compile(r"\(\s*(unsigned|int|long|short|char|float|double|bool|[A-Z]\w*_t)( \w+)*\s*\)")
_NAMESPACE = re.compile(r"\b((?:[A-Za-z_]\w*::)+)([A-Za-z_]\w*)")
_PI = re.compile(r"\bTMath::Pi\s*\(\s*\)")
_PRIMARY = re.compile(r"\s*(?:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|[0-9.]+(?:[eE][+-]?\d+)?)?")
_OPENING, _CLOSING = "([{", ")]}"


def translated(text: str) -> str:
    """Return an expression without what is ROOT's notation alone; one that has none stays as it is.

    Raises
    ------
    ExpressionError
        If it holds something of ROOT that the language does not have.
    """
    if "'" in text or '"' in text:  # text is refused anyway
        return text
    for pattern, advice in ((_SPECIAL, "write len(jets), sum(jets.pt) or jets[0].pt"), (_CAST, "take the cast away")):
        if found := pattern.search(text):
            raise ExpressionError(f"'{text}': '{found[0]}' of ROOT is not known here", advice=advice)
    plain = _NAMESPACE.sub(_without_namespace, _PI.sub("pi", text)).replace("&&", " and ").replace("||", " or ")
    if "!" in plain.replace("!=", ""):
        plain = _negations(plain)
    return _conditionals(plain) if "?" in plain else plain


def _without_namespace(found: re.Match[str]) -> str:
    space, name = found[1], found[2]
    if space == "TMath::" and name in TMATH:
        return TMATH[name]
    if space == "std::":
        return name
    known = ", ".join(f"TMath::{name}" for name in sorted([*TMATH, "Pi"]))
    raise ExpressionError(f"'{found[0]}' of ROOT is not known here", advice=f"known are {known}")


def _negations(text: str) -> str:
    """Put ``not`` for ``!``, which binds closer: ``!a == b`` is ``(not a) == b``."""
    place = len(text)
    while (place := text.rfind("!", 0, place)) >= 0:
        if text[place + 1 : place + 2] == "=":
            continue
        end = _end_of_primary(text, place + 1)
        text = f"{text[:place]}(not {text[place + 1 : end]}){text[end:]}"
    return text


def _end_of_primary(text: str, start: int) -> int:
    """Return where a name, a number or brackets end, with all brackets that follow them."""
    found = _PRIMARY.match(text, start)
    end = found.end() if found else start
    while end < len(text) and text[end] in _OPENING:
        end = _closing(text, end) + 1
    return end


def _closing(text: str, start: int) -> int:
    """Return where the bracket that opens at ``start`` closes."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in _OPENING) - (text[place] in _CLOSING)
        if depth == 0:
            return place
    raise ExpressionError(f"'{text}': a bracket is not closed")


def _conditionals(text: str) -> str:
    """Put ``where(a, b, c)`` for ``a ? b : c``, within brackets first."""
    parts, place, level = [""], 0, list[str]()
    while place < len(text):
        letter = text[place]
        if letter in _OPENING:
            end = _closing(text, place)
            parts[-1] += letter + _conditionals(text[place + 1 : end]) + text[end]
            place = end
        elif letter in ",?:":
            level.append(letter)
            parts.append("")
        else:
            parts[-1] += letter
        place += 1
    return _joined(parts, level, text)


def _joined(parts: list[str], signs: list[str], text: str) -> str:
    """Put parts together that are parted by commas, question marks and colons."""
    if "," in signs:
        cut = signs.index(",")
        left, right = (parts[: cut + 1], signs[:cut]), (parts[cut + 1 :], signs[cut + 1 :])
        return f"{_joined(*left, text)}, {_joined(*right, text)}"
    if "?" not in signs:
        return ":".join(parts)
    first, depth = signs.index("?"), 0
    for place in range(first, len(signs)):
        depth += 1 if signs[place] == "?" else -1
        if depth == 0:
            chosen = _joined(parts[first + 1 : place + 1], signs[first + 1 : place], text)
            other = _joined(parts[place + 1 :], signs[place + 1 :], text)
            return f"where({parts[first]}, {chosen}, {other})"
    raise ExpressionError(f"'{text}': '?' without ':'")


class BranchNames(ast.NodeTransformer):
    """Turns ``a.b`` and ``lep.Pt()`` into legal names, but for variables of the row such as ``jets.pt``.

    Parameters
    ----------
    row : str
        What stands before those.
    """

    def __init__(self, row: str) -> None:
        self._row = row

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Join the parts of a name."""
        inner = self.visit(node.value)
        if isinstance(inner, ast.Name) and inner.id != self._row and not node.attr.startswith("__"):
            return ast.Name(f"{inner.id}_{node.attr}", node.ctx)
        node.value = inner
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Take the brackets off ``lep.Pt()``."""
        if isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
            named = self.visit(node.func)
            return named if isinstance(named, ast.Name) else node
        node.args = [self.visit(one) for one in node.args]
        return node
