"""What networks see of trees: where scaled values end below, and their means and standard deviations.

A range of a variable is that of its real values. What is rounding (:mod:`jetloom.physics.rounding`), or far below,
would lie many times the width of the range away under the logarithm, at a place that says nothing; it is lifted to a
floor a little below the range.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.fitting.moments import Moments
from jetloom.data.nodes import mother_momenta
from jetloom.io.trees import BRANCHING_VARIABLES, MOMENTUM
from jetloom.physics.rounding import has_mass
from jetloom.physics.scaling import Limits, floored, scale

FLOOR = -0.25
"""The floor, in widths of the range."""

PLACES = ("seed", "mother", "hard", "soft", "branching")
"""The momenta that a network sees, and the branching."""


class TreeInputs:
    """Means and standard deviations of what a network sees, added up in blocks.

    Parameters
    ----------
    limits : dict
        Limits by group and variable.
    scaling : str
        ``log`` or ``log1p``.
    massless : float
        Share of its energy up to which a mass is rounding.
    """

    def __init__(self, limits: Limits, scaling: str, massless: float) -> None:
        self.limits, self.scaling, self.massless = limits, scaling, massless
        self._moments = {place: Moments(4) for place in PLACES}

    def add(self, jets: Block) -> None:
        """Add the jets of a block."""
        for place, values in _values(jets).items():
            if len(values["m" if place != "branching" else "z"]):
                self._moments[place].add(self._seen(place, values))

    def _seen(self, place: str, values: dict[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        names, group = (BRANCHING_VARIABLES, "branching") if place == "branching" else (MOMENTUM, "momentum")
        if place != "branching":
            values = {**values, "m": np.where(has_mass(values["e"], values["m"], self.massless), values["m"], 0.0)}
        columns = [floored(scale(values[n], n, self.limits[group][n], self.scaling), n, FLOOR) for n in names]
        return np.stack(columns, axis=1).astype(np.float32)

    def described(self) -> dict[str, Any]:
        """Return ``massless``, ``floor``, and of each of :data:`PLACES` ``mean`` and ``std`` of its four variables."""
        places = {
            # What is always the same, as the angles of a jet to its own axis, has no scale.
            place: {"mean": _rounded(moments.mean), "std": _rounded(np.where(moments.std > 1e-6, moments.std, 1.0))}
            for place, moments in self._moments.items()
        }
        return {"massless": self.massless, "floor": FLOOR, **places}


def _rounded(values: npt.NDArray[np.float64]) -> list[float]:
    """Leave out the digits that depend on how jets fell into blocks."""
    found: list[float] = np.round(values, 8).tolist()
    return found


def _values(jets: Block) -> dict[str, dict[str, npt.NDArray[Any]]]:
    rows, nothing = jets.branchings, np.zeros(len(jets))
    if rows is None:
        return {}
    return {
        "seed": {"e": jets["seed_e"], "theta": nothing, "phi": nothing, "m": jets["seed_m"]},
        "mother": mother_momenta(jets),
        **{place: {name: rows[f"{place}_{name}"] for name in MOMENTUM} for place in ("hard", "soft")},
        "branching": {name: rows[name] for name in BRANCHING_VARIABLES},
    }
