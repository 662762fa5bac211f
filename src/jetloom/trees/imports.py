"""Text and JSON as blocks of jets with trees, like those that are made of HDF5 files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.trees import Trees
from jetloom.errors import CorruptFileError
from jetloom.io.trees import TREE_BRANCHING
from jetloom.trees.constituents import Constituents, Judgement
from jetloom.trees.grow import Grown, grow
from jetloom.trees.json_files import read_records
from jetloom.trees.old_text import is_old_text, read_old_text
from jetloom.trees.raw_text import read_raw
from jetloom.trees.reasons import NO_TREE, NONE, NOT_FINITE
from jetloom.trees.records import BadRecordError, read_record

Rows = npt.NDArray[np.void]
TreeBlock = tuple[Rows, npt.NDArray[np.int64], Grown]
"""Jets, their numbers of constituents, and their trees."""

JETS = np.dtype(
    [("run_number", "<u4"), ("event_number", "<u8"), ("mc_event_weight", "<f4"), ("label", "<i4"),
     ("n_constituents", "<i4"), ("pt", "<f4"), ("eta", "<f4"), ("phi", "<f4"), ("m", "<f4")]
)  # fmt: skip
"""Columns of jets that come from text or JSON. The event number is that of the jet in the file; where the lab's momenta
are not known, pt, eta, phi are NaN."""

BLOCK_JETS = 2000
Finished = tuple[Rows | None, list[float], int, int]
"""Branchings (None: the record is no tree), energy and mass of the root, class, number in the file."""


def blocks(path: Path, settings: Trees, label: int, dtype: np.dtype[Any] = TREE_BRANCHING) -> Iterator[TreeBlock]:
    """Read a file of text or JSON.

    Parameters
    ----------
    path : Path
        Raw text, old text or JuniprJets JSON, told apart by suffix and content.
    settings : Trees
        How the jets of raw text become trees.
    label : int
        Class of jets of text; those of JSON have their own.
    dtype : dtype
        Type of the branchings.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, or it is broken: names file and jet.
    """
    if path.suffix == ".json":
        yield from _gathered(_json_jets(path, dtype), dtype)
    elif is_old_text(path):
        old = ((rows, seed, label, number) for rows, seed, number in read_old_text(path, dtype))
        yield from _gathered(old, dtype)
    else:
        yield from _raw_blocks(path, settings, label, dtype)


def _raw_blocks(path: Path, settings: Trees, label: int, dtype: np.dtype[Any]) -> Iterator[TreeBlock]:
    jets_of_file = read_raw(path)
    while part := list(islice(jets_of_file, BLOCK_JETS)):
        counts = np.array([len(momenta) for _, momenta in part])
        momenta = np.array([row for _, jet in part for row in jet], float).reshape(-1, 4)
        jets = np.zeros(len(part), JETS)
        jets["event_number"], jets["mc_event_weight"] = [index for index, _ in part], 1
        jets["label"], jets["n_constituents"] = label, counts
        _set_lab_momenta(jets, momenta, counts)
        yield jets, counts, grow(Constituents.of(momenta, counts), settings, dtype)


def _set_lab_momenta(jets: Rows, momenta: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> None:
    """Fill in the sums of the constituents."""
    total = np.zeros((len(jets), 4))
    np.add.at(total, np.repeat(np.arange(len(jets)), counts), momenta)
    px, py, pz, energy = total.T
    with np.errstate(all="ignore"):
        jets["pt"] = np.hypot(px, py)
        jets["eta"], jets["phi"] = np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)
        square = energy**2 - px**2 - py**2 - pz**2
        jets["m"] = np.copysign(np.sqrt(np.abs(square)), square)


def _json_jets(path: Path, dtype: np.dtype[Any]) -> Iterator[Finished]:
    for number, record in enumerate(read_records(path)):
        try:
            branchings, seed, label = read_record(record, dtype)
        except BadRecordError as error:
            raise CorruptFileError(str(error), path=path, where=f"jet {number}") from None
        yield branchings, seed, label, number


def _gathered(finished: Iterable[Finished], dtype: np.dtype[Any]) -> Iterator[TreeBlock]:
    """Gather trees to blocks; those that are none, or not finite, are only in the judgement."""
    source = iter(finished)
    while part := list(islice(source, BLOCK_JETS)):
        counts = np.array([0 if rows is None else len(rows) + 1 for rows, *_ in part])
        jets = np.zeros(len(part), JETS)
        jets["event_number"] = [number for *_, number in part]
        jets["label"], jets["n_constituents"] = [label for _, _, label, _ in part], counts
        jets["mc_event_weight"] = 1
        for name in ("pt", "eta", "phi", "m"):
            jets[name] = np.nan
        rows = np.concatenate([np.zeros(0, dtype), *(rows for rows, *_ in part if rows is not None)])
        yield jets, counts, _grown(rows, np.array([seed for _, seed, *_ in part]), counts)


def _grown(branchings: Rows, seeds: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> Grown:
    lengths = np.maximum(counts - 1, 0)
    owner = np.repeat(np.arange(len(counts)), lengths)
    finite = np.isfinite(seeds[:, 0]) & np.isfinite(seeds[:, 1])
    for name in branchings.dtype.names or ():
        finite[owner[~np.isfinite(branchings[name])]] = False
    reason = np.full(len(counts), NONE, np.uint8)
    reason[~finite], reason[counts == 0] = NOT_FINITE, NO_TREE
    good = reason == NONE
    verdict = Judgement(reason, good, np.zeros((len(counts), 2), np.int32))
    verdict.take_away("its jet is no tree", int(counts[~good].sum()))
    return Grown(np.flatnonzero(good), branchings[good[owner]], lengths[good], seeds[good], 0, verdict)
