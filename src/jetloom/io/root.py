"""Opening ROOT files: one way for TTree and RNTuple, and a clear cause for every damage."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import uproot

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.io.sources.branch_kinds import is_within, why_unreadable
from jetloom.io.sources.search import Found, find_tree

Result = TypeVar("Result")

DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AssertionError,
    ArithmeticError,
    NotImplementedError,
    AttributeError,
    EOFError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    uproot.deserialization.DeserializationError,
)
"""What uproot and its decompressors raise on damaged bytes: whatever the bytes happened to look like."""


@dataclass(frozen=True)
class Source:
    """A tree in an open ROOT file.

    Attributes
    ----------
    path : Path
        The file.
    found : Found
        Where the tree is in it.
    tree : uproot TTree or RNTuple
        The tree.
    names : dict of str to str
        Name of every branch, with and without the branches above it, to the name that uproot reads it by.
    """

    path: Path
    found: Found
    tree: Any
    names: dict[str, str] = field(repr=False)

    @property
    def entries(self) -> int:
        """Number of entries."""
        return int(self.tree.num_entries)

    @property
    def is_rntuple(self) -> bool:
        """Whether the tree is an RNTuple."""
        return "RNTuple" in type(self.tree).__name__

    def why_unreadable(self, branch: str) -> str:
        """Say why a branch cannot be read as numbers, lists of numbers or links; empty if it can."""
        return "" if self.is_rntuple else why_unreadable(self.tree[branch])

    def is_within(self, branch: str, member: str) -> bool:
        """Say whether a branch of a TTree holds whole objects with a member of some name, see :func:`is_within`."""
        return not self.is_rntuple and branch in self.names and is_within(self.tree[self.names[branch]], member)

    def bytes_per_entry(self, branches: Sequence[str]) -> float:
        """Give the mean uncompressed size of some branches of one entry, 0 if there is no entry."""
        if not self.entries:
            return 0.0
        if self.is_rntuple:
            return self.path.stat().st_size * 2.0 * len(branches) / len(self.tree.keys()) / self.entries
        return float(sum(self.tree[name].uncompressed_bytes for name in branches)) / self.entries

    def blocks(self, branches: Sequence[str], step: int, most: int | None = None) -> Iterator[dict[str, Any]]:
        """Read some branches in steps of entries, all entries or the first ``most``.

        Yields
        ------
        dict of str to awkward array

        Raises
        ------
        CorruptFileError
            If a branch cannot be read back; it and the entries are named.
        """
        end = self.entries if most is None else min(most, self.entries)
        blocks = self.tree.iterate(list(branches), step_size=step, entry_stop=end, library="ak", how=dict)
        for start in range(0, end, step):
            try:
                yield _by_name(next(blocks), branches)
            except StopIteration:
                raise CorruptFileError(f"ends at entry {start} of {self.entries}", path=self.path) from None
            except DAMAGE as error:
                raise self._damage(branches, start, min(start + step, end), error) from error

    def _damage(self, branches: Sequence[str], start: int, stop: int, error: BaseException) -> CorruptFileError:
        """Find the branch that cannot be read by reading one at a time."""
        where, cause = None, error
        for name in branches:
            try:
                self.tree.arrays([name], entry_start=start, entry_stop=stop)
            except DAMAGE as found:
                where, cause = name.rsplit("/", 1)[-1], found
                break
        return CorruptFileError(
            f"entries {start} to {stop} cannot be read back ({_short(cause)})",
            path=self.path,
            where=where,
            advice=f"the file is damaged; copy it again{self.found.way_out}",
        )


@contextmanager
def opened(path: str | Path) -> Iterator[Any]:
    """Open a ROOT file.

    Yields
    ------
    uproot directory

    Raises
    ------
    MissingFileError
        If there is no such file.
    CorruptFileError
        If it is empty, truncated, or not a ROOT file.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path)
    if path.stat().st_size == 0:
        raise CorruptFileError("is empty (0 bytes)", path=path, advice="make or copy it again")
    file = guarded(lambda: uproot.open(path), path)
    with file:
        yield file


def guarded(action: Callable[[], Result], path: Path, where: str | None = None, way_out: str = "") -> Result:
    """Do something with a ROOT file; what uproot raises on damaged bytes becomes a CorruptFileError."""
    try:
        return action()
    except DAMAGE as error:
        text = _short(error)
        cause = "is not a ROOT file" if "not a ROOT file" in str(error) else f"cannot be read ({text})"
        if "expected Chunk of length" in str(error):
            cause = f"is truncated ({text})"
        raise CorruptFileError(cause, path=path, where=where, advice=f"make or copy it again{way_out}") from error


@contextmanager
def open_source(path: str | Path, trees: Sequence[str]) -> Iterator[Source]:
    """Open the first of some trees that a file has, see :func:`jetloom.io.sources.search.find_tree`.

    Raises
    ------
    MissingFileError, CorruptFileError
        See :func:`opened`.
    MissingObjectError
        If the file has none of these trees.
    """
    path = Path(path)
    with opened(path) as file:
        found = guarded(lambda: find_tree(file, path, trees), path)
        tree = guarded(lambda: file[found.key], path, found.name, found.way_out)
        yield Source(path, found, tree, guarded(lambda: _names(tree), path, found.name, found.way_out))


def _names(tree: Any) -> dict[str, str]:
    """Map every branch's own name and its full path to the full path; a branch at the top wins over one below."""
    full = list(tree.keys())
    names = {name.rsplit("/", 1)[-1]: name for name in reversed(full)}
    return names | {name: name for name in full}


def _by_name(arrays: Mapping[str, Any], branches: Sequence[str]) -> dict[str, Any]:
    """Undo uproot's nesting of RNTuple fields: ``Aux:.pt`` comes as a record ``Aux:`` with a field ``pt``."""
    result = {}
    for name in branches:
        if name in arrays:
            result[name] = arrays[name]
        else:
            outer, inner = name.rsplit(".", 1)
            result[name] = arrays[outer][inner]
    return result


def _short(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:120]}" if lines else type(error).__name__
