"""What is known of a compression: ``compression.json`` for people and programs, ``figures.json`` for its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.compression.residuals import Corner, Curve, Response, Variable
from jetloom.io.stored import Stored
from jetloom.report.stored import Left

NUMBERS, FIGURES = "compression.json", "figures.json"


@dataclass(frozen=True)
class Figures:
    """What the figures show.

    Attributes
    ----------
    variables : list of Variable
    names : list of str
        Variables of ``correlation``.
    correlation : array, shape (n, n)
        Of residuals of variables of the same jets.
    corners : list of Corner
    responses : list of Response
    curves : list of Curve
    """

    variables: list[Variable]
    names: list[str]
    correlation: npt.NDArray[np.float64]
    corners: list[Corner]
    responses: list[Response]
    curves: list[Curve]


class Numbers(Stored):
    """What the page of a compression reads."""

    title: str
    entries: int
    compared: int
    values: int
    sizes: dict[str, int]
    variables: dict[str, dict[str, Any]]
    methods: dict[str, dict[str, Any]]
    chains: dict[str, dict[str, Any]]
    lacking: list[str]
    others: dict[str, dict[str, Any]]


_LEFT = Left("compare_compression", NUMBERS, Numbers, FIGURES, Figures)
read_figures, read_numbers = _LEFT.read_figures, _LEFT.read_numbers
