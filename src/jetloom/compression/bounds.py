"""How far a decoded value may lie from the original: so much, such a part of it, or not at all."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from jetloom.errors import ConfigurationError

Kind = Literal["absolute", "relative", "exact"]

_TEXT = re.compile(r"\s*([0-9.eE+-]+)\s*(%?)\s*")

LARGEST_RELATIVE = 0.25


@dataclass(frozen=True)
class Bound:
    """The bound of a variable.

    Attributes
    ----------
    kind : str
        ``absolute``: the largest difference, in the unit of the variable. ``relative``: the largest difference as a
        part of the value's own size (0 stays 0). ``exact``: bit for bit.
    size : float
        The difference or the part; 0 of ``exact``.
    """

    kind: Kind
    size: float = 0.0

    def __post_init__(self) -> None:
        if self.kind == "exact":
            if self.size != 0:
                raise ConfigurationError(f"an exact variable has no bound, and {self.size} was given")
        elif not (math.isfinite(self.size) and self.size > 0):
            raise ConfigurationError(f"a bound of {self.size} is none", advice="give a positive number, or 0 for exact")
        elif self.kind == "relative" and self.size > LARGEST_RELATIVE:
            raise ConfigurationError(
                f"a relative bound of {self.size:g} leaves little of a value",
                advice=f"give {LARGEST_RELATIVE:g} at most",
            )

    def __str__(self) -> str:
        if self.kind == "exact":
            return "exact"
        return f"{self.size:g}" if self.kind == "absolute" else f"{100 * self.size:g}%"


EXACT = Bound("exact")


def parse_bound(text: str) -> Bound:
    """Read a bound: ``0.1%`` is relative, ``0.001`` absolute, ``0`` or ``exact`` allows no difference.

    Raises
    ------
    ConfigurationError
        If it is none of them.
    """
    if text.strip() == "exact":
        return EXACT
    found = _TEXT.fullmatch(text)
    try:
        size = float(found[1]) if found else math.nan
    except ValueError:
        size = math.nan
    if found is None or math.isnan(size):
        raise ConfigurationError(
            f"'{text}' is no bound", advice="write 0.1% for a part of the value, 0.001 for a difference, 0 for exact"
        )
    if size == 0:
        return EXACT
    return Bound("relative", size / 100) if found[2] else Bound("absolute", size)
