"""Our ROOT ntuple: selected events in flat branches that any ROOT tool reads, and back as the same event blocks.

The tree ``ntuple`` has one entry an event: a branch for each event variable, ``jets_<variable>`` with a counter
``njets``, and for what belongs to jets ``<collection>_<variable>``, jet after jet, with ``jets_n_<collection>`` telling
how many belong to each jet. The tree ``before`` holds jets before the selection, one entry a jet. The string
``jetloom_ntuple`` holds the rest as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt
import uproot
import xxhash

from jetloom.errors import CorruptFileError, MissingObjectError
from jetloom.io.integrity.damage import BadBytesError
from jetloom.io.layout import Layout
from jetloom.io.root.events import Collection, EventBlock, offsets_of
from jetloom.io.root.files import guarded, opened
from jetloom.io.root.jagged import leaf, levels
from jetloom.io.sealed import CHECKSUM, checksum

FORMAT = "jetloom-ntuple-2"
KEY, TREE, BEFORE = "jetloom_ntuple", "ntuple", "before"
Rows = npt.NDArray[np.void]


class NtupleWriter:
    """Writes event blocks to a new ntuple.

    Parameters
    ----------
    path : Path
        File to create (give the path that ``publishing`` yields).
    layout : Layout
        The columns.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self._layout = layout
        # Absolute, since uproot takes 'http:/x' for a URL and '~' for a home.
        self._file = uproot.recreate(path.absolute(), compression=uproot.LZ4(1))
        self._tree = self._file.mktree(TREE, _branch_types(layout))
        self._entries: list[int] = []
        self._checksums: list[str] = []

    def append(self, block: EventBlock) -> None:
        """Append a block, which the reader will give back with the same boundaries."""
        if not block.entries:
            return
        columns = _flat_columns(block, self._layout)
        self._entries.append(block.entries)
        self._checksums.append(_checksum([block.jets.counts, *columns.values()]))
        entries: dict[str, Any] = {name: columns["", name] for name in self._layout.types["events"]}
        jets = block.jets.offsets
        for group in _lists(self._layout):
            offsets = jets if group == "jets" else block.others[group].offsets[jets]
            fields = {name: column for (owner, name), column in columns.items() if owner == group}
            records = ak.contents.RecordArray([ak.contents.NumpyArray(v) for v in fields.values()], list(fields))
            entries[group] = ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), records))
        self._tree.extend(entries)

    def finish(self, record: dict[str, Any], before: Rows) -> None:
        """Write what goes along and close the file.

        Parameters
        ----------
        record : JSON-like
            Counts, sums and origin.
        before : structured array
            Jets before the selection.
        """
        dtype = before.dtype
        tree = self._file.mktree(BEFORE, {name: dtype[name] for name in dtype.names or ()})
        if len(before):
            tree.extend({name: np.ascontiguousarray(before[name]) for name in dtype.names or ()})
        content: dict[str, Any] = {"format": FORMAT, "layout": self._layout.as_json(), "record": record}
        content |= {"entries": self._entries, "checksums": self._checksums, "before": len(before)}
        content["before_checksum"] = _checksum([before])
        content[CHECKSUM] = checksum(content)
        self._file[KEY] = json.dumps(content, sort_keys=True)
        self._file.close()

    def abandon(self) -> None:
        """Close a file that will be thrown away; on a full disk even that may fail, and does not matter."""
        with suppress(OSError, ValueError):
            self._file.close()


