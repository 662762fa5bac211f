"""Jets of one class reweighted to another by two density models: weights, spectra, and whether they came closer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import EmptySampleError
from jetloom.evaluation.density.spectra import SPECTRA, Spectrum, chi_square, spectra_of
from jetloom.evaluation.ratio.likelihood_weights import LIMIT, Weights, likelihood_weights
from jetloom.evaluation.ratio.seeds import fit_seed_ratio
from jetloom.evaluation.statistics.bootstrap import KEYS
from jetloom.io.atomic import publishing, write_json, write_text
from jetloom.io.hdf5.tables import TableWriter, check_file
from jetloom.plots.density.tree_spectra import Line, draw_spectra
from jetloom.plots.style import class_styles
from jetloom.plots.tables import page, paragraph, percent, table

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
    """Reweight the source's jets of the test part to the target, and write weights, figure, table and numbers.

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
    _write_weights(output / "weights.h5", pair.source_rows[rows], rows, log_ratio, seed_ratio, found)
    longest = int(pair.source_rows["n_branchings"].max()) + 1
    target = spectra_of(_class_blocks(view, pair.target, None), binning, longest)
    plain = spectra_of(_class_blocks(view, pair.source, None), binning, longest)
    weighted = spectra_of(_class_blocks(view, pair.source, found.factors), binning, longest)
    names = dataset.classes[pair.source], dataset.classes[pair.target]
    results = numbers(found, len(rows), names, plain, weighted, target, limit)
    styles = class_styles(dataset.description["classes"])
    source, aim = styles[pair.source], styles[pair.target]
    lines = [
        Line(source.title, source.color, "--", plain),
        Line(f"{source.title}, reweighted to {aim.title}", source.color, "-", weighted),
    ]
    reference = Line(aim.title, aim.color, "-", target)
    label = dataset.description["label"]
    draw_spectra(output / "spectra", reference, lines, f"Ratio to\n{aim.title}", label, _note(results))
    write_text(output / "reweighting.html", _page(results, source.title, aim.title))
    write_json(output / "reweighting.json", results)
    return results


def numbers(
    found: Weights,
    jets: int,
    names: tuple[str, str],
    plain: dict[str, Spectrum],
    weighted: dict[str, Spectrum],
    target: dict[str, Spectrum],
    limit: float,
) -> dict[str, Any]:
    """Return the numbers of a reweighting; a spectrum is ``closer`` if its distance to the target became smaller.

    chi^2 falls with the effective number of jets as well, so it does not decide.
    """
    spectra = {}
    for name in SPECTRA:
        (before, freedom), (after, _) = (chi_square(one[name], target[name]) for one in (plain, weighted))
        distance = [float(np.abs(one[name].mean() - target[name].mean()).sum()) for one in (plain, weighted)]
        spectra[name] = {
            "chi2_before": before, "chi2_after": after, "ndf": freedom, "closer": distance[1] < distance[0],
            "distance_before": distance[0], "distance_after": distance[1],
        }  # fmt: skip
    return {
        "source": names[0], "target": names[1], "jets": jets, "effective_jets_before": found.before,
        "effective_jets_after": found.after, "clipped": found.clipped, "limited": found.limited, "limit": limit,
        "spectra": spectra,
    }  # fmt: skip


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


def _note(results: dict[str, Any]) -> str:
    """Say beside the label what is left of the jets' statistical power."""
    before, after = (results[f"effective_jets_{side}"] for side in ("before", "after"))
    return (
        rf"test part, effective number of jets {before:,.0f} $\to$ {after:,.0f}, "
        f"{results['limited']:,} of {results['jets']:,} weights limited"
    )


def _page(results: dict[str, Any], source: str, target: str) -> str:
    text = (
        f"{results['jets']:,} jets of {source} in the test part, reweighted to {target}. They are worth "
        f"{results['effective_jets_before']:,.0f} jets of equal weight before and "
        f"{results['effective_jets_after']:,.0f} after, (sum of w)^2 / (sum of w^2). "
        f"The factors of {results['limited']:,} jets ({percent(results['clipped'], 1.0)} by weight) "
        f"were limited to {results['limit']:g}."
    )
    lines = [
        [
            name,
            entry["distance_before"],
            entry["distance_after"],
            "yes" if entry["closer"] else "no",
            entry["chi2_before"],
            entry["chi2_after"],
            entry["ndf"],
        ]
        for name, entry in results["spectra"].items()
    ]
    head = ["Spectrum", f"Distance of {source}", "Distance reweighted", "Closer"]
    head += [f"chi2 of {source}", "chi2 reweighted", "Degrees of freedom"]
    title = f"Distance from {target}: sum of absolute differences over the bins"
    return page(f"{source} reweighted to {target}", paragraph(text), table(head, lines, title))
