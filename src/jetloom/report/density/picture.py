"""The tree of one jet with what a density says of it, epoch by epoch of its training."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.density.log_p import LogProbabilities
from jetloom.inference.chosen import read_rows
from jetloom.plots.density.jet_trees import described
from jetloom.plots.density.trees import draw_tree, surprise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jetloom.data.view import DataFacts, View
    from jetloom.models.base import Model


def picture_of(
    view: View, part: str, row: int, model: Model, data: DataFacts, facts: Mapping[str, Any]
) -> Callable[[Any], bytes]:
    """Return a function that draws the tree of one row with -log P under a network, as the bytes of a PNG."""
    jets = read_rows(view, part, np.array([row]))
    jet = jets.rows[0]

    def picture(network: Any) -> bytes:
        values = surprise(LogProbabilities(network, model, data)(jets).of(0))
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "tree"
            note = described(jet, facts, row)
            draw_tree(path, jets.tree(0), float(jet["seed_e"]), values, label=facts["label"], note=note)
            return path.with_suffix(".png").read_bytes()

    return picture
