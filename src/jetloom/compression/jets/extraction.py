"""Variables of jets of a ROOT file to HDF5, as they are: no units are changed and nothing is normalised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from jetloom.compression.jets.branches import Branches, find_branches
from jetloom.compression.jets.filters import applicable, needed, passing
from jetloom.config.jet_variables import SETS
from jetloom.cutflow import CutFlow
from jetloom.errors import InputError
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import TableWriter
from jetloom.io.root.files import Source, open_source
from jetloom.provenance import file_digest, origin

TABLE = "jets"
STEP = 20_000
"""Events that are read at once."""

Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Request:
    """What is taken of a file.

    Attributes
    ----------
    variables : str
        A name in :data:`jetloom.config.jet_variables.SETS`.
    prefix : str
        Name of the container of jets.
    rows : str
        ``all`` jets, the ``leading`` one of each event, or ``events``: one row an event.
    jets : int
        With ``events``: how many jets of an event, hardest first as they are stored.
    filters : str
        A name in :data:`jetloom.compression.jets.filters.FILTERS`.
    """

    variables: str = "27"
    prefix: str = "AnalysisJets"
    rows: str = "all"
    jets: int = 2
    filters: str = "none"


@dataclass
class Extracted:
    """What came out.

    Attributes
    ----------
    rows : int
        Rows written.
    missing : dict of str to str
        Variables that cannot be had, and why.
    not_applied : dict of str to str
        Cuts that could not be made, and which variables they lack.
    flow : CutFlow
        Events and jets, and what each step took away.
    """

    rows: int
    missing: dict[str, str]
    not_applied: dict[str, str]
    flow: CutFlow = field(default_factory=CutFlow)


def extract(path: Path, tree: str, output: Path, request: Request) -> Extracted:
    """Write the variables of jets of a tree to the table ``jets`` of an HDF5 file, as float32 or what they are.

    Raises
    ------
    MissingObjectError
        If no variable is in the file.
    InputError
        If variables of a jet have lists of different lengths.
    """
    wanted = SETS[request.variables]
    with open_source(path, [tree]) as source, publishing(output) as part:
        extra = [name for name in needed(request.filters) if name not in wanted]
        branches = find_branches(source, request.prefix, [*wanted, *extra])
        cuts, lacking = applicable(request.filters, branches.jets)
        missing = {name: reason for name, reason in branches.missing.items() if name in wanted}
        found = Extracted(0, missing, lacking)
        kept = [name for name in wanted if name in branches.jets]
        writer: TableWriter | None = None
        for events, columns, counts in blocks(source, branches):
            found.flow.saw("events", len(counts))
            rows = _rows(events, columns, counts, cuts, kept, request, found.flow)
            if writer is None:
                writer = TableWriter(part, {TABLE: (row_type(rows), None)})
            writer.append(**{TABLE: packed(rows)})
            found.rows += len(next(iter(rows.values())))
        if writer is None:
            raise InputError("has no entry", path=path, where=tree)
        settings = {
            "set": request.variables,
            "prefix": request.prefix,
            "rows": request.rows,
            "filters": request.filters,
        }
        writer.attributes["origin"] = origin(settings, {path.name: file_digest(path)})
        writer.attributes["cutflow"] = found.flow.as_json()
        writer.attributes["missing"] = found.missing
        writer.close()
    return found


def blocks(source: Source, branches: Branches) -> Iterator[tuple[Columns, Columns, npt.NDArray[np.int64]]]:
    """Read a tree in steps.

    Yields
    ------
    events : dict of str to array
        Numbers of run and event, by event.
    jets : dict of str to array
        Variables, jet by jet.
    counts : int64 array
        Number of jets of each event.

    Raises
    ------
    InputError
        If variables have lists of different lengths.
    """
    for block in source.blocks(branches.all, STEP):
        first = next(iter(branches.jets.values()))
        counts = np.asarray(ak.num(block[first]), np.int64)
        columns: Columns = {}
        for name, branch in branches.jets.items():
            if not np.array_equal(counts, np.asarray(ak.num(block[branch]))):
                raise InputError(f"has lists of other lengths than {first}", path=source.path, where=branch)
            columns[name] = ak.to_numpy(ak.flatten(block[branch]))
        events = {name: ak.to_numpy(block[branch]) for name, branch in branches.events.items()}
        yield events, columns, counts


def _rows(
    events: Columns,
    columns: Columns,
    counts: npt.NDArray[np.int64],
    cuts: list[str],
    names: list[str],
    request: Request,
    flow: CutFlow,
) -> Columns:
    flow.saw("jets", int(counts.sum()))
    kept = passing(columns, cuts, flow)
    owner = np.repeat(np.arange(len(counts)), counts)[kept]
    columns = {name: columns[name][kept] for name in names}
    if request.rows == "all":
        return {**{name: values[owner] for name, values in events.items()}, **columns}
    first = np.searchsorted(owner, np.arange(len(counts)))
    place = np.arange(len(owner)) - first[owner]
    most = 1 if request.rows == "leading" else request.jets
    flow.add("select", "jets", f"not among the first {most} of their event", len(owner), int((place < most).sum()))
    if request.rows == "leading":
        leading = place == 0
        owner = owner[leading]
        chosen = {name: values[leading] for name, values in columns.items()}
        return {**{name: values[owner] for name, values in events.items()}, **chosen}
    return {**events, **_of_events(columns, owner, place, len(counts), most)}


def _of_events(columns: Columns, owner: Any, place: Any, events: int, most: int) -> Columns:
    """Return one column a jet of an event and variable; NaN of jets that are not there."""
    found: Columns = {}
    for number in range(most):
        here = place == number
        for name, values in columns.items():
            whole = np.full(events, np.nan, values.dtype if values.dtype.kind == "f" else np.float64)
            whole[owner[here]] = values[here]
            found[f"jet{number + 1}_{name}"] = whole
    return found


def row_type(rows: Mapping[str, npt.NDArray[Any]]) -> np.dtype[Any]:
    """Return the type of rows of a table of columns."""
    return np.dtype([(name, values.dtype.newbyteorder("=")) for name, values in rows.items()])


def packed(rows: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.void]:
    """Return columns as rows of a table."""
    table = np.empty(len(next(iter(rows.values()))), row_type(rows))
    for name, values in rows.items():
        table[name] = values
    return table