class NtupleReader:
    """Reads an ntuple; use it as a context manager.

    Attributes
    ----------
    layout : Layout
        The columns.
    record : dict
        What was given to :meth:`NtupleWriter.finish`.

    Raises
    ------
    MissingFileError, CorruptFileError, MissingObjectError
        If there is no such file, it is damaged, or it is not an ntuple of ours.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._stack = ExitStack()
        self._file = self._stack.enter_context(opened(self.path))
        try:
            content = self._content()
        except BaseException:
            self._stack.close()
            raise
        self.layout = Layout.from_json(content["layout"])
        self.record: dict[str, Any] = content["record"]
        self._entries: list[int] = content["entries"]
        self._checksums: list[str] = content["checksums"]
        self.before_rows: int = content["before"]
        self._before_checksum: str = content["before_checksum"]

    def _content(self) -> dict[str, Any]:
        if KEY not in self._file:
            raise MissingObjectError(
                "is not an ntuple of jetloom, or was never finished", path=self.path, where=KEY, advice="make it again"
            )
        text = guarded(lambda: str(self._file[KEY]), self.path, KEY)
        content: dict[str, Any] = guarded(lambda: json.loads(text), self.path, KEY)
        if not isinstance(content, dict):
            raise self._refused("holds no JSON object", KEY)
        if content.get("format") != FORMAT:
            raise self._refused(f"has format {content.get('format')}, not {FORMAT}", KEY)
        if content.get(CHECKSUM) != checksum(content):
            raise self._refused("is not what was written (its checksum differs)", KEY)
        entries = guarded(lambda: int(self._file[TREE].num_entries), self.path, TREE)
        if entries != sum(content["entries"]):
            raise self._refused(f"has {entries} entries where {sum(content['entries'])} were written", TREE)
        return content

    def _refused(self, cause: str, where: str) -> CorruptFileError:
        return CorruptFileError(cause, path=self.path, where=where, advice="make it again")

    def blocks(self) -> Iterator[EventBlock]:
        """Read the blocks as they were written.

        Raises
        ------
        CorruptFileError
            If a block cannot be read back, or not as it was written.
        """
        start = 0
        tree = self._file[TREE]
        for entries, written in zip(self._entries, self._checksums, strict=True):
            stop = start + entries
            block = guarded(partial(self._block, tree, start, stop), self.path, TREE)
            if _checksum([block.jets.counts, *_flat_columns(block, self.layout).values()]) != written:
                raise self._refused(f"entries {start} to {stop} are not what was written", TREE)
            yield block
            start = stop

    def _block(self, tree: Any, start: int, stop: int) -> EventBlock:
        types = self.layout.types
        arrays = _named(tree.arrays(entry_start=start, entry_stop=stop, how=dict), self._branches())
        events = {name: _values(arrays[name], kind) for name, kind in types["events"].items()}
        offsets = np.arange(stop - start + 1, dtype=np.int64)  # rows are events
        if types["jets"]:
            (offsets,), _ = levels(arrays["jets_" + next(iter(types["jets"]))], 1)
        columns = {name: _inner(arrays[f"jets_{name}"], kind) for name, kind in self._jet_types().items()}
        others = {}
        for group in self.layout.collections:
            counts = columns.pop(f"n_{group}")
            found = {name: _inner(arrays[f"{group}_{name}"], kind) for name, kind in types[group].items()}
            others[group] = Collection(offsets_of(counts), found)
        return EventBlock(events, Collection(offsets, columns), others)

    def _branches(self) -> Iterator[str]:
        """Return the names of all branches that are read."""
        yield from self.layout.types["events"]
        yield from (f"jets_{name}" for name in self._jet_types())
        for group in self.layout.collections:
            yield from (f"{group}_{name}" for name in self.layout.types[group])

    def _jet_types(self) -> dict[str, str]:
        return self.layout.types["jets"] | {f"n_{name}": "int32" for name in self.layout.collections}

    def before(self) -> Rows:
        """Return the jets before the selection, as a structured array.

        Raises
        ------
        CorruptFileError
            If they cannot be read back, or not as they were written.
        """
        rows = np.zeros(self.before_rows, self.layout.jets_dtype())
        guarded(partial(self._fill, rows), self.path, BEFORE)
        if _checksum([rows]) != self._before_checksum:
            raise self._refused("is not what was written", BEFORE)
        return rows

    def _fill(self, rows: Rows) -> None:
        tree = self._file[BEFORE]
        if int(tree.num_entries) != len(rows):
            raise BadBytesError(f"has {tree.num_entries} entries where {len(rows)} were written")
        names = rows.dtype.names or ()
        arrays = _named(tree.arrays(library="np"), names)
        for name in names:
            rows[name] = arrays[name]

    def __enter__(self) -> NtupleReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def is_ntuple(path: str | Path) -> bool:
    """Say whether a file is an ntuple of ours, by its content."""
    with opened(path) as file:
        return KEY in file and file.classname_of(KEY) == "TObjString"


def check_ntuple(path: Path) -> None:
    """Read an ntuple that was just written from start to end; raise if it is not what was written."""
    with NtupleReader(path) as reader:
        for _ in reader.blocks():
            pass
        reader.before()


def _named(arrays: Mapping[str, Any], names: Iterable[str]) -> Mapping[str, Any]:
    """Return the arrays of a tree if it has all that it should have."""
    for name in names:
        if name not in arrays:
            raise BadBytesError(f"lacks the branch '{name}'")
    return arrays


def _lists(layout: Layout) -> list[str]:
    """Return the groups that have a list in each event; none where rows are events."""
    return ["jets", *layout.collections] if layout.types["jets"] else []


def _branch_types(layout: Layout) -> dict[str, str]:
    types = dict(layout.types["events"])
    for group in _lists(layout):
        fields = dict(layout.types[group])
        if group == "jets":
            fields |= {f"n_{name}": "int32" for name in layout.collections}
        types[group] = "var * {" + ", ".join(f'"{name}": {kind}' for name, kind in fields.items()) + "}"
    return types


def _flat_columns(block: EventBlock, layout: Layout) -> dict[tuple[str, str], npt.NDArray[Any]]:
    """Return all columns of a block by group and name, in the order of the layout."""
    flat = {("", name): block.events[name] for name in layout.types["events"]}
    flat |= {("jets", name): block.jets.columns[name] for name in layout.types["jets"]}
    for group in layout.collections:
        flat["jets", f"n_{group}"] = block.others[group].counts.astype(np.int32)
    for group in layout.collections:
        flat |= {(group, name): block.others[group].columns[name] for name in layout.types[group]}
    return flat


def _checksum(columns: Iterable[npt.NDArray[Any]]) -> str:
    """Digest columns: damaged bytes of a ROOT file often decompress to wrong values silently."""
    sums = xxhash.xxh3_64()
    for column in columns:
        sums.update(np.ascontiguousarray(column).view(np.uint8).data)
    return str(sums.hexdigest())


def _values(array: Any, kind: str) -> npt.NDArray[Any]:
    values = leaf(levels(array, 0)[1])
    if values is None:
        raise ValueError("is a vector")
    return values.astype(kind, copy=False)


def _inner(array: Any, kind: str) -> npt.NDArray[Any]:
    return _values(levels(array, 1)[1], kind)
