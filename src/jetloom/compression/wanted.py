"""Which columns of a file are meant by a set of variables of jets."""

from __future__ import annotations

from pathlib import Path

from jetloom.compression.jets.branches import EVENT_IDS, find_branches
from jetloom.config.jet_variables import SETS
from jetloom.errors import MissingObjectError
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.root.files import open_source

JETS = "jets"


def columns_of_set(path: Path, kind: str, variables: str, prefix: str, tree: str) -> tuple[list[str], dict[str, str]]:
    """Return the names of columns of a set, those of run and event first, and why others cannot be had.

    Parameters
    ----------
    path : Path
    kind : str
        ``root`` or ``hdf5``.
    variables : str
        A name in :data:`jetloom.config.jet_variables.SETS`.
    prefix : str
        Of a ROOT file: the container of the jets. In HDF5 they are in the table ``jets``.
    tree : str
        Of a ROOT file.

    Raises
    ------
    MissingObjectError
        If no variable is in the file.
    """
    if kind == "root":
        with open_source(path, [tree]) as source:
            found = find_branches(source, prefix, SETS[variables])
        return [name.rsplit("/", 1)[-1] for name in [*found.events.values(), *found.jets.values()]], found.missing
    with TableReader(path) as reader:
        known = set(reader.dtype(JETS).names or ()) if JETS in reader.rows else set()
    names = [name for name in SETS[variables] if name in known]
    if not names:
        raise MissingObjectError("has none of the variables", path=path, where=JETS)
    missing = {name: "is not in the file" for name in SETS[variables] if name not in known}
    return [f"{JETS}/{name}" for name in [*(one for one in EVENT_IDS if one in known), *names]], missing
