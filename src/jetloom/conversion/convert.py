"""The two routes, DxAOD to ntuple to HDF5 and DxAOD to HDF5 in one pass, which give the same bytes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from jetloom.conversion.record import Record
from jetloom.conversion.streams import Selected, Skipped, Stored, Stream
from jetloom.conversion.tables import Places, event_rows, jet_rows, truncated
from jetloom.conversion.task import Task
from jetloom.cutflow import CutFlow
from jetloom.errors import InputError
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import TableWriter, check_file
from jetloom.io.root.events import EventBlock
from jetloom.io.root.ntuple import NtupleReader, NtupleWriter, check_ntuple, is_ntuple
from jetloom.samples.repeated import EVENT, EVENTS, repeated_events

LOG = logging.getLogger(__name__)


def to_ntuple(task: Task, output: str | Path) -> Record:
    """Convert a DxAOD to our ROOT ntuple.

    Parameters
    ----------
    task : Task
        What to convert and how.
    output : path-like
        The ntuple; it appears whole or not at all.

    Returns
    -------
    Record
        What was read, what was left.

    Raises
    ------
    InputError
        If the file is damaged or has too many impossible values, and the budget for files is 0. Otherwise the
        result is an empty one whose record says ``skipped``.
    DiskFullError
        If the result cannot be written.
    """
    return _tolerant(task, lambda stream: _write_ntuple(stream, output))


def to_hdf5(task: Task, output: str | Path) -> Record:
    """Convert a DxAOD or one of our ntuples to HDF5, see :func:`to_ntuple`.

    Both ways give the same bytes.

    Raises
    ------
    StaleError
        If the ntuple was made with other settings.
    """
    if isinstance(task.path, Path) and task.path.suffix == ".root" and _is_ours(task.path):
        with NtupleReader(task.path) as reader:
            record = _write_hdf5(Stored(reader, task), task, output)
    else:
        record = _tolerant(task, lambda stream: _write_hdf5(stream, task, output))
    if (warning := repeated_events([Path(output)]).warning()) is not None:
        LOG.warning("%s: %s", task.path, warning)
    return record


@contextmanager
def summarised(task: Task) -> Iterator[Callable[[Record], None]]:
    """Log one line about a conversion at its end: events, jets, constituents, speed.

    Yields
    ------
    callable
        To be given the record of the conversion.
    """
    start = time.perf_counter()

    def summary(record: Record) -> None:
        seconds = time.perf_counter() - start
        if record.status != "converted":
            LOG.warning("%s: skipped: %s", task.path, record.reason)
            return
        flow = CutFlow(record.counts)
        levels = dict.fromkeys(entry["level"] for entry in record.counts)
        parts = [f"{flow.found(level)} -> {flow.left(level)} {level}" for level in levels if level != "events"]
        speed = f" ({task.path.stat().st_size / 1e6 / seconds:.0f} MB/s)" if isinstance(task.path, Path) else ""
        LOG.info("%s: %d events, %s in %.1f s%s", task.path, record.events, ", ".join(parts), seconds, speed)

    yield summary


def _is_ours(path: Path) -> bool:
    try:
        return is_ntuple(path)
    except InputError:
        return False  # reading it as a DxAOD says what is wrong with it


def _tolerant(task: Task, write: Callable[[Stream], Record]) -> Record:
    """Write what a DxAOD holds, or an empty result if it is bad and the budget allows bad files."""
    try:
        return write(Selected(task))
    except InputError as error:
        if task.conversion.budget.files == 0.0:
            raise
        LOG.warning("%s; the file is skipped", error)
        return write(Skipped(task, error))


def _write_ntuple(stream: Stream, output: str | Path) -> Record:
    with publishing(output, check_ntuple) as part:
        writer = NtupleWriter(part, stream.layout)
        try:
            for block in stream.blocks():
                writer.append(block)
                _report(block)
            writer.finish(stream.record.as_json(), stream.before)
        except BaseException:
            writer.abandon()
            raise
    return stream.record


def _write_hdf5(stream: Stream, task: Task, output: str | Path) -> Record:
    layout, slots = stream.layout, task.conversion.slots
    tables: dict[str, tuple[np.dtype[Any], int | None]] = {
        "jets": (layout.jets_dtype(), None),
        "before": (layout.jets_dtype(), None),
        EVENTS: (EVENT, None),
    }
    tables |= {name: (layout.collection_dtype(name), slots[name]) for name in layout.collections}
    slots_flow, contents = CutFlow(), (xxhash.xxh3_128(), xxhash.xxh3_128())
    with publishing(output, check_file) as part, TableWriter(part, tables, task.conversion.compression) as writer:
        places = {
            name: Places(layout.collection_dtype(name), slots[name], writer.chunk_rows(name))
            for name in layout.collections
        }
        for block in stream.blocks():
            rows, events = jet_rows(block, layout), event_rows(block, stream.record.channel)
            writer.append(jets=rows, **{EVENTS: events})
            # One digest a table: where blocks end follows from how a file is compressed, and must not count.
            for content, table in zip(contents, (rows, events), strict=True):
                content.update(table.view(np.uint8).data)
            for name in layout.collections:
                other = block.others[name]
                for chunk in places[name].chunks(other):
                    writer.append(**{name: chunk})
                which = f"{slots[name]} hardest" if "pt" in layout.types[name] else f"first {slots[name]}"
                reason = f"only the {which} have a place"
                slots_flow.add("slots", name, reason, len(other), truncated(other, slots[name]))
            _report(block)
        writer.append(before=stream.before, **{name: part.rest() for name, part in places.items()})
        record = stream.record
        flow = CutFlow(record.counts)
        flow.absorb(slots_flow)
        record.counts = flow.as_json()
        facts = record.as_json() | {"content": f"xxh3-128:{'-'.join(content.hexdigest() for content in contents)}"}
        writer.attributes |= facts | {key: layout.table_texts(key) for key in ("units", "titles", "branches")}
        writer.attributes["unit"] = layout.unit
    return record


def _report(block: EventBlock) -> None:
    others = ", ".join(f"{len(other)} {name}" for name, other in block.others.items())
    LOG.info("block of %d events: %d jets%s", block.entries, len(block.jets), f", {others}" if others else "")
