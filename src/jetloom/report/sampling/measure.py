"""Closure: jets that were drawn from a model held against those it learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.density.depth import by_depth, depth_numbers, drifts
from jetloom.evaluation.density.spectra import agreement, curves, spectra_of
from jetloom.io.records import write_record
from jetloom.io.sealed import write_json
from jetloom.report.sampling.stored import FIGURES, NUMBERS, Figures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.data.dataset import Dataset
    from jetloom.data.view import View
    from jetloom.evaluation.density.sampling.chances import Overruled
    from jetloom.evaluation.density.sampling.growth import Sample


def compare(
    sampled: Sequence[Sample], dataset: Dataset, view: View, learnt: Sequence[str], output: Path
) -> dict[str, Any]:
    """Hold sampled jets against those of the test part, and write all that their figures show.

    Parameters
    ----------
    sampled : sequence of Sample
        Blocks of sampled jets.
    dataset : Dataset
    view : View
        That the model was trained on.
    learnt : sequence of str
        Classes that the model learnt.
    output : Path
        Directory of the results.

    Returns
    -------
    dict
        What ``closure.json`` holds: chi^2 and degrees of freedom of each spectrum, the share of sampled jets that did
        not end by themselves, and what the network was overruled in: by head, the mean probability that it gave to what
        cannot be; None without precedents. Numbers of constituents, and branchings by depth: :func:`~.depth_numbers`.
    """
    binning, classes = view.facts.trees or {}, [dataset.classes.index(name) for name in learnt]
    data = [block.take(np.isin(block["label"], classes)) for block in view.blocks("test")]
    weighted = [(jets, jets[view.weight].astype(np.float64)) for jets in data]
    unit = [(jets, np.ones(len(jets))) for jets, _ in sampled]
    longest = max(int(jets.lengths.max(initial=0)) + 1 for jets in data)
    true, drawn = spectra_of(weighted, binning, longest), spectra_of(unit, binning, longest)
    found = {name: agreement(drawn[name], true[name]) for name in true}
    deep = by_depth(unit), by_depth(weighted)
    ended = np.concatenate([jets["ended"] for jets, _ in sampled])
    results = {
        "jets": len(ended),
        "learnt": list(learnt),
        "not_ended": float(1.0 - ended.mean()),
        "overruled": _overruled([overruled for _, overruled in sampled]),
        "spectra": {name: one.entry() for name, one in found.items()},
        **depth_numbers(*deep),
    }
    write_record(output / FIGURES, Figures(curves(true), curves(drawn), found, drifts(*deep)))
    write_json(output / NUMBERS, results)
    return results


def _overruled(blocks: Sequence[Overruled]) -> dict[str, float] | None:
    """Return the shares of all blocks: of probability and of branchings, and the number of jets that were stopped.

    None if nothing was drawn with precedents: then nothing was overruled, however wrong the network is.
    """
    branchings = sum(block.branchings for block in blocks)
    if not branchings:
        return None
    found = {
        f"probability_{head}": sum(block.probability[head] for block in blocks) / branchings
        for head in blocks[0].probability
    }
    found["without_precedent"] = sum(block.without_precedent for block in blocks) / branchings
    found["jets_stopped"] = float(sum(block.stopped for block in blocks))
    return found
