"""Which values can be compressed, and how they are bounded by name."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from jetloom.compression.bounds import EXACT, Bound
from jetloom.compression.columns import is_compressible
from jetloom.errors import ConfigurationError, MissingObjectError, near_misses


def why_not(kind: np.dtype[Any]) -> str:
    """Say why values of a type cannot be compressed; empty if they can."""
    return "" if is_compressible(kind) else f"values of the type {kind} have no codes"


def bound_of(name: str, bounds: Mapping[str, Bound], kind: np.dtype[Any]) -> Bound:
    """Return the bound of a column: of the last pattern that fits its name; integers are exact unless they are named.

    Parameters
    ----------
    name : str
    bounds : mapping of str to Bound
        By the name, its last part (behind a dot, slash or colon), or a pattern with ``*``.
    kind : dtype
    """
    found = EXACT
    for pattern, bound in bounds.items():
        if kind.kind != "f" and "*" in pattern:
            continue
        if fits(name, pattern):
            found = bound
    return found


def fits(name: str, pattern: str) -> bool:
    """Say whether a pattern names a column."""
    last = last_part(name)
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(last, pattern)


def last_part(name: str) -> str:
    """Return what stands behind the last dot, slash or colon of a name."""
    return name.replace("/", ".").replace(":", ".").rsplit(".", 1)[-1]


def chosen(names: Iterable[str], patterns: Iterable[str], path: object) -> list[str]:
    """Return the columns that patterns name, all of them if there are no patterns.

    Raises
    ------
    MissingObjectError
        If a pattern names none.
    """
    known, patterns = list(names), list(patterns)
    for pattern in patterns:
        if not any(fits(name, pattern) for name in known):
            raise MissingObjectError("no such variable", path=path, where=pattern, advice=near_misses(pattern, known))
    return [name for name in known if not patterns or any(fits(name, pattern) for pattern in patterns)]


def require_used(bounds: Mapping[str, Bound], names: Iterable[str], path: object) -> None:
    """Refuse bounds of variables that a file has not.

    Raises
    ------
    ConfigurationError
        If no variable is meant by one.
    """
    known = list(names)
    for pattern in bounds:
        if not any(fits(name, pattern) for name in known):
            raise ConfigurationError(
                "has a bound, and is not in the file", path=path, where=pattern, advice=near_misses(pattern, known)
            )
