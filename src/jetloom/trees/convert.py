"""Files to files of trees, block by block: memory does not grow with the number of jets."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom import provenance
from jetloom.config.tasks.trees import Trees
from jetloom.cutflow import CutFlow
from jetloom.errors import MissingObjectError, near_misses
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import TableReader, check_file
from jetloom.physics.kinematics import four_momenta
from jetloom.samples.repeated import EVENTS
from jetloom.trees import imports
from jetloom.trees.constituents import Constituents
from jetloom.trees.grow import grow
from jetloom.trees.reasons import REASONS
from jetloom.trees.writing import TreeWriter, jets_dtype

LOG = logging.getLogger(__name__)

Rows = npt.NDArray[np.void]

EVENT_ROWS = 1 << 18
BLOCK_BYTES = 1 << 24
"""Constituents of a block, with their empty places."""
MOMENTUM = ("pt", "eta", "phi", "m")
CARRIED = (
    "status", "reason", "entries", "events", "sum_of_weights", "bookkeeping", "channels", "source", "content", "absent",
     "before_share", "units", "titles",
)  # fmt: skip
"""Attributes of the HDF5 file that its trees keep."""


def hdf5_to_trees(source: Path, output: Path, settings: Trees, compression: str = "lz4") -> TreeWriter:
    """Make the trees of the jets of an HDF5 file.

    Parameters
    ----------
    source, output : Path
        File of ``jetloom hdf5``, and of trees; the latter appears whole or not at all.
    settings : Trees
        Collection, clustering, policies.
    compression : str
        Filter of the output.

    Returns
    -------
    TreeWriter
        With the numbers of jets, trees, dropped and changed jets.

    Raises
    ------
    MissingFileError, CorruptFileError
        If the file cannot be read.
    MissingObjectError
        If it lacks the collection or one of its pt, eta, phi, m.
    DiskFullError
        If the output cannot be written.
    """
    with TableReader(source) as reader, publishing(output, check_file) as part:
        columns = jets_dtype(reader.dtype("jets"), source)
        _check_collection(reader, settings.collection)
        with writing(part, columns, compression) as writer:
            for rows, constituents in hdf5_blocks(reader, settings.collection):
                grown = grow(constituents, settings)
                writer.append_grown(rows, constituents.found, grown)
                LOG.info("%d jets: %d trees", len(rows), len(grown.rows))
            if EVENTS in reader.rows:
                for events in reader.blocks(EVENTS, EVENT_ROWS):
                    writer.append_events(events)
            facts = {key: reader.attribute(key) for key in CARRIED if reader.has_attribute(key)}
            flow = CutFlow(reader.attribute("counts"))
            writer.count(flow, settings.collection)
            origin = provenance.origin(settings.model_dump(mode="json"), {source.name: provenance.file_digest(source)})
            writer.close(facts | {"counts": flow.as_json(), "origin": origin}, settings)
    return writer


def file_to_trees(source: Path, output: Path, settings: Trees, label: int = -1, compression: str = "lz4") -> TreeWriter:
    """Make a file of trees of text or of JuniprJets JSON, see :func:`jetloom.trees.imports.blocks`.

    Parameters
    ----------
    source, output : Path
        The text or JSON, and the file of trees; the latter appears whole or not at all.
    settings : Trees
        How the jets of raw text become trees.
    label : int
        Class of the jets of text.
    compression : str
        Filter of the output.
    """
    with publishing(output, check_file) as part, writing(part, jets_dtype(imports.JETS, source), compression) as writer:
        flow, weights = CutFlow(), 0.0
        for rows, found, grown in imports.blocks(source, settings, label):
            writer.append_grown(rows, found, grown)
            flow.saw("jets", len(rows))
            flow.saw(settings.collection, int(found.sum()))
            weights += float(rows["mc_event_weight"].sum())
        writer.count(flow, settings.collection)
        origin = provenance.origin(settings.model_dump(mode="json"), {source.name: provenance.file_digest(source)})
        facts = {
            "status": "converted", "reason": "", "events": writer.jets, "sum_of_weights": weights,
            "counts": flow.as_json(), "origin": origin,
        }  # fmt: skip
        writer.close(facts, settings)
    return writer


@contextmanager
def writing(part: Path, columns: np.dtype[Any], compression: str) -> Iterator[TreeWriter]:
    """Open a file of trees; it must be closed inside, and is let go of where something fails."""
    writer = TreeWriter(part, columns, compression)
    try:
        yield writer
    except BaseException:
        writer.abandon()
        raise


@contextmanager
def summarised(source: Path) -> Iterator[list[TreeWriter]]:
    """Log one line about a conversion at its end: jets, trees, losses, speed.

    Yields
    ------
    list
        To be given the writer.
    """
    start, done = time.perf_counter(), list[TreeWriter]()
    yield done
    for writer in done:
        seconds = time.perf_counter() - start
        speed = writer.jets / max(seconds, 1e-9)
        LOG.info("%s: %d jets -> %d trees in %.1f s (%.0f jets/s)", source, writer.jets, writer.trees, seconds, speed)
        for numbers, what in ((writer.dropped, "are no trees"), (writer.changed, "are trees in another form")):
            for reason, number in zip(REASONS, numbers.tolist(), strict=True):
                if number:
                    LOG.info("%d jets %s: %s", number, what, reason)


def _check_collection(reader: TableReader, collection: str) -> None:
    tables = [name for name in reader.rows if name not in ("jets", "before", EVENTS)]
    if collection not in tables:
        raise MissingObjectError(
            "has no such collection",
            path=reader.path,
            where=collection,
            advice=f"{near_misses(collection, tables)} (trees.collection; conversion.slots says what is in the file)",
        )
    known = reader.dtype(collection).names or ()
    for name in MOMENTUM:
        if name not in known:
            raise MissingObjectError(
                "a tree needs pt, eta, phi and m", path=reader.path, where=f"{collection}.{name}",
                advice=f"known: {', '.join(known)}",
            )  # fmt: skip


def hdf5_blocks(reader: TableReader, collection: str) -> Iterator[tuple[Rows, Constituents]]:
    """Read jets and their constituents in blocks.

    Yields
    ------
    jets : structured array, shape (n,)
    constituents : Constituents
        Of these jets.
    """
    width = reader.dtype(collection).itemsize * (reader.slots(collection) or 1)
    start = 0
    for places in reader.blocks(collection, max(64, BLOCK_BYTES // width)):
        rows = reader.read("jets", start, start + len(places))
        start += len(places)
        valid = places["valid"]
        momenta = four_momenta(*(places[name][valid] for name in MOMENTUM))
        constituents = Constituents.of(momenta, valid.sum(axis=1))
        counted = f"n_{collection}"
        if counted in (rows.dtype.names or ()):
            found = np.maximum(rows[counted].astype(np.int64), constituents.found)
            constituents = Constituents(momenta, constituents.offsets, found)
        yield rows, constituents
