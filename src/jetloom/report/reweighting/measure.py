"""Jets of one class reweighted to another by two density models: weights, spectra, and whether they came closer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import EmptySampleError
from jetloom.evaluation.density.spectra import Spectrum, agreement, curves, spectra_of
from jetloom.evaluation.ratio.likelihood_weights import LIMIT, Weights, likelihood_weights
from jetloom.evaluation.ratio.seeds import fit_seed_ratio
from jetloom.evaluation.statistics.agreement import Agreement
from jetloom.evaluation.statistics.bootstrap import KEYS
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import TableWriter, check_file
from jetloom.io.records import write_record
from jetloom.io.sealed import write_json
from jetloom.report.reweighting.stored import FIGURES, NUMBERS, WEIGHTS, Figures
from jetloom.statistics.meaning import KEY, finite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jetloom.data.block import Block
    from jetloom.data.dataset import Dataset
    from jetloom.data.view import View

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.void]

WEIGHT = np.dtype(
    [
        ("run_number", "<u4"), ("event_number", "<u8"), ("sample", "u1"), ("row", "<i8"), ("weight", "<f4"),
        ("log_ratio", "<f4"), ("seed_ratio", "<f4"), ("factor", "<f4"),
    ]
)  # fmt: skip
"""A row of ``weights.h5``: which jet of the test part, its weight in the training, log(P_target / P_source), the ratio
of the densities of energy and mass, and the factor that its weight is multiplied with."""


@dataclass(frozen=True)
class Pair:
    """Indices of the classes, and rows of ``predictions.h5`` of their models, in the same order."""

    source: int
    target: int
    source_rows: Rows
    target_rows: Rows


def reweight(dataset: Dataset, fold: int | None, pair: Pair, output: Path, limit: float = LIMIT) -> dict[str, Any]:
    """Reweight the source's jets of the test part to the target; write weights, numbers, and what the figure shows.

    Parameters
    ----------
    dataset : Dataset
        That both models share.
    fold : int or None
    pair : Pair
    output : Path
        Directory of the results.
    limit : float
        Largest factor before normalisation.

    Raises
    ------
    EmptySampleError
        If the test part has no jets of one of the classes.
    """
    view, binning = dataset.view(fold), dataset.view(fold).facts.trees or {}
    rows = np.flatnonzero(pair.source_rows["label"] == pair.source)
    if not len(rows) or not (pair.source_rows["label"] == pair.target).any():
        raise EmptySampleError("the test part lacks jets of one of the classes", path=dataset.directory)
    log_ratio = (pair.target_rows["log_p"] - pair.source_rows["log_p"].astype(np.float64))[rows]
    seed_ratio = _seed_ratios(view, pair)
    weights = pair.source_rows["weight"][rows].astype(np.float64)
    found = likelihood_weights(log_ratio, seed_ratio, weights, limit)
    _write_weights(output / WEIGHTS, pair.source_rows[rows], rows, log_ratio, seed_ratio, found)
    longest = int(pair.source_rows["n_branchings"].max()) + 1
    target = spectra_of(_class_blocks(view, pair.target, None), binning, longest)
    plain = spectra_of(_class_blocks(view, pair.source, None), binning, longest)
    weighted = spectra_of(_class_blocks(view, pair.source, found.factors), binning, longest)
    before, after = ({name: agreement(one[name], target[name]) for name in target} for one in (plain, weighted))
    results = {
        "source": dataset.classes[pair.source], "target": dataset.classes[pair.target], "jets": len(rows),
        "effective_jets_before": found.before, "effective_jets_after": found.after, "clipped": found.clipped,
        "limited": found.limited, "limit": limit,
        "spectra": {
            name: _entry(before[name], after[name], *(_distance(one[name], target[name]) for one in (plain, weighted)))
            for name in target
        },
    }  # fmt: skip
    write_record(output / FIGURES, Figures(curves(target), curves(plain), curves(weighted), before, after))
    write_json(output / NUMBERS, results)
    return results


def _distance(one: Spectrum, target: Spectrum) -> float:
    """Return the sum of absolute differences over the bins."""
    return float(np.abs(one.mean() - target.mean()).sum())


def _entry(before: Agreement, after: Agreement, distance_before: float, distance_after: float) -> dict[str, Any]:
    """Return what is said of a spectrum; it is ``closer`` if its distance to the target became smaller.

    chi^2 falls with the effective number of jets as well, so it does not decide. Where weights leave none of this a
    meaning all is None, for the reason that stands beside it.
    """
    doubt = before.doubt or after.doubt
    return {
        "chi2_before": finite(before.chi2),
        "chi2_after": finite(after.chi2),
        "ndf": before.ndf,
        "closer": None if doubt else distance_after < distance_before,
        "distance_before": None if doubt else distance_before,
        "distance_after": None if doubt else distance_after,
    } | ({KEY: doubt} if doubt else {})


def _seed_ratios(view: View, pair: Pair) -> Floats:
    ratio = fit_seed_ratio(view, pair.source, pair.target)
    parts = []
    for block in view.jet_rows("test"):
        own = block["label"] == pair.source
        parts.append(ratio(block["seed_e"][own], block["seed_m"][own]))
    return np.exp(np.concatenate(parts))


def _class_blocks(view: View, label: int, factors: Floats | None) -> Iterator[tuple[Block, Floats]]:
    """Return the jets of a class of the test part with their weights, times the factors that follow their order."""
    first = 0
    for block in view.blocks("test"):
        jets = block.take(block["label"] == label)
        weights = jets[view.weight].astype(np.float64)
        yield jets, weights if factors is None else weights * factors[first : first + len(jets)]
        first += len(jets)


def _write_weights(
    path: Path, jets: Rows, rows: npt.NDArray[np.int64], log_ratio: Floats, seed_ratio: Floats, found: Weights
) -> None:
    written = np.zeros(len(rows), WEIGHT)
    for name in (*KEYS, "weight"):
        written[name] = jets[name]
    written["row"], written["log_ratio"], written["seed_ratio"] = rows, log_ratio, seed_ratio
    written["factor"] = found.factors
    with publishing(path, check_file) as part, TableWriter(part, {"jets": (WEIGHT, None)}) as writer:
        writer.append(jets=written)
