"""Opening ROOT files: one way for TTree and RNTuple, and a clear cause for every damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import uproot

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.io.integrity.damage import Interpreting, told
from jetloom.io.integrity.inflation import watch_sizes
from jetloom.io.integrity.rntuple import verify_envelopes, verify_pages
from jetloom.io.sources.branch_kinds import is_within, why_unreadable
from jetloom.io.sources.field_tree import index_fields
from jetloom.io.sources.search import Found, find_tree
from jetloom.locations import Location, Remote, located

Result = TypeVar("Result")

watch_sizes()


@dataclass(frozen=True)
class Source:
    """A tree in an open ROOT file.

    Attributes
    ----------
    path : Path or Remote
        The file.
    found : Found
        Where the tree is in it.
    tree : uproot TTree or RNTuple
        The tree.
    names : dict of str to str
        Name of every branch, with and without the branches above it, to the name that uproot reads it by.
    """

    path: Location
    found: Found
    tree: Any
    names: dict[str, str] = field(repr=False)

    @property
    def entries(self) -> int:
        """Number of entries."""
        return guarded(lambda: int(self.tree.num_entries), self.path, self.found.name)

    @property
    def is_rntuple(self) -> bool:
        """Whether the tree is an RNTuple."""
        return "RNTuple" in type(self.tree).__name__

    def why_unreadable(self, branch: str) -> str:
        """Say why a branch cannot be read as numbers, lists of numbers or links; empty if it can."""
        return "" if self.is_rntuple else guarded(lambda: why_unreadable(self.tree[branch]), self.path, branch)

    def is_within(self, branch: str, member: str) -> bool:
        """Say whether a branch of a TTree holds whole objects with a member of some name, see :func:`is_within`."""
        if self.is_rntuple or branch not in self.names:
            return False
        return guarded(lambda: is_within(self.tree[self.names[branch]], member), self.path, branch)

    def bytes_per_entry(self, branches: Sequence[str]) -> float:
        """Return the mean uncompressed size of some branches of one entry, 0 if there is no entry."""
        if not self.entries:
            return 0.0
        if self.is_rntuple:
            return float(self.tree.file.source.num_bytes) * 2.0 * len(branches) / len(self.tree.keys()) / self.entries
        found = guarded(
            lambda: sum(self.tree[name].uncompressed_bytes for name in branches), self.path, self.found.name
        )
        return float(found) / self.entries

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
            stop = min(start + step, end)
            try:
                with Interpreting(self.path):
                    block = next(blocks, None)
                    found = None if block is None else _by_name(block, branches)
            except CorruptFileError as error:
                raise self._damage(branches, start, stop, error) from error
            if found is None:
                raise CorruptFileError(f"ends at entry {start} of {self.entries}", path=self.path)
            yield found

    def _damage(self, branches: Sequence[str], start: int, stop: int, error: CorruptFileError) -> CorruptFileError:
        """Find the branch that cannot be read by reading one at a time."""
        where, cause = None, error
        for name in branches:
            try:
                with Interpreting(self.path):
                    self.tree.arrays([name], entry_start=start, entry_stop=stop)
            except CorruptFileError as found:
                where, cause = name.rsplit("/", 1)[-1], found
                break
        return CorruptFileError(
            f"entries {start} to {stop} cannot be read back ({told(cause.__cause__ or cause)})",
            path=self.path,
            where=where,
            advice=f"the file is damaged; copy it again{self.found.way_out}",
        )


@contextmanager
def opened(path: str | Location) -> Iterator[Any]:
    """Open a ROOT file of this machine or, by its URL, of another.

    Yields
    ------
    uproot directory

    Raises
    ------
    MissingFileError
        If there is no such file.
    CorruptFileError
        If it is empty, truncated, or not a ROOT file.
    StorageError, ConfigurationError
        If it is a remote one, see :class:`jetloom.io.sources.remote.RemoteSource`.
    """
    path = located(path)
    options = _options(path)
    # Absolute, since uproot takes a path 'http:/x' for a URL and '~' for a home.
    named = {path.url: None} if isinstance(path, Remote) else path.absolute()
    # Caches of its own: uproot's are shared by all files of one identifier, a damaged copy among them.
    caches = {"object_cache": uproot.LRUCache(100), "array_cache": uproot.LRUArrayCache("100 MB")}
    file = guarded(lambda: uproot.open(named, **caches, **options), path)
    with file:
        yield file


def _options(path: Location) -> dict[str, Any]:
    """Say how uproot opens a file, after a look whether it is there."""
    if isinstance(path, Remote):
        from jetloom.io.sources.remote import RemoteSource

        return {"handler": RemoteSource}
    if not path.is_file():
        cause = "is no file but a directory, a device or a pipe" if path.exists() else "there is no such file"
        raise MissingFileError(cause, path=path)
    if path.stat().st_size == 0:
        raise CorruptFileError("is empty (0 bytes)", path=path, advice="make or copy it again")
    return {}


def guarded(action: Callable[[], Result], path: Location, where: str | None = None, way_out: str = "") -> Result:
    """Do something with a ROOT file; what uproot raises on damaged bytes becomes a CorruptFileError."""
    with Interpreting(path, where, f"make or copy it again{way_out}"):
        return action()


@contextmanager
def open_source(path: str | Location, trees: Sequence[str]) -> Iterator[Source]:
    """Open the first of some trees that a file has, see :func:`jetloom.io.sources.search.find_tree`.

    Raises
    ------
    MissingFileError, CorruptFileError, StorageError, ConfigurationError
        See :func:`opened`.
    MissingObjectError
        If the file has none of these trees.
    """
    path = located(path)
    with opened(path) as file:
        found = guarded(lambda: find_tree(file, path, trees), path)
        tree = guarded(lambda: file[found.key], path, found.name, found.way_out)
        source = Source(path, found, tree, {})
        if source.is_rntuple:
            guarded(lambda: verify_envelopes(tree), path, found.name, found.way_out)
            guarded(lambda: index_fields(tree), path, found.name, found.way_out)
            verify_pages(tree)
        yield replace(source, names=guarded(lambda: _names(tree), path, found.name, found.way_out))


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
