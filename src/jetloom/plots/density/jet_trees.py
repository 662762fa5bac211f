"""Trees of single jets of a dataset, drawn with what one model or two say of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.plots.density.trees import TreeValues, draw_tree
from jetloom.plots.style import class_styles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jetloom.data.block import Block

Rows = npt.NDArray[np.int64]


def draw_jets(
    directory: Path,
    jets: Block,
    values: Sequence[TreeValues],
    rows: Rows,
    facts: Mapping[str, Any],
    note: str,
    ratio: tuple[str, str] | None = None,
) -> dict[int, float]:
    """Draw the trees of some jets of a part with what is said of their branchings, as ``row<number>``.

    Parameters
    ----------
    directory : Path
        Where ``row<number>.png`` and ``.pdf`` go.
    jets : Block
        With their trees.
    values : sequence of TreeValues
        One a jet: -log P under one model, or the log ratio of two.
    rows : array of int64
        Rows of the part that the jets are.
    facts : mapping
        The dataset's description.
    note : str
        For the line above.
    ratio : (str, str), optional
        Titles of signal and background, if the values are log ratios.

    Returns
    -------
    dict of int to float
        The sum of the values of each row.
    """
    for place, row in enumerate(rows.tolist()):
        jet = jets.rows[place]
        both = f"{note}\n{described(jet, facts, row)}"
        path, energy = directory / f"row{row}", float(jet["seed_e"])
        draw_tree(path, jets.tree(place), energy, values[place], ratio, facts["label"], both)
    return {row: values[place].total for place, row in enumerate(rows.tolist())}


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
