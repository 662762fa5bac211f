"""The outputs of a tagger in one epoch: for the classes, and for data and simulation of the control region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.plots import style

Array = npt.NDArray[np.float64]
SHORT = {"qcd": "qcd", "signal": "sig", "bib": "bib"}
"""What the outputs are called in the names of figures."""
LINTHRESH = 7e-4
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


def draw_classes(
    path: Path, edges: Array, sums: Array, squares: Array, names: Sequence[str], output: str, head: str, *, log: bool
) -> None:
    """Draw one output for each class, each normalised to 1.

    Parameters
    ----------
    path : Path
        Without its ending.
    edges : array, shape (bins + 1,)
    sums, squares : array, shape (classes, bins)
        Of the weights.
    names : sequence of str
        Of the classes.
    output : str
        Which output it is.
    head : str
        What stands above.
    log : bool
        Logarithmic in the output, too.
    """
    with style.canvas(path, (7, 5), 1, 1, head) as (_, axes):
        panel = axes[0, 0]
        for name, color, values, errors in zip(names, COLORS, *_shares(sums, squares), strict=False):
            style.steps(panel, edges, values, errors, label=name, color=color)
        _finish(panel, _shares(sums, squares)[0], f"{output} output", log)


def draw_region(
    path: Path, edges: Array, found: Mapping[str, Any], place: int, output: str, head: str, where: str
) -> None:
    """Draw one output for data and simulation of the control region, with their distance.

    Parameters
    ----------
    path : Path
        Without its ending.
    edges : array, shape (bins + 1,)
    found : mapping
        A bin of pt, as :func:`jetloom.evaluation.displaced.outputs.of_region` has it.
    place : int
        Of the output.
    output, head, where : str
        Which output it is; what stands above; which bin of pt.
    """
    histograms = found["log"]
    sums, squares = (np.array(histograms[name])[:, place] for name in ("sums", "squares"))
    with style.canvas(path, (7, 5), 1, 1, head) as (_, axes):
        panel = axes[0, 0]
        for name, color, values, errors in zip(("Simulation", "Data"), COLORS, *_shares(sums, squares), strict=False):
            style.steps(panel, edges, values, errors, label=name, color=color)
        value, critical = found["ks"][place], found["critical"][place]
        said = "no data or no simulation" if value is None else f"K-S {value:.3f}, by chance < {critical:.3f} (95 %)"
        style.say_beside(panel, [where, said])
        _finish(panel, _shares(sums, squares)[0], f"{output} output", True)


def _shares(sums: Array, squares: Array) -> tuple[Array, Array]:
    """Return shares of the sum of weights and their errors; nothing where there is none."""
    total = sums.sum(axis=1, keepdims=True)
    divisor = np.where(total > 0, total, np.inf)
    return sums / divisor, np.sqrt(squares) / divisor


def _finish(panel: Any, shares: Array, label: str, log: bool) -> None:
    panel.set_xlabel(label)
    panel.set_ylabel("Share of the jets")
    panel.set_yscale("log")
    if log:
        panel.set_xscale("symlog", linthresh=LINTHRESH, linscale=0.4)
        panel.set_xticks([0, 1e-3, 1e-2, 1e-1, 1], ["0", "0.001", "0.01", "0.1", "1"])
    lowest = shares[shares > 0].min(initial=1.0)
    panel.set_ylim(lowest / 3, 100)
    panel.set_xlim(0, 1)
    panel.legend(loc="upper right")
