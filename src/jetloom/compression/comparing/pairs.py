"""Files before and after side by side: every value held against its bound, and some kept for figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jetloom.compression.bounds import Bound
from jetloom.compression.container import Reader
from jetloom.compression.files import opened_pieces
from jetloom.compression.grids import within
from jetloom.compression.pieces import Piece
from jetloom.errors import InputError

Values = npt.NDArray[Any]
STEP = 20_000


class Triple(NamedTuple):
    """A file, what it was compressed to, and what was made of that."""

    original: Path
    compressed: Path
    decompressed: Path


@dataclass
class Sides:
    """Columns before and after.

    Attributes
    ----------
    bounds : dict of str to Bound
    groups : dict of str to str
        Columns of equal groups have values of the same jets.
    entries, values, memory : int
        Of all files: entries, values, and their bytes in memory.
    outside : dict of str to int
        How many values of all files lie outside of their bound.
    original, decoded : dict of str to array
        The values that were kept for figures.
    kept : int
        Entries that they are of.
    """

    bounds: dict[str, Bound]
    groups: dict[str, str]
    entries: int = 0
    values: int = 0
    memory: int = 0
    outside: dict[str, int] = field(default_factory=dict)
    original: dict[str, Values] = field(default_factory=dict)
    decoded: dict[str, Values] = field(default_factory=dict)
    kept: int = 0


def read_pairs(files: list[Triple], tree: str | None, most: int) -> Sides:
    """Read files before and after in steps.

    Parameters
    ----------
    files : list of Triple
    tree : str, optional
        Of ROOT files with several.
    most : int
        Entries whose values are kept.

    Raises
    ------
    InputError
        If a file does not have what the other has.
    """
    with Reader(files[0].compressed) as reader:
        columns = reader.contents.columns
    sides = Sides(
        {name: column.bound for name, column in columns.items()},
        {name: column.group for name, column in columns.items()},
    )
    sides.outside = dict.fromkeys(columns, 0)
    parts: dict[str, list[tuple[Values, Values]]] = {name: [] for name in columns}
    for triple in files:
        for before, after in _steps(triple, list(columns), tree):
            _check(before, after, triple)
            for name, bound in sides.bounds.items():
                one, other = before.values[name], after.values[name]
                sides.outside[name] += int((~within(one, other, bound)).sum())
                sides.values += len(one)
                sides.memory += one.nbytes
                if sides.kept < most:
                    parts[name].append((one, other))
            sides.kept += before.entries if sides.kept < most else 0
            sides.entries += before.entries
    for name, found in parts.items():
        sides.original[name] = np.concatenate([one for one, _ in found])
        sides.decoded[name] = np.concatenate([other for _, other in found])
    return sides


def read_values(path: Path, names: list[str], tree: str | None, most: int) -> dict[str, Values]:
    """Return the values of columns of the first entries of a file."""
    parts: dict[str, list[Values]] = {name: [] for name in names}
    with opened_pieces(path, {}, names, tree, min(STEP, most)) as (_, pieces):
        read = 0
        for piece in pieces:
            for name in names:
                parts[name].append(piece.values[name])
            read += piece.entries
            if read >= most:
                break
    return {name: np.concatenate(found) if found else np.empty(0) for name, found in parts.items()}


def _steps(files: Triple, names: list[str], tree: str | None) -> Iterator[tuple[Piece, Piece]]:
    with (
        opened_pieces(files.original, {}, names, tree, STEP) as (_, before),
        opened_pieces(files.decompressed, {}, names, tree, STEP) as (_, after),
    ):
        try:
            yield from zip(before, after, strict=True)
        except ValueError:
            raise InputError(f"has another number of entries than {files.original}", path=files.decompressed) from None


def _check(before: Piece, after: Piece, files: Triple) -> None:
    for name, values in before.values.items():
        other = after.values.get(name)
        if other is None or other.dtype != values.dtype or len(other) != len(values):
            raise InputError(
                f"does not have what {files.original} has: another type, or other lengths", path=files.decompressed,
                where=name, advice="compress and decompress it again",
            )  # fmt: skip
    if not _same(before.counts, after.counts):
        raise InputError(f"has lists of other lengths than {files.original}", path=files.decompressed)


def _same(one: Mapping[str, Values], other: Mapping[str, Values]) -> bool:
    return sorted(map(bytes, one.values())) == sorted(map(bytes, other.values()))
