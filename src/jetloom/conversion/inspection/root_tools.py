"""Small helps with ROOT files: what branches there are, entries after a cut, sums, branches added and renamed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import uproot

from jetloom.errors import BadValueError, ConfigurationError, MissingObjectError, near_misses
from jetloom.expressions import evaluate, evaluate_mask, legal_name, names_in
from jetloom.io.atomic import publishing
from jetloom.io.root.files import Source, guarded, open_source, opened
from jetloom.io.sources.search import trees_in

STEP = "50 MB"
LARGE = 1 << 16
"""Entries that are read at a time."""


@dataclass(frozen=True)
class Counted:
    """What was found in some files: entries, those that pass a cut, and the sums of expressions over these."""

    entries: int
    passed: int
    sums: dict[str, float]


def tree_of(path: Path, name: str | None) -> str:
    """Return the name of the tree that is meant; without a name the only one of the file.

    Raises
    ------
    MissingObjectError
        If there is none, or there are several and none is named.
    """
    with opened(path) as file:
        known = guarded(lambda: [found for found, _ in trees_in(file, deep=True)], path)
    if name is not None:
        return name
    if len(known) != 1:
        raise MissingObjectError(
            f"has {len(known)} trees", path=path, advice=f"say which with --tree: {', '.join(known[:12])}"
        )
    return known[0]


def list_branches(path: Path, tree: str | None) -> list[tuple[str, str]]:
    """Return name and type of each branch of a tree."""
    with open_source(path, [tree_of(path, tree)]) as source:
        return guarded(lambda: _branches(source), path)


def _branches(source: Source) -> list[tuple[str, str]]:
    kinds: Mapping[str, str] = source.tree.typenames()
    return list(kinds.items())


def count(paths: Sequence[Path], tree: str | None, cut: str | None = None, sums: Sequence[str] = ()) -> Counted:
    """Count entries after a cut, and sum expressions over them, in blocks.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    tree : str or None
        The tree; the only one of each file if not named.
    cut : str, optional
        Expression of branches with one value an entry, as ROOT or Python writes them.
    sums : sequence of str
        Expressions to sum up.

    Raises
    ------
    ExpressionError, MissingObjectError
        If an expression cannot be read, or names a branch that is not there; with the near misses.
    """
    entries, passed = 0, 0
    totals: dict[str, list[float]] = {text: [] for text in sums}
    for path in paths:
        with open_source(path, [tree_of(path, tree)]) as source:
            for size, columns in _columns(source, [*([cut] if cut else []), *sums]):
                mask = np.ones(size, bool) if cut is None else evaluate_mask(cut, columns, size)
                entries, passed = entries + size, passed + int(mask.sum())
                for text in sums:
                    values = np.broadcast_to(np.asarray(evaluate(text, columns), np.float64), (size,))
                    totals[text].append(math.fsum(values[mask].tolist()))
    return Counted(entries, passed, {text: math.fsum(parts) for text, parts in totals.items()})


def _columns(source: Source, texts: Sequence[str]) -> Iterator[tuple[int, dict[str, npt.NDArray[Any]]]]:
    """Yield the columns that expressions name, by their legal names, in blocks with their number of entries."""
    known = {legal_name(name): name for name in guarded(lambda: list(source.tree.keys()), source.path)}
    wanted = sorted(set().union(*(names_in(text) for text in texts)) if texts else set())
    for name in wanted:
        if name not in known:
            raise MissingObjectError(
                f"has no branch '{name}'", path=source.path, where=source.found.name, advice=near_misses(name, known)
            )
    if not wanted:
        yield source.entries, {}
        return
    for block in source.blocks([known[name] for name in wanted], LARGE):
        found = {name: np.asarray(block[known[name]]) for name in wanted if block[known[name]].ndim == 1}
        if jagged := [name for name in wanted if name not in found]:
            raise BadValueError("is a vector, and one value an entry is needed", path=source.path, where=jagged[0])
        yield len(found[wanted[0]]), found


def copy_tree(
    path: Path,
    tree: str | None,
    output: Path,
    keep: Sequence[str] = ("*",),
    renamed: Mapping[str, str] | None = None,
    added: Mapping[str, npt.NDArray[Any]] | None = None,
    cut: str | None = None,
) -> int:
    """Write a copy of a tree with some of its branches, renamed, with further ones, of the entries that pass a cut.

    Parameters
    ----------
    path, tree
        The file, and the tree in it.
    output : Path
        The file to publish.
    keep : sequence of str
        Branches, with stars and question marks.
    renamed : mapping of str to str
        New names by old ones.
    added : mapping of str to array
        One value an entry.
    cut : str, optional
        Entries that are kept.

    Returns
    -------
    int
        Entries that were written.
    """
    renamed, added, written = renamed or {}, added or {}, 0
    with open_source(path, [tree_of(path, tree)]) as source:
        counters = _counters(source)
        names = [name for name in guarded(lambda: list(source.tree.keys()), path) if name not in counters]
        _check_names(names, renamed, added, path)
        kept = [name for name in names if any(fnmatchcase(name, one) for one in keep)]
        needed = [name for name in names if cut is not None and legal_name(name) in names_in(cut)]
        with publishing(output) as part, uproot.recreate(part.absolute(), compression=uproot.LZ4(1)) as file:
            made, start = None, 0
            for block in source.blocks(list(dict.fromkeys([*kept, *needed])), LARGE):
                size = len(next(iter(block.values())))
                columns = {legal_name(name): np.asarray(block[name]) for name in needed}
                mask = np.ones(size, bool) if cut is None else evaluate_mask(cut, columns, size)
                content = {renamed.get(name, name): block[name][mask] for name in kept}
                content |= {name: values[start : start + size][mask] for name, values in added.items()}
                if made is None:
                    kinds = {
                        name: values.dtype if isinstance(values, np.ndarray) else values.type.content
                        for name, values in content.items()
                    }
                    made = file.mktree(source.found.name, kinds)
                made.extend(content)
                start, written = start + size, written + int(mask.sum())
    return written


def _counters(source: Source) -> set[str]:
    """Return the branches that only count the entries of others, which are written with these."""
    if source.is_rntuple:
        return set()
    found = set()
    for branch in guarded(lambda: list(source.tree.branches), source.path):
        counter = getattr(branch, "count_branch", None)
        if counter is not None:
            found.add(str(counter.name))
    return found


def _check_names(
    names: Sequence[str], renamed: Mapping[str, str], added: Mapping[str, npt.NDArray[Any]], path: Path
) -> None:
    for name in renamed:
        if name not in names:
            raise MissingObjectError(f"has no branch '{name}'", path=path, advice=near_misses(name, names))
    result = [*(renamed.get(name, name) for name in names), *added]
    twice = sorted({name for name in result if result.count(name) > 1})
    if twice:
        raise ConfigurationError(f"two branches would be called '{twice[0]}'", path=path, advice="rename one")


def matched(
    path: Path, tree: str | None, other: Path, other_tree: str | None, branches: Sequence[str], keys: Sequence[str]
) -> dict[str, npt.NDArray[Any]]:
    """Return branches of another file for the entries of a tree, matched by keys such as run and event number.

    Returns
    -------
    dict of str to array
        One value an entry of the tree.

    Raises
    ------
    BadValueError
        If keys of the other file are not unique, or an entry has no match there.
    """
    ours = _table(path, tree, keys)
    theirs = _table(other, other_tree, [*keys, *branches])
    place: dict[tuple[Any, ...], int] = {}
    for row, key in enumerate(zip(*(theirs[name].tolist() for name in keys), strict=True)):
        if key in place:
            raise BadValueError(f"two entries have {_said(keys, key)}", path=other, advice="name further keys: --by")
        place[key] = row
    index = np.zeros(len(ours[keys[0]]), np.int64)
    for row, key in enumerate(zip(*(ours[name].tolist() for name in keys), strict=True)):
        if key not in place:
            raise BadValueError(f"no entry has {_said(keys, key)}, which is in {path}", path=other)
        index[row] = place[key]
    return {name: theirs[name][index] for name in branches}


def _said(keys: Sequence[str], values: tuple[Any, ...]) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(keys, values, strict=True))


def _table(path: Path, tree: str | None, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Read branches with one value an entry, whole."""
    with open_source(path, [tree_of(path, tree)]) as source:
        legal = {name: legal_name(name) for name in names}
        blocks = [columns for _, columns in _columns(source, list(legal.values()))]
    return {name: np.concatenate([block[legal[name]] for block in blocks]) for name in names}
