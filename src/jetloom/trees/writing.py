"""Writing files of trees: jets with their trees, branchings, and the quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.trees import Trees
from jetloom.cutflow import CutFlow
from jetloom.errors import ConfigurationError
from jetloom.io.hdf5.tables import TableWriter
from jetloom.io.trees import JET_TREE, QUARANTINE, TREE_BRANCHING
from jetloom.samples.repeated import EVENT, EVENTS
from jetloom.trees.grow import Grown
from jetloom.trees.reasons import NONE, REASONS

Rows = npt.NDArray[np.void]

UNITS = {
    "jets": {"seed_e": "GeV", "seed_m": "GeV"},
    "branchings": {"theta": "rad", "phi": "rad", "delta": "rad"}
    | {f"{side}_{name}": unit for side in ("hard", "soft") for name, unit in
       {"e": "GeV", "theta": "rad", "phi": "rad", "m": "GeV"}.items()},
}  # fmt: skip
TITLES = {
    "jets": {"seed_e": "Energy of the tree [GeV]", "seed_m": "Mass of the tree [GeV]", "n_branchings": "Branchings"},
    "branchings": {"z": "$z$", "theta": r"$\theta$ [rad]", "phi": r"$\phi$ [rad]", "delta": r"$\delta$ [rad]"},
}


def jets_dtype(columns: np.dtype[Any], path: Path) -> np.dtype[Any]:
    """Return the type of ``jets`` in a file of trees: the columns of the jets, and those that lead to the trees.

    Raises
    ------
    ConfigurationError
        If the jets have a column of such a name already: they have trees.
    """
    for name in JET_TREE.names or ():
        if name in (columns.names or ()):
            raise ConfigurationError("has trees already", path=path, where=f"jets.{name}")
    return np.dtype(columns.descr + JET_TREE.descr)


class TreeWriter:
    """Appends jets with trees to a new file, and counts what became of all jets.

    Parameters
    ----------
    path : Path
        File to create (give the path that ``publishing`` yields).
    columns : dtype
        Type of ``jets``, see :func:`jets_dtype`.
    compression : str
        Name of the filter.
    """

    def __init__(self, path: Path, columns: np.dtype[Any], compression: str) -> None:
        tables = {"jets": (columns, None), "branchings": (TREE_BRANCHING, None), "quarantine": (QUARANTINE, None)}
        tables[EVENTS] = (EVENT, None)
        self._writer = TableWriter(path, tables, compression)
        self._columns = columns
        self._branchings = 0
        self.jets, self.trees, self.along_y = 0, 0, 0
        self.dropped = np.zeros(len(REASONS), np.int64)
        self.changed = np.zeros(len(REASONS), np.int64)
        self.lost: dict[str, int] = {}

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the file."""
        return self._writer.attributes

    def append_grown(self, rows: Rows, found: npt.NDArray[np.int64], grown: Grown) -> None:
        """Append the trees of some jets, and those of them that are no trees to the quarantine.

        Parameters
        ----------
        rows : structured array, shape (n,)
            All the jets.
        found : int64 array, shape (n,)
            Their numbers of constituents.
        grown : Grown
            Their trees.
        """
        verdict = grown.judgement
        strange = np.flatnonzero(verdict.reason != NONE)
        exceptions = np.zeros(len(strange), QUARANTINE)
        for name in ("run_number", "event_number", "pt", "eta", "phi"):
            exceptions[name] = rows[name][strange] if name in (rows.dtype.names or ()) else 0
        exceptions["row"] = self.jets + strange
        exceptions["reason"], exceptions["kept"] = verdict.reason[strange], verdict.kept[strange]
        exceptions["n_constituents"] = found[strange]
        exceptions["largest_piece"], exceptions["second_piece"] = verdict.pieces[strange].T
        reasons, kept = verdict.reason[strange], verdict.kept[strange]
        self.dropped += np.bincount(reasons[~kept], minlength=len(REASONS))
        self.changed += np.bincount(reasons[kept], minlength=len(REASONS))
        for reason, number in verdict.lost.items():
            self.lost[reason] = self.lost.get(reason, 0) + number
        self.along_y += grown.along_y
        self.jets += len(rows) - len(grown.rows)
        self._writer.append(quarantine=exceptions)
        self.append(rows[grown.rows], grown.branchings, grown.lengths, grown.seeds)

    def append(
        self, rows: Rows, branchings: Rows, lengths: npt.NDArray[np.int64], seeds: npt.NDArray[np.float64]
    ) -> None:
        """Append jets that all have a tree."""
        jets = np.zeros(len(rows), self._columns)
        for name in rows.dtype.names or ():
            jets[name] = rows[name]
        jets["seed_e"], jets["seed_m"], jets["n_branchings"] = seeds[:, 0], seeds[:, 1], lengths
        jets["first_branching"] = self._branchings + np.cumsum(lengths) - lengths
        self._branchings += len(branchings)
        self.jets += len(rows)
        self.trees += len(rows)
        self._writer.append(jets=jets, branchings=branchings)

    def append_events(self, events: Rows) -> None:
        """Append events as they stand in the file of jets: with or without a tree, they were read."""
        self._writer.append(**{EVENTS: events})

    def count(self, flow: CutFlow, collection: str) -> None:
        """Write what was lost into a cut flow."""
        lost = [("jets", reason, int(number)) for reason, number in zip(REASONS, self.dropped, strict=True)]
        lost += [(collection, text, number) for text, number in self.lost.items()]
        for level, text, number in lost:
            if number:
                flow.add("trees", level, text, number, 0)

    def close(self, facts: dict[str, Any], settings: Trees) -> None:
        """Write the attributes and close the file.

        Parameters
        ----------
        facts : dict
            Attributes of what the trees were made from.
        settings : Trees
            How they were made.
        """
        attributes = self._writer.attributes
        attributes |= facts | {"trees": settings.model_dump(mode="json"), "reasons": list(REASONS)}
        attributes["along_y"] = self.along_y
        attributes["changed"] = dict(zip(REASONS, self.changed.tolist(), strict=True))
        for key, own in (("units", UNITS), ("titles", TITLES)):
            given = facts.get(key, {})
            attributes[key] = given | {table: given.get(table, {}) | texts for table, texts in own.items()}
        self._writer.close()

    def abandon(self) -> None:
        """Let go of a file that will be thrown away."""
        self._writer.__exit__(RuntimeError, None, None)
