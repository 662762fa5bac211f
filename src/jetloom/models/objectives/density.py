"""Learning a density: the network gives the probability of a row, and nothing else is to be learnt of it."""

from __future__ import annotations

from typing import ClassVar

from jetloom.models.objectives.objective import Objective


class Density(Objective):
    """The density of rows, whose mean -log P is the loss."""

    kind: ClassVar[str] = "density"
