"""Which tree of a file is read: its name is a path within the file, and of several cycles the highest is taken."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from uproot import ReadOnlyDirectory

from jetloom.errors import CorruptFileError, MissingObjectError, near_misses

LOG = logging.getLogger(__name__)
Cycles = Mapping[str, Sequence[int]]
UNCLOSED = "was never closed: the list of its objects is missing"
RECOVER = "make it again, or see what ROOT recovers: hadd recovered.root FILE (the last events are lost)"


@dataclass(frozen=True)
class Found:
    """A tree of a file.

    Attributes
    ----------
    name : str
        Its path within the file, as ``ntupler/tree``.
    cycle : int
        Its cycle: each time that a tree is written it gets the next one.
    older : tuple of int
        The cycles that are not read.
    """

    name: str
    cycle: int
    older: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Path and cycle, as ROOT writes them."""
        return f"{self.name};{self.cycle}"

    @property
    def way_out(self) -> str:
        """What can be done if it is damaged and there are older cycles; empty without such."""
        if not self.older:
            return ""
        return f", or read an older copy: 'trees: [\"{self.name};{self.older[0]}\"]' in the schema"


def find_tree(file: Any, path: object, wanted: Sequence[str]) -> Found:
    """Find the first of some trees that a file has.

    Parameters
    ----------
    file : uproot directory
        The open file.
    path : path-like
        Its name, for messages.
    wanted : sequence of str
        Paths within the file, in order of preference: ``tree``, ``directory/tree``, ``tree;1`` for a cycle. Stars and
        question marks stand for letters of a name (not for ``/``) if they leave one tree only.

    Raises
    ------
    MissingObjectError
        If there is none of them, with the trees that there are; or if a pattern fits several.
    CorruptFileError
        If the file was never closed.
    """
    if file.fSeekKeys == 0:
        raise CorruptFileError(UNCLOSED, path=str(path), advice=RECOVER)
    known = dict(trees_in(file, deep=any(_is_deep(name) for name in wanted)))
    for name in wanted:
        if found := _match(name.strip("/"), known, path):
            if found.older:
                listed = ", ".join(map(str, found.older))
                LOG.info("%s: of '%s' cycle %d is read; it is there also as %s", path, found.name, found.cycle, listed)
            return found
    raise _missing(file, path, wanted)


def trees_in(directory: Any, deep: bool) -> Iterator[tuple[str, list[int]]]:
    """Return the path of each tree within a file, and its cycles, the highest first.

    Parameters
    ----------
    directory : uproot directory
        Where to look.
    deep : bool
        Also look into the directories that it holds.
    """
    yield from _walk(directory, "", deep, set())


def _walk(directory: Any, prefix: str, deep: bool, seen: set[int]) -> Iterator[tuple[str, list[int]]]:
    seen.add(directory.fSeekDir)  # a damaged directory may hold itself
    cycles: dict[str, list[int]] = {}
    kinds: dict[str, str] = {}
    for key, kind in directory.classnames(recursive=False).items():
        name, _, cycle = key.rpartition(";")
        cycles.setdefault(name, []).append(int(cycle))
        kinds[name] = kind
    for name, found in cycles.items():
        if _is_tree(kinds[name]):
            yield prefix + name, sorted(found, reverse=True)
        elif deep and kinds[name].startswith("TDirectory"):
            inner = directory[f"{name};{max(found)}"]
            if isinstance(inner, ReadOnlyDirectory) and inner.fSeekDir not in seen:
                yield from _walk(inner, f"{prefix}{name}/", deep, seen)


def _is_tree(kind: str) -> bool:
    return kind in ("TTree", "TNtuple", "TNtupleD") or "RNTuple" in kind


def _is_deep(name: str) -> bool:
    return "/" in name.strip("/")


def _match(name: str, known: Cycles, path: object) -> Found | None:
    """Return the tree of a name: the name itself, one of its cycles, or what a pattern fits."""
    if name in known:
        return Found(name, known[name][0], tuple(known[name][1:]))
    bare, _, cycle = name.rpartition(";")
    if bare in known and cycle.isdecimal() and int(cycle) in known[bare]:
        return Found(bare, int(cycle))
    fitting = [other for other in known if _fits(other, name)]
    if len(fitting) > 1:
        cause = f"the pattern '{name}' fits {len(fitting)} trees"
        raise MissingObjectError(cause, path=str(path), where="trees", advice=f"name one: {_listed(fitting)}")
    return _match(fitting[0], known, path) if fitting else None


def _fits(name: str, pattern: str) -> bool:
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(
        part == one or (set("*?") & set(one) and fnmatchcase(part, one.replace("[", "[[]")))
        for part, one in zip(parts, patterns, strict=True)
    )


def _missing(file: Any, path: object, wanted: Sequence[str]) -> MissingObjectError:
    """Describe what is there instead of the trees that are not."""
    names = " or ".join(f"'{name}'" for name in wanted)
    known = dict(trees_in(file, deep=True))
    if not known:
        held = [f"{key.rpartition(';')[0]} ({kind})" for key, kind in file.classnames(recursive=False).items()]
        return MissingObjectError(
            f"has no tree at all, so none named {names}; it holds {_listed(held)}", path=str(path)
        )
    last = wanted[0].rpartition("/")[2]
    elsewhere = [name for name in known if name.rpartition("/")[2] == last]
    advice = f"say 'trees: {_listed(elsewhere)}' in the schema" if elsewhere else near_misses(wanted[0], known)
    return MissingObjectError(f"has no TTree or RNTuple {names}", path=str(path), where=wanted[0], advice=advice)


def _listed(names: Sequence[str]) -> str:
    """Write down the first few of some names."""
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return (", ".join(names[:12]) or "nothing") + more
