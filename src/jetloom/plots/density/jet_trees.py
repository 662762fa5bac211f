"""Trees of single jets of a dataset, drawn with what one model or two say of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.density.files import read_steps
from jetloom.evaluation.density.log_p import LogProbabilities
from jetloom.inference.chosen import read_rows
from jetloom.io.atomic import make_directory
from jetloom.plots.density.trees import draw_tree, log_ratio, surprise
from jetloom.plots.style import class_styles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jetloom.data.dataset import View
    from jetloom.models.base import DataFacts, Model

Rows = npt.NDArray[np.int64]


def draw_jets(
    directory: Path,
    log_p: LogProbabilities,
    view: View,
    part: str,
    rows: Rows,
    facts: Mapping[str, Any],
    note: str,
) -> dict[int, float]:
    """Draw the trees of some rows of a part with -log P at their branchings, as ``row<number>``.

    Returns
    -------
    dict of int to float
        -log P of each row.
    """
    make_directory(directory)
    if not len(rows):
        return {}
    jets = read_rows(view, part, rows)
    steps, drawn = log_p(jets), {}
    for place, row in enumerate(rows.tolist()):
        tree, values, jet = jets.tree(place), surprise(steps.of(place)), jets.rows[place]
        note_of_jet = f"{note}\n{described(jet, facts, row)}"
        draw_tree(directory / f"row{row}", tree, float(jet["seed_e"]), values, label=facts["label"], note=note_of_jet)
        drawn[row] = values.total
    return drawn


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


def draw_ratio_trees(
    directory: Path,
    view: View,
    rows: Rows,
    predictions: tuple[Path, Path],
    ratio: tuple[str, str],
    facts: Mapping[str, Any],
    note: str,
) -> dict[int, float]:
    """Draw the trees of some rows of the test part with the log ratio of two models at their branchings.

    Parameters
    ----------
    directory : Path
        Where ``row<number>.png`` and ``.pdf`` go.
    view : View
        Of the dataset that both models share.
    rows : array of int64
        Rows of the test part.
    predictions : (Path, Path)
        ``predictions.h5`` of the model of the signal and of that of the background.
    ratio : (str, str)
        Titles of signal and background.
    facts : mapping
        The dataset's description.
    note : str
        For the line above.

    Returns
    -------
    dict of int to float
        log(P_signal / P_background) of each row.
    """
    make_directory(directory)
    if not len(rows):
        return {}
    jets = read_rows(view, "test", rows)
    signal, background = (read_steps(path, rows.tolist()) for path in predictions)
    drawn = {}
    for place, row in enumerate(rows.tolist()):
        jet, values = jets.rows[place], log_ratio(signal.of(place), background.of(place))
        both = f"{note}\n{described(jet, facts, row)}"
        path, energy = directory / f"row{row}", float(jet["seed_e"])
        draw_tree(path, jets.tree(place), energy, values, ratio, facts["label"], both)
        drawn[row] = values.total
    return drawn


def learnt_note(facts: Mapping[str, Any], learnt: Sequence[str], part: str) -> str:
    """Say which part of the data a figure shows, and whose model."""
    titles = [style.title for style in class_styles(facts["classes"]) if style.name in learnt]
    return f"{part} part, model of {' and '.join(titles)}"


def described(jet: np.void, facts: Mapping[str, Any], row: int) -> str:
    """Say which jet it is."""
    label = int(jet["label"])
    kind = class_styles(facts["classes"])[label].title if label >= 0 else "no class"
    return (
        f"{kind}, E = {jet['seed_e']:.0f} GeV, {jet['n_branchings'] + 1} constituents\n"
        f"Row {row}, run {jet['run_number']}, event {jet['event_number']}"
    )
