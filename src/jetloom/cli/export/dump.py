"""Write a few fields of jets to plain HDF5, in one step from a DxAOD, with scores on demand."""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path
from typing import Any

from jetloom.conversion import request
from jetloom.export.dumps.plain import CHUNK, DEFLATE

logger = logging.getLogger(__name__)
SELECTED = ["pt > 20", "abs(eta) < 2.5"]
"""What jets have to pass, unless cuts are given."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    request.add_arguments(parser, "HDF5 file to write")
    parser.add_argument("--fields", required=True, metavar="A,B", help="fields of the jets, in their order")
    parser.add_argument("--chunk", type=int, default=CHUNK, help=f"rows of a chunk; {CHUNK}")
    parser.add_argument("--deflate", type=int, choices=range(10), default=DEFLATE, help=f"level; {DEFLATE}")
    parser.add_argument("--tracks", type=int, metavar="N", help="write the N hardest tracks of each jet, too")
    parser.add_argument("--track-collection", default="tracks", help="the collection that they are of; tracks")
    parser.add_argument("--events", action="store_true", help="write events with the rows of their jets, not 'jets'")
    parser.add_argument("--network", type=Path, help="an exported network, whose scores are written: nn_<label>")


def run(arguments: argparse.Namespace) -> None:
    """Convert, choose, write."""
    from jetloom.export.dumps.layouts import events_and_offsets, track_slots
    from jetloom.export.dumps.plain import JETS, chosen_fields, with_columns, write_plain
    from jetloom.provenance import file_digest

    names = [name.strip() for name in arguments.fields.split(",") if name.strip()]
    with tempfile.TemporaryDirectory() as directory:
        source = _converted(arguments, Path(directory))
        rows, tracks = _read(source, arguments)
    fields = chosen_fields(rows, names, arguments.output)
    attributes: dict[str, Any] = {"input": Path(str(arguments.input)).name, "jets": len(rows)}
    if arguments.network is not None:
        scorer = opened(arguments.network)
        fields = with_columns(fields, scorer(rows))
        if arguments.network.is_file():
            attributes["network"] = file_digest(arguments.network)
    tables = events_and_offsets(rows, fields) if arguments.events else {JETS: fields}
    if tracks is not None:
        tables |= {"tracks": track_slots(rows, tracks, arguments.tracks)}
    write_plain(arguments.output, tables, attributes, arguments.chunk, arguments.deflate)
    logger.info("%s: %d jets, %s", arguments.output, len(rows), ", ".join(fields.dtype.names or ()))


def opened(path: Path) -> Any:
    """Open a network; one of Keras needs its backend first."""
    from jetloom.export.dumps.scores import open_scorer
    from jetloom.training.backends.backend import use_backend

    if path.is_dir():
        use_backend("tensorflow", 1)
    return open_scorer(path)


def _converted(arguments: argparse.Namespace, directory: Path) -> Path:
    """Return a converted file: the input itself, or one made of it."""
    from jetloom.conversion.convert import summarised, to_hdf5

    if str(arguments.input).endswith(".h5"):
        return Path(str(arguments.input))
    if arguments.config is None and arguments.select_jets is None:
        arguments.select_jets = SELECTED
    if arguments.tracks and arguments.config is None and not arguments.slots:
        arguments.slots = [(arguments.track_collection, str(arguments.tracks))]
    task = request.make_task(arguments)
    with summarised(task) as summary:
        summary(to_hdf5(task, directory / "converted.h5"))
    return directory / "converted.h5"


def _read(source: Path, arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the jets, and the tracks if they are asked for."""
    from jetloom.errors import ConfigurationError, near_misses
    from jetloom.io.hdf5.tables import TableReader

    with TableReader(source) as reader:
        rows = reader.read("jets", 0, reader.count("jets"))
        if not arguments.tracks:
            return rows, None
        name = arguments.track_collection
        if name not in reader.rows or reader.slots(name) is None:
            raise ConfigurationError(
                f"the collection '{name}' is not converted", where="--tracks",
                advice=f"{near_misses(name, reader.rows)}; give --slots {name}=N",
            )  # fmt: skip
        return rows, reader.read(name, 0, reader.count("jets"))
