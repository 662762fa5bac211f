"""The same events of a sample twice: as they are in the DxAOD, and what the cuts left of them in HDF5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom import paths
from jetloom.config.schema import sample_schema
from jetloom.conversion.event_variables import with_event_variables
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.layout import make_layout
from jetloom.io.root.dxaod import DxaodReader
from jetloom.io.root.events import Collection, offsets_of
from jetloom.io.root.files import open_source
from jetloom.plots.samples.quantities import Jets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jetloom.config.analysis import Analysis
    from jetloom.config.conversion import Conversion
    from jetloom.io.layout import Layout

Array = npt.NDArray[Any]

ROWS = 4096


@dataclass(frozen=True)
class Sample:
    """Some events of a sample.

    Attributes
    ----------
    name, title : str
    events : int
        How many were read.
    before, after : Jets
        All jets of the DxAOD, and those that passed the selection, of the same events.
    layout : Layout
        Titles and units of the columns.
    """

    name: str
    title: str
    events: int
    before: Jets
    after: Jets
    layout: Layout


def read_sample(analysis: Analysis, name: str, collection: str | None, events: int) -> Sample:
    """Read some events of a sample from its DxAODs, and the same ones from its HDF5 files.

    Parameters
    ----------
    analysis : Analysis
    name : str
        The sample.
    collection : str or None
        What belongs to the jets and is read too.
    events : int
        About how many.

    Raises
    ------
    InputError
        If a file is not there or cannot be read; files that the conversion skipped are left out.
    """
    settings = analysis.samples[name]
    schema = sample_schema(settings)
    slots = {} if collection is None else {collection: analysis.conversion.slots[collection]}
    asked = {"events", "jets", collection}
    kept = {key: value for key, value in analysis.conversion.variables.items() if key in asked}
    select = analysis.conversion.select
    # Cuts need variables that are not kept; nothing is cut here.
    bare = select.model_copy(update={"events": [], "jets": [], "constituents": {}})
    conversion = analysis.conversion.model_copy(update={"slots": slots, "variables": kept, "select": bare})
    layout = make_layout(schema, conversion)
    before: list[Jets] = []
    after: list[Jets] = []
    total, files = 0, paths.shown_files(paths.converted_files(analysis, name))
    for stem, path in files.items():
        with TableReader(paths.hdf5_file(analysis, name, stem)) as reader:
            if reader.attribute("status", str) == "skipped":
                continue
            with open_source(path, schema.trees) as source:
                dxaod = DxaodReader(source, schema, conversion)
                keys, found = _from_dxaod(
                    dxaod, conversion, layout, collection, -(-events // len(files)), settings.is_data
                )
            before += found
            total += len(keys)
            after.append(_from_hdf5(reader, layout, collection, keys))
    title = settings.title or name
    return Sample(name, title, total, _joined(before, layout, collection), _joined(after, layout, collection), layout)


def _from_dxaod(
    reader: DxaodReader, conversion: Conversion, layout: Layout, collection: str | None, events: int, is_data: bool
) -> tuple[Array, list[Jets]]:
    """Read the first events; give their keys and jets."""
    keys: list[Array] = []
    found: list[Jets] = []
    missing = events
    for block in reader.blocks():
        part = block if block.entries <= missing else block.keep_events(np.arange(block.entries) < missing)
        part = with_event_variables(part, conversion)
        keys.append(_keys(part.events))
        counts = part.jets.counts
        weights = np.ones(part.entries) if is_data else part.events["mc_event_weight"]
        view = part.jet_view()
        columns = {name: view[name] for name in _columns(layout)}
        members = None if collection is None else part.others[collection]
        found.append(Jets(columns, np.repeat(weights, counts).astype(np.float64), members))
        missing -= part.entries
        if missing <= 0:
            break
    return np.concatenate(keys) if keys else np.zeros(0, KEY), found


def _from_hdf5(reader: TableReader, layout: Layout, collection: str | None, keys: Array) -> Jets:
    """Read the jets of these events; the order of the file is that of the DxAOD."""
    found: list[Jets] = []
    for start in range(0, reader.count("jets"), ROWS):
        rows = reader.read("jets", start, start + ROWS)
        chosen = np.isin(_keys(rows), keys)
        columns = {name: rows[name][chosen] for name in _columns(layout)}
        members = None
        if collection is not None:
            members = _members(reader.read(collection, start, start + ROWS)[chosen])
        found.append(Jets(columns, rows["mc_event_weight"][chosen].astype(np.float64), members))
        if not chosen.any():
            break
    return _joined(found, layout, collection)


def _members(rows: Array) -> Collection:
    """Turn (jets, slots) with ``valid`` into flat columns with offsets."""
    valid = rows["valid"]
    columns = {name: rows[name][valid] for name in rows.dtype.names or () if name != "valid"}
    return Collection(offsets_of(valid.sum(axis=1)), columns)


def _columns(layout: Layout) -> dict[str, str]:
    """Return the columns that expressions over jets see, and their types: those of the events and the jets."""
    return {**layout.types["events"], **layout.types["jets"]}


KEY = np.dtype([("run", "u8"), ("event", "u8")])


def _keys(columns: Mapping[str, Array] | Array) -> Array:
    """Return run and event number of each row as one value that can be looked up."""
    keys = np.zeros(len(columns["run_number"]), KEY)
    keys["run"], keys["event"] = columns["run_number"], columns["event_number"]
    return keys


def _joined(parts: list[Jets], layout: Layout, collection: str | None) -> Jets:
    if not parts:
        columns = {name: np.zeros(0, kind) for name, kind in _columns(layout).items()}
        none = None if collection is None else Collection(np.zeros(1, np.int64), _empty(layout, collection))
        return Jets(columns, np.zeros(0), none)
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in _columns(layout)}
    weights = np.concatenate([part.weights for part in parts])
    members = [part.members for part in parts if part.members is not None]
    if not members:
        return Jets(columns, weights)
    names = layout.types[collection or ""]
    together = {name: np.concatenate([part.columns[name] for part in members]) for name in names}
    counts = np.concatenate([part.counts for part in members])
    return Jets(columns, weights, Collection(offsets_of(counts), together))


def _empty(layout: Layout, collection: str) -> dict[str, Array]:
    return {name: np.zeros(0, kind) for name, kind in layout.types[collection].items()}
