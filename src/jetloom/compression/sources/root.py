"""Trees of ROOT files: flat branches and lists of numbers; what is neither stays out, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jetloom.compression.bounds import EXACT, Bound
from jetloom.compression.pieces import FLAT, Column, Contents, Piece, Values
from jetloom.compression.sources.kinds import bound_of, chosen, require_used, why_not
from jetloom.errors import ConfigurationError, InputError, MissingObjectError
from jetloom.io.root.files import Source, guarded, opened
from jetloom.locations import located

FIRST = 200
"""Entries that say of what type a branch is, and which lists have the same lengths."""

TREES = ("TTree", "ROOT::RNTuple", "ROOT::Experimental::RNTuple")


def tree_of(path: Path, name: str | None) -> str:
    """Return the name of the tree to read.

    Raises
    ------
    MissingObjectError
        If the file has none.
    ConfigurationError
        If it has several, and none is named.
    """
    if name is not None:
        return name
    with opened(path) as file:
        kinds = guarded(lambda: file.classnames(cycle=False), located(path))
    found = [key for key, kind in kinds.items() if kind in TREES]
    if not found:
        raise MissingObjectError("has no tree", path=path)
    if len(found) > 1:
        raise ConfigurationError(f"has several trees: {', '.join(found)}", path=path, advice="name one with --tree")
    return found[0]


def contents(source: Source, bounds: Mapping[str, Bound], patterns: Sequence[str]) -> Contents:
    """Look which branches there are and which go together, by their first entries.

    Parameters
    ----------
    source : Source
        An open tree.
    bounds : mapping of str to Bound
        By name or pattern; branches without are exact.
    patterns : sequence of str
        Which branches; all if empty.

    Raises
    ------
    MissingObjectError, ConfigurationError
        If a pattern or a bound names no branch.
    InputError
        If no branch can be compressed.
    """
    names = {_short(full, source): full for full in list(source.tree.keys()) if _is_leaf(source, full)}
    columns: dict[str, Column] = {}
    left_out: dict[str, str] = {}
    lengths: dict[str, Values] = {}
    for name, first in _first_entries(
        source, {name: names[name] for name in chosen(names, patterns, source.path)}
    ).items():
        try:
            if isinstance(first, InputError):
                raise first
            values, counts = _numbers(first)
        except InputError as error:
            left_out[name] = error.cause
            continue
        kind = values.dtype
        if reason := why_not(kind):
            left_out[name] = reason
            continue
        group = (
            FLAT if counts is None else next((g for g, other in lengths.items() if np.array_equal(other, counts)), name)
        )
        if counts is not None:
            lengths.setdefault(group, counts)
        columns[name] = Column(kind, bound_of(name, bounds, kind), group)
    if not columns:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(left_out.items())[:3])
        raise InputError(f"has no branch that can be compressed ({reasons})", path=source.path, where=source.found.name)
    require_used(bounds, names, source.path)
    counters = _counters(source, columns, names)
    columns = {name: column for name, column in columns.items() if name not in counters.values()}
    branches = {name: names[name] for name in columns}
    facts = {"tree": source.found.name, "rntuple": source.is_rntuple, "branches": branches, "counters": counters}
    return Contents("root", columns, facts, left_out)


def pieces(source: Source, contents: Contents, entries: int) -> Iterator[Piece]:
    """Read a tree in blocks of entries.

    Raises
    ------
    CorruptFileError
        If a branch cannot be read back.
    InputError
        If lists that had the same lengths so far have others.
    """
    branches: dict[str, str] = contents.facts["branches"]
    start = 0
    for block in source.blocks(list(branches.values()), entries):
        values: dict[str, Values] = {}
        counts: dict[str, Values] = {}
        for name, column in contents.columns.items():
            flat, lengths = _numbers(block[branches[name]])
            if (lengths is None) != (column.group == FLAT) or flat.dtype != column.kind:
                raise InputError(f"is of another type from entry {start} on", path=source.path, where=name)
            values[name] = flat
            if lengths is None:
                continue
            if not np.array_equal(counts.setdefault(column.group, lengths), lengths):
                raise InputError(
                    f"has lists of other lengths than '{column.group}' from entry {start} on, and the same before",
                    path=source.path, where=name, advice="compress the two apart, with --branches",
                )  # fmt: skip
        read = len(next(iter(counts.values()))) if counts else len(next(iter(values.values())))
        yield Piece(read, values, counts)
        start += read


def write(path: Path, contents: Contents, pieces: Iterator[Piece], as_kind: str | None = None) -> int:
    """Write a tree with the names and types of the original; return the number of entries.

    Parameters
    ----------
    path : Path
        File to create.
    contents : Contents
    pieces : iterator of Piece
    as_kind : str, optional
        ``ttree`` or ``rntuple``; what the original was if not given.
    """
    import awkward as ak
    import uproot

    rntuple = contents.facts.get("rntuple", False) if as_kind is None else as_kind == "rntuple"
    name = contents.facts.get("tree", "data")
    written = 0
    with uproot.recreate(path) as file:
        tree = None
        for piece in pieces:
            arrays: dict[str, Any] = {}
            for column, facts in contents.columns.items():
                values = piece.values[column]
                arrays[column] = values if facts.group == FLAT else ak.unflatten(values, piece.counts[facts.group])
            if not rntuple:
                arrays = _zipped(arrays, contents, ak)
            if tree is None:
                tree = _make(file, name, arrays, contents, rntuple)
            tree.extend(arrays)
            written += piece.entries
        if tree is None:
            _empty(file, name, contents, rntuple, ak)
    return written


def _make(file: Any, name: str, arrays: dict[str, Any], contents: Contents, rntuple: bool) -> Any:
    import awkward as ak

    if rntuple:
        return file.mkrntuple(name, ak.Array({key: array[:0] for key, array in arrays.items()}).layout.form)
    kinds = {key: array.dtype if isinstance(array, np.ndarray) else array.type.content for key, array in arrays.items()}
    counters: dict[str, str] = contents.facts["counters"]
    groups = {f"{_PREFIX}{place}": group for place, group in enumerate(contents.groups)}
    return file.mktree(
        name,
        kinds,
        counter_name=lambda outer: counters.get(groups[outer], f"n_{groups[outer]}"),
        field_name=lambda outer, inner: inner,  # noqa: ARG005 - the names of the original
    )


_PREFIX = "group"


def _zipped(arrays: dict[str, Any], contents: Contents, ak: Any) -> dict[str, Any]:
    """Return lists of the same lengths as lists of records, which share the branch that counts them."""
    flat = {name: array for name, array in arrays.items() if contents.columns[name].group == FLAT}
    for place, group in enumerate(contents.groups):
        together = {name: array for name, array in arrays.items() if contents.columns[name].group == group}
        flat[f"{_PREFIX}{place}"] = ak.zip(together)
    return flat


def _empty(file: Any, name: str, contents: Contents, rntuple: bool, ak: Any) -> None:
    arrays = {
        column: np.empty(0, facts.kind)
        if facts.group == FLAT
        else ak.unflatten(np.empty(0, facts.kind), np.empty(0, np.int64))
        for column, facts in contents.columns.items()
    }
    _make(file, name, arrays if rntuple else _zipped(arrays, contents, ak), contents, rntuple)


def _counters(source: Source, columns: Mapping[str, Column], names: Mapping[str, str]) -> dict[str, str]:
    """Return, by group of lists, the branch that holds their lengths: writing the lists writes it again."""
    if source.is_rntuple:
        return {}
    counters: dict[str, str] = {}
    for group in dict.fromkeys(column.group for column in columns.values()):
        for leaf in source.tree[names[group]].member("fLeaves") if group != FLAT else []:
            counter = leaf.member("fLeafCount")
            if counter is not None and columns.get(counter.member("fName"), Column(_NONE, EXACT)).kind == np.int32:
                counters[group] = counter.member("fName")
    return counters


_NONE = np.dtype("?")


def _first_entries(source: Source, branches: Mapping[str, str]) -> dict[str, Any]:
    """Return the first entries of branches by name; of one that cannot be read, the error that says why.

    All are read at once; if that fails, halves of them, because a search for each takes uproot a while.
    """
    reasons = {name: source.why_unreadable(full) for name, full in branches.items()}
    found: dict[str, Any] = {name: InputError(reason) for name, reason in reasons.items() if reason}
    waiting = [[name for name in branches if name not in found]]
    while waiting:
        names = waiting.pop()
        if not names:
            continue
        try:
            first = next(source.blocks([branches[name] for name in names], FIRST, FIRST), None)
        except InputError as error:
            if len(names) == 1:
                found[names[0]] = error
            else:
                waiting += [names[: len(names) // 2], names[len(names) // 2 :]]
            continue
        found |= {name: np.empty(0, "f4") if first is None else first[branches[name]] for name in names}
    return {name: found[name] for name in branches}


def _numbers(array: Any) -> tuple[Values, Values | None]:
    """Return the numbers of a branch, and the lengths of its lists, None if it has one number an entry.

    Raises
    ------
    InputError
        If it holds something else: lists of lists, texts, objects.
    """
    import awkward as ak

    if isinstance(array, np.ndarray):
        raise InputError("there is no entry")
    if array.ndim == 1 and not ak.fields(array):
        flat = ak.to_numpy(array, allow_missing=False) if _plain(array) else None
        if flat is not None:
            return np.ascontiguousarray(flat), None
    elif array.ndim == 2 and not ak.fields(array) and _plain(ak.flatten(array)):
        return np.ascontiguousarray(ak.to_numpy(ak.flatten(array))), np.asarray(ak.num(array), np.int64)
    raise InputError(f"holds {array.type.content}: not numbers, or lists of them of one level")


def _plain(array: Any) -> bool:
    import awkward as ak

    layout = ak.to_layout(array)
    return isinstance(layout, ak.contents.NumpyArray) and layout.inner_shape == () and layout.parameters == {}


def _is_leaf(source: Source, full: str) -> bool:
    return True if source.is_rntuple else not guarded(lambda: source.tree[full].branches, source.path, full)


def _short(full: str, source: Source) -> str:
    """Return the own name of a branch if no other has it."""
    own = full.rsplit("/", 1)[-1]
    return own if source.names.get(own) == full else full
