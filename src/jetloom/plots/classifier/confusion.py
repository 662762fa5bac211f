"""Confusion matrices: which class jets of each class are taken for."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.plots.style import ClassStyle, canvas, headline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from jetloom.evaluation.classification.confusion import Confusion

    Array = npt.NDArray[Any]

LABELS = {"label": "Labels that were used", "true_label": "Jets with a true label"}
"""Column of the labels, and what they are called."""

ALIKE = "Each jet has its true label"


def matrices(used: Confusion, true: Confusion, alike: bool) -> dict[str, Confusion]:
    """Return the matrices to draw, of the labels that were used and of true ones: one if all jets have them alike."""
    if alike:
        return {ALIKE: used}
    return dict(zip(LABELS.values(), (used, true), strict=True))


def draw_confusion(
    path: str | Path, classes: Sequence[ClassStyle], found: Mapping[str, Confusion], model: str = "", label: str = ""
) -> None:
    """Draw confusion matrices, as sums of weights and as shares: a column for each kind of labels, or side by side.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    classes : sequence of ClassStyle
    found : mapping of str to Confusion
        By the kind of labels, as it stands above the panel.
    model : str
        Title of the model, where there are several.
    label : str
        Experiment's label.
    """
    titles, side = [style.title for style in classes], 2.4 + 0.95 * len(classes)
    head = headline(label, *(text for text in ("test part", model) if text))
    alone = len(found) == 1
    size = (2 * side + 0.8, side + 0.4) if alone else (side * len(found) + 0.8, 2 * side - 0.6)
    rows, columns = (1, 2) if alone else (2, len(found))
    with canvas(path, size, rows, columns, head) as (figure, axes):
        grid = axes.reshape(2, len(found))
        for column, (kind, matrix) in enumerate(found.items()):
            for panel, values in zip(grid[:, column], (matrix.sums, matrix.shares), strict=True):
                image = _matrix(panel, values, matrix, titles)
            grid[0, column].set_title(kind, fontsize="medium")
            grid[1, column].set_xlabel("Predicted class")
        for panel, what in zip(grid[:, 0], ("sums of weights", "shares"), strict=True):
            panel.set_ylabel(f"True class ({what})", fontsize="medium")
        if alone:
            grid[0, 0].set_xlabel("Predicted class")
        figure.colorbar(image, ax=list(grid[1]), label="Share of the true class", shrink=0.9)


def _matrix(axes: Any, values: Array, matrix: Confusion, titles: Sequence[str]) -> Any:
    """Draw sums or shares; the colour is that of the share, so that equal cells look equal in both."""
    raw = values is matrix.sums
    image = axes.imshow(np.ma.masked_invalid(matrix.shares), cmap="cividis", vmin=0.0, vmax=1.0)
    for row, column in np.ndindex(matrix.shares.shape):
        share = matrix.shares[row, column]
        half = 50 * (matrix.high[row, column] - matrix.low[row, column])
        text = f"{values[row, column]:.5g}" if raw else f"{100 * share:.1f}\n± {half:.1f} %"
        color = "black" if np.isnan(share) or share > 0.55 else "white"
        if doubt := matrix.doubts[row][column]:
            text = f"not\nmeaningful\n({doubt.replace('; ', chr(10))})"
        size = 7 if doubt else None
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize=size)
    for set_ticks in (axes.set_xticks, axes.set_yticks):
        # Long titles would lie over each other; words are not broken.
        set_ticks(range(len(titles)), [fill(title, 14, break_long_words=False) for title in titles])
    axes.minorticks_off()
    axes.tick_params(which="both", length=0)
    return image
