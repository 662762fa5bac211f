"""Figures of data against model: one a head, and one of its steps."""

import numpy as np
import pytest
from test_figures_of_toy import drawn

import toy_trees
from jetloom.evaluation.heads import HeadSums, outcomes
from jetloom.plots.heads import draw_heads
from toy_binning import BINNING


@pytest.mark.parametrize("longest", [0, 25])
def test_every_head_has_its_figures(tmp_path, longest):
    jets = toy_trees.jets(np.random.default_rng(1), 300, longest=longest)
    sums = {}
    for head, (step, outcome, weight) in outcomes(jets, jets["weight"].astype("f8"), BINNING).items():
        found = HeadSums.empty()
        found.happened(step, outcome, weight)
        size = 1 if head == "end" else 10
        found.expected(np.full((26, size), 3.0))
        sums[head] = found.trimmed()
    draw_heads(tmp_path, sums, BINNING, "ATLAS Simulation", "test part")
    names = {"end", *(f"{head}{end}" for head in ("mother", "z", "theta", "delta", "phi") for end in ("", "_steps"))}
    assert drawn(tmp_path) == names
