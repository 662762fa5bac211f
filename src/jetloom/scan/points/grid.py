"""The grid of a scan: every combination of its values with its name, one after the other, in constant memory.

A name is a digest of the canonical JSON of all parameters. Most of that text is the same for all points: so the pieces
are written once, and a point costs little more than its digest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from jetloom.models.base import Model
from jetloom.models.registry import find_model
from jetloom.provenance import canonical_json, digest

Named = tuple[str, tuple[int, ...]]
"""The name of a point, and the places of its values in the lists of the scan."""


class Grid:
    """The combinations of values, those of the last parameter varying fastest.

    Parameters
    ----------
    kind : str
        The model's name.
    fixed : dict
        All parameters, with their defaults.
    scan : dict
        Values by parameter, as the model's own types.
    """

    def __init__(self, kind: str, fixed: dict[str, Any], scan: dict[str, list[Any]]) -> None:
        self._kind, self._fixed = kind, fixed
        self._model = find_model(kind)
        self._scan = {
            name: list({canonical_json(value): value for value in values}.values()) for name, values in scan.items()
        }

    def __len__(self) -> int:
        return math.prod(len(values) for values in self._scan.values())

    def parameters(self, places: tuple[int, ...]) -> dict[str, Any]:
        """Return all parameters of a point."""
        chosen = {name: values[place] for (name, values), place in zip(self._scan.items(), places, strict=True)}
        return {**self._fixed, **chosen}

    def walk(self) -> Iterator[Named]:
        """Return every point."""
        combinations = itertools.product(*(range(len(values)) for values in self._scan.values()))
        if type(self._model).identity is not Model.identity:  # a model of the user's own decides
            for places in combinations:
                named = {"model": self._kind, **self._model.identity(self.parameters(places))}
                yield "p" + digest(named), places
            return
        # Pieces of the text: those of fixed parameters in between, and of each scanned one a piece for each value.
        order, pieces = self._pieces()
        for places in combinations:
            text = b"".join(
                [piece[places[which]] if which >= 0 else piece[0] for which, piece in zip(order, pieces, strict=True)]
            )
            yield "p" + sha256(b"{" + text[1:] + b"}").hexdigest()[:12], places

    def _pieces(self) -> tuple[list[int], list[list[bytes]]]:
        """Return the pieces in the order of their keys, each with which parameter of the scan decides it (-1: none).

        Each begins with a comma. That of a parameter which is no part of a name at its default is empty there.
        """
        scanned = list(self._scan)
        columns: dict[str, tuple[int, list[bytes]]] = {"model": (-1, [_piece("model", self._kind)])}
        for name, value in self._fixed.items():
            which = scanned.index(name) if name in self._scan else -1
            values = self._scan.get(name, [value])
            columns[name] = which, [self._named(name, one) for one in values]
        joined: list[tuple[int, list[bytes]]] = []
        for _, (which, pieces) in sorted(columns.items()):
            if which < 0 and joined and joined[-1][0] < 0:
                joined[-1] = -1, [joined[-1][1][0] + pieces[0]]
            else:
                joined.append((which, pieces))
        return [which for which, _ in joined], [pieces for _, pieces in joined]

    def _named(self, name: str, value: Any) -> bytes:
        """Return the piece of one parameter, as far as it is a part of the name."""
        kept = self._model.identity({**self._fixed, name: value})
        return _piece(name, value) if name in kept else b""


def _piece(name: str, value: Any) -> bytes:
    return b"," + canonical_json({name: value}).encode()[1:-1]
