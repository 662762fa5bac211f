"""Closure: jets that were drawn from a model beside those it learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.density.depth import by_depth, depth_numbers
from jetloom.evaluation.density.spectra import SPECTRA, chi_square, spectra_of
from jetloom.plots.density.heads import MODEL
from jetloom.plots.density.tree_spectra import Line, draw_spectra
from jetloom.plots.ratio_panel import MODEL_OVER_DATA

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.data.view import View
    from jetloom.evaluation.density.sampling.chances import Overruled
    from jetloom.evaluation.density.sampling.growth import Sample


def draw_closure(
    path: Path, sampled: Sequence[Sample], view: View, classes: Sequence[int], label: str, note: str
) -> dict[str, Any]:
    """Draw spectra of sampled jets and of those of the test part.

    Parameters
    ----------
    path : Path
        Name without suffix.
    sampled : sequence of Sample
        Blocks of sampled jets.
    view : View
    classes : sequence of int
        Classes that the model learnt.
    label, note : str
        Experiment's label and a note, for the line above.

    Returns
    -------
    dict
        chi^2 and degrees of freedom of each spectrum, the share of sampled jets that did not end by themselves, and
        what the network was overruled in: by head, the mean probability that it gave to what cannot be; None without
        precedents. Numbers of constituents, and branchings by depth: :func:`~.depth_numbers`.
    """
    binning = view.facts.trees or {}
    data = [block.take(np.isin(block["label"], classes)) for block in view.blocks("test")]
    longest = max(int(jets.lengths.max(initial=0)) + 1 for jets in data)
    true = spectra_of(((jets, jets[view.weight].astype(np.float64)) for jets in data), binning, longest)
    drawn = spectra_of(((jets, np.ones(len(jets))) for jets, _ in sampled), binning, longest)
    reference, line = Line("Test jets", "#000000", "-", true), Line("Drawn from the model", MODEL, "-", drawn)
    draw_spectra(path, reference, [line], MODEL_OVER_DATA, label, note)
    ended = np.concatenate([jets["ended"] for jets, _ in sampled])
    found = {name: chi_square(drawn[name], true[name]) for name in SPECTRA}
    return {
        "jets": len(ended),
        "not_ended": float(1.0 - ended.mean()),
        "overruled": _overruled([overruled for _, overruled in sampled]),
        "spectra": {name: {"chi2": value, "ndf": freedom} for name, (value, freedom) in found.items()},
        **depth_numbers(
            by_depth((jets, np.ones(len(jets))) for jets, _ in sampled),
            by_depth((jets, jets[view.weight].astype(np.float64)) for jets in data),
        ),
    }


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
