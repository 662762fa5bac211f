"""Streams of selected events: fresh from a DxAOD, back from an ntuple, or nothing in place of a bad file."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jetloom.conversion.absence import decided_cuts, without_given
from jetloom.conversion.bookkeeping import read_bookkeeping, read_named
from jetloom.conversion.event_variables import with_event_variables
from jetloom.conversion.good_runs import read_good_runs
from jetloom.conversion.record import Record, before_share, chosen_events
from jetloom.conversion.select import select
from jetloom.conversion.tables import jet_rows
from jetloom.conversion.task import Task
from jetloom.conversion.validate import Validator
from jetloom.cutflow import CutFlow
from jetloom.errors import ConfigurationError, InputError, StaleError, near_misses
from jetloom.io.layout import Layout, make_layout
from jetloom.io.root.dxaod import DxaodReader
from jetloom.io.root.events import EventBlock
from jetloom.io.root.files import open_source
from jetloom.io.root.ntuple import NtupleReader
from jetloom.locations import Location
from jetloom.provenance import digest, file_digest, origin
from jetloom.samples.processes import MOST, add_channels, require_meant

LOG = logging.getLogger(__name__)
Rows = np.ndarray[Any, np.dtype[np.void]]
CHANNELS = "mc_channel_number"


class Stream(Protocol):
    """Selected events of one file, and after the last of them the record."""

    layout: Layout
    record: Record
    before: Rows

    def blocks(self) -> Iterator[EventBlock]:
        """Return the blocks, once."""
        ...


def count_block(block: EventBlock, flow: CutFlow) -> None:
    """Count what a block holds; of a collection also what its links lost on the way, and what jets are matched to."""
    matched: dict[str, int] = {}
    for loss in block.losses:
        if loss.collection not in block.others:
            matched.setdefault(loss.collection, loss.before)  # before its first rule
    for name, objects in matched.items():
        flow.saw(name, objects)
    flow.saw("events", block.entries)
    if block.jets.columns:
        flow.saw("jets", len(block.jets))
    for name, other in block.others.items():
        lost = sum(loss.before - loss.after for loss in block.losses if loss.collection == name)
        flow.saw(name, len(other) + lost)


class Selected:
    """Reads a DxAOD, drops what cannot be, and selects; counts and sums on the way.

    Parameters
    ----------
    task : Task
        The conversion, with a schema.
    marks : bool
        Whether events and jets get columns that say where they stood in the file: :attr:`ENTRY`, counted within the
        block that was read, and :attr:`PLACE`. They are no part of the layout.

    Attributes
    ----------
    read_jets : int64 array
        Jets of each event of the block that was read last, before anything was taken away.
    """

    ENTRY, PLACE = "(entry)", "(place)"

    def __init__(self, task: Task, marks: bool = False) -> None:
        self._marks = marks
        self.read_jets = np.zeros(0, np.int64)
        if task.schema is None:
            raise ConfigurationError(
                "is not an ntuple of jetloom and needs a schema", path=task.path, advice="give --schema"
            )
        self._task = task
        self._schema = task.schema
        self.layout = make_layout(task.schema, task.conversion)
        self.record = Record()
        self.before: Rows = np.zeros(0, self.layout.jets_dtype())

    def blocks(self) -> Iterator[EventBlock]:
        """Return the selected events block by block.

        Raises
        ------
        InputError
            If the file cannot be read, or has more impossible values than the budget allows. A budget for files
            turns that into a record of status ``skipped``, once nothing was given out yet.
        """
        task, flow, weights, before = self._task, CutFlow(), [], []
        listed = task.conversion.good_runs if task.is_data else None
        good_runs = None if listed is None else read_good_runs(listed)
        validator = Validator(task.conversion.budget, task.path)
        with open_source(task.path, self._schema.trees) as source:
            reader = DxaodReader(source, self._schema, task.conversion)
            self.record.source = _digest(task.path)
            self.record.origin = origin(task.settings(), {task.path.name: self.record.source})
            self.record.absent = without_given(reader.plan.absent, task)
            decided = decided_cuts(task, self.record.absent)
            self.record.entries = reader.entries
            self.record.bookkeeping = None if task.is_data else self._bookkeeping()
            self.record.channel = self._channel(reader)
            processes = Processes("" if task.is_data else self.record.channel)
            self.record.before_share = before_share(reader.entries)
            for block in reader.blocks(task.conversion.max_events):
                if task.is_data:
                    block.events["mc_event_weight"] = np.ones(block.entries, np.float32)
                if self._marks:
                    self._mark(block)
                self.record.events += block.entries
                weights.append(math.fsum(block.events["mc_event_weight"].tolist()))
                processes.count(block)
                count_block(block, flow)
                valid = validator.apply(block, flow)
                shown = chosen_events(valid, self.record.before_share)
                first = with_event_variables(valid.keep_events(shown), task.conversion)
                before.append(jet_rows(first, self.layout))
                yield with_event_variables(select(valid, task.conversion, flow, good_runs, decided), task.conversion)
        validator.finish()
        self.record.sum_of_weights = math.fsum(weights)
        self.record.channels = processes.found
        require_meant(self.record.channels, task.channels, CHANNELS, task.path)
        self.record.counts = flow.as_json()
        self.before = np.concatenate([self.before, *before])

    def _bookkeeping(self) -> dict[str, Any] | None:
        """Return what the file says of all that was generated for it."""
        named = self._schema.bookkeeping
        return read_bookkeeping(self._task.path) if named is None else read_named(self._task.path, named)

    def _mark(self, block: EventBlock) -> None:
        """Let events and jets say where they stand in the block."""
        self.read_jets = block.jets.counts
        block.events[self.ENTRY] = np.arange(block.entries)
        if not block.jets.columns:  # rows are events
            return
        block.jets.columns[self.PLACE] = np.arange(len(block.jets)) - np.repeat(block.jets.offsets[:-1], self.read_jets)

    def _channel(self, reader: DxaodReader) -> str:
        """Return the variable with the channel numbers, "" if the schema or the file has none."""
        name = self._schema.channel
        known = name is not None and f"events.{name}" not in reader.plan.absent and reader.entries > 0
        return name if known and name is not None else ""


class Processes:
    """Counts events and weights by channel number.

    Parameters
    ----------
    variable : str
        The variable of events that holds it; "" counts nothing.
    """

    def __init__(self, variable: str) -> None:
        self._variable = variable
        self.found: dict[str, list[float]] | None = {} if variable else None

    def count(self, block: EventBlock) -> None:
        """Count a block; of a variable with more than :data:`MOST` values no more, for it is no channel."""
        if self.found is None or len(self.found) > MOST:
            return
        numbers = block.events[self._variable]
        known = np.isfinite(numbers)
        channels, place = np.unique(numbers[known].astype(np.int64), return_inverse=True)
        weights = np.bincount(place, block.events["mc_event_weight"][known], minlength=len(channels))
        events = np.bincount(place, minlength=len(channels))
        parts = [{str(c): [int(n), float(w)]} for c, n, w in zip(channels, events, weights, strict=True)]
        self.found = add_channels([self.found, *parts[: MOST + 1]])


class Stored:
    """Reads the selected events back from an ntuple.

    Parameters
    ----------
    reader : NtupleReader
        The open ntuple.
    task : Task
        If it has a schema, the ntuple must have been made with these settings.

    Raises
    ------
    StaleError
        If the ntuple was made with other settings.
    ConfigurationError
        If places are asked for a collection that the ntuple does not have.
    """

    def __init__(self, reader: NtupleReader, task: Task) -> None:
        self._reader = reader
        self.record = Record(**reader.record)
        settings = self.record.origin["settings"]
        if task.schema is not None and digest(settings) != digest(task.settings()):
            raise StaleError(
                "was made with other settings (cuts, variables, collections or schema)",
                path=reader.path,
                advice="make it again with jetloom ntuple",
            )
        require_meant(self.record.channels, task.channels, CHANNELS, reader.path)
        for name in task.conversion.slots:
            if name not in reader.layout.collections:
                advice = near_misses(name, reader.layout.collections)
                raise ConfigurationError(f"has no collection '{name}'", path=reader.path, advice=advice)
        self.layout = reader.layout.only(task.conversion.slots)
        self.before: Rows = np.zeros(reader.before_rows, self.layout.jets_dtype())
        stored = reader.before()
        for name in self.before.dtype.names or ():
            self.before[name] = stored[name]

    def blocks(self) -> Iterator[EventBlock]:
        """Return the blocks as they were written."""
        return self._reader.blocks()


class Skipped:
    """Nothing, in place of a file that cannot be used, with the reason."""

    def __init__(self, task: Task, error: InputError) -> None:
        assert task.schema is not None
        self.layout = make_layout(task.schema, task.conversion)
        try:
            inputs = {task.path.name: _digest(task.path)}
        except OSError:  # it may not even be readable
            inputs = {task.path.name: ""}
        source = inputs[task.path.name]
        reason = ": ".join(part for part in (error.where, error.cause) if part)
        self.record = Record(status="skipped", reason=reason, source=source, origin=origin(task.settings(), inputs))
        self.before: Rows = np.zeros(0, self.layout.jets_dtype())

    def blocks(self) -> Iterator[EventBlock]:
        """Return no block."""
        return iter(())


def _digest(path: Location) -> str:
    """Return the digest of a file's content; the URL of a remote one, of which only some branches are read."""
    return file_digest(path) if isinstance(path, Path) else str(path)
