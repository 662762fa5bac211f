"""Layouts of what belongs to jets and to events: tracks in slots, and events with the rows of their jets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError, MissingObjectError
from jetloom.export.dumps.plain import Rows, read_plain

EVENT, JET = "event", "jet"
TRACK_FIELDS = ("pt", "eta", "deltaR")


def track_slots(jets: Rows, tracks: Rows, slots: int) -> Rows:
    """Return the hardest tracks of each jet, NaN where there is none.

    Parameters
    ----------
    jets : structured array, shape (rows,)
        With ``eta`` and ``phi``.
    tracks : structured array, shape (rows, places)
        With ``pt``, ``eta``, ``phi`` and ``valid``.
    slots : int
        Places a jet has.

    Returns
    -------
    structured array, shape (rows, slots)
        ``pt``, ``eta`` and ``deltaR`` (distance to the axis), in falling pt.
    """
    hardness = np.where(tracks["valid"], tracks["pt"], -np.inf)
    order = np.argsort(-hardness, axis=1, kind="stable")[:, :slots]
    chosen = np.take_along_axis(tracks, order, axis=1)
    phi = (chosen["phi"] - jets["phi"][:, None] + np.pi) % (2 * np.pi) - np.pi
    distance = np.hypot(chosen["eta"] - jets["eta"][:, None], phi)
    found = np.full((len(jets), slots), np.nan, [(name, "<f4") for name in TRACK_FIELDS])
    width = chosen.shape[1]
    for name, values in zip(TRACK_FIELDS, (chosen["pt"], chosen["eta"], distance), strict=True):
        found[name][:, :width] = np.where(chosen["valid"], values, np.nan)
    return found


def events_and_offsets(rows: Rows, fields: Rows) -> dict[str, Rows]:
    """Return one row an event with the first of its jets and their number, and the jets one after the other.

    Parameters
    ----------
    rows : structured array
        Jets with ``run_number`` and ``event_number``; those of an event stand together.
    fields : structured array
        What is kept of each jet, as many rows.
    """
    keys = np.stack([rows["run_number"].astype(np.uint64), rows["event_number"].astype(np.uint64)], axis=1)
    starts = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)]) if len(rows) else np.zeros(0, int)
    event = np.zeros(len(starts), [("firstJet", "<u4"), ("nJets", "<u4")])
    event["firstJet"], event["nJets"] = starts, np.diff(np.r_[starts, len(rows)])
    return {EVENT: event, JET: fields}


def jets_of_events(path: Path) -> list[npt.NDArray[Any]]:
    """Return the jets of each event of a file with events and offsets.

    Raises
    ------
    MissingFileError, MissingObjectError, CorruptFileError
        If it is no such file, or the offsets do not lead through all of its jets.
    """
    event, jet = read_plain(path, EVENT), read_plain(path, JET)
    if not {"firstJet", "nJets"} <= set(event.dtype.names or ()):
        raise MissingObjectError("has no fields firstJet and nJets", path=path, where=EVENT)
    ends = np.cumsum(event["nJets"], dtype=np.int64)
    if not np.array_equal(event["firstJet"], ends - event["nJets"]) or (ends[-1] if len(ends) else 0) != len(jet):
        raise CorruptFileError("its offsets do not lead through all jets", path=path, where=EVENT)
    return np.split(jet, ends[:-1]) if len(ends) else []


def four_vectors(jets: Rows) -> npt.NDArray[np.float64]:
    """Return E, px, py, pz of jets with ``pt``, ``eta``, ``phi`` and ``m``, shape (jets, 4)."""
    pt, eta, phi, mass = (jets[name].astype(float) for name in ("pt", "eta", "phi", "m"))
    momenta = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    return np.stack([np.sqrt(sum(one**2 for one in momenta) + mass**2), *momenta], axis=1)
