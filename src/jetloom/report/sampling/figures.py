"""The figures of jets that were drawn from a model, from the numbers that were made with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.plots.density.depth import draw_depth
from jetloom.plots.density.heads import MODEL
from jetloom.plots.density.jet_trees import learnt_note
from jetloom.plots.density.tree_spectra import Line, draw_spectra
from jetloom.plots.ratio_panel import MODEL_OVER_DATA
from jetloom.report.sampling.stored import read_figures, read_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def draw(numbers: Path, facts: Mapping[str, Any], output: Path) -> None:
    """Draw ``closure``, spectra of all branchings, and ``closure_depth``, means by step.

    Parameters
    ----------
    numbers : Path
        Directory that :func:`jetloom.report.sampling.measure.compare` wrote to.
    facts : mapping
        The dataset's description, with the titles and the label of the configuration.
    output : Path
        Directory of the figures.

    Raises
    ------
    MissingFileError, CorruptFileError
        If the numbers are not there, damaged, or of another layout.
    """
    shown, results = read_figures(numbers), read_numbers(numbers)
    note, label = learnt_note(facts, results["learnt"], "test"), facts["label"]
    reference = Line("Test jets", "#000000", "-", shown.data)
    line = Line("Drawn from the model", MODEL, "-", shown.drawn, shown.agreement)
    draw_spectra(output / "closure", reference, [line], MODEL_OVER_DATA, label, note)
    draw_depth(output / "closure_depth", shown.depth, label, note)
