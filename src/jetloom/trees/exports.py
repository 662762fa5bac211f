"""Trees to JuniprJets JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.trees import Trees
from jetloom.errors import BadValueError, ConfigurationError, MissingObjectError, near_misses
from jetloom.expressions import evaluate, names_in
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.root.values import Values, stored
from jetloom.io.trees import TREE_BRANCHING
from jetloom.trees import imports
from jetloom.trees.json_files import write_records
from jetloom.trees.records import Dialect, write_record

Rows = npt.NDArray[np.void]
Finished = tuple[Rows, Rows, npt.NDArray[np.int64], npt.NDArray[np.float64]]
"""Jets, branchings of their trees, numbers of them, and energies and masses of the roots."""

NAMES = TREE_BRANCHING.names or ()
PRECISE = np.dtype([(name, "<f8" if TREE_BRANCHING[name].kind == "f" else "<u2") for name in NAMES])
"""The type of branchings with float64."""
BLOCK_JETS = 4000


def to_json(source: Path, output: Path, dialect: Dialect, label: str | None, settings: Trees) -> int:
    """Write the trees of a file as JuniprJets JSON; give their number.

    Parameters
    ----------
    source : Path
        File of trees, or text or JSON: then its numbers keep the precision of float64.
    output : Path
        The JSON; it appears whole or not at all.
    dialect : str
        ``reference`` or ``atlas``.
    label : str, optional
        A column or an expression of the jets that gives their class; ``label`` if not given.
    settings : Trees
        How the jets of raw text become trees.

    Raises
    ------
    ConfigurationError
        If there is no such column.
    """
    if source.suffix == ".h5":
        with TableReader(source) as reader, publishing(output) as part:
            return write_records(part, _records(_stored(reader), dialect, label, source))
    found = imports.blocks(source, settings, -1, PRECISE)
    with publishing(output) as part:
        jets = ((rows[grown.rows], grown.branchings, grown.lengths, grown.seeds) for rows, _, grown in found)
        return write_records(part, _records(jets, dialect, label, source))


def _stored(reader: TableReader) -> Iterator[Finished]:
    """Read the trees of a file in blocks."""
    if "branchings" not in reader.rows:
        raise MissingObjectError(
            "has no trees", path=reader.path, where="branchings", advice="make them with jetloom trees"
        )
    start = 0
    for rows in reader.blocks("jets", BLOCK_JETS):
        lengths = rows["n_branchings"].astype(np.int64)
        stop = start + int(lengths.sum())
        seeds = np.stack([rows["seed_e"], rows["seed_m"]], axis=1).astype(np.float64)
        yield rows, reader.read("branchings", start, stop), lengths, seeds
        start = stop


def _records(blocks: Iterable[Finished], dialect: Dialect, label: str | None, source: Path) -> Iterator[dict[str, Any]]:
    for rows, branchings, lengths, seeds in blocks:
        stops = np.cumsum(lengths)
        labels = _labels(label or "label", rows, source)
        for jet, stop in enumerate(stops.tolist()):
            tree = branchings[stop - lengths[jet] : stop]
            yield write_record(tree, seeds[jet], labels[jet], dialect)


def _labels(text: str, rows: Rows, source: Path) -> npt.NDArray[np.int64]:
    columns = {name: rows[name] for name in rows.dtype.names or ()}
    for name in sorted(names_in(text) - set(columns)):
        raise ConfigurationError(
            f"'{text}': no variable '{name}'", path=source, where="--label",
            advice=f"{near_misses(name, columns)} (a column or an expression that gives the class)",
        )  # fmt: skip
    found = np.broadcast_to(np.asarray(evaluate(text, columns)), len(rows))
    try:
        return stored(Values(found), "int64", "int64")
    except ValueError as error:
        advice = "name a column or an expression that gives each jet a whole number, as 'where(label > 0, 1, 0)'"
        raise BadValueError(str(error), path=source, where=f"--label '{text}'", advice=advice) from None
