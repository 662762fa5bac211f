"""The networks of a model: one, or one a fold; and which of them may say something of an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.building.split import PARTS, assign_parts, event_hash
from jetloom.errors import BadValueError, StaleError
from jetloom.inference.applied.recipe import Recipe
from jetloom.inference.prediction import outputs_of

Array = npt.NDArray[Any]
TEST = PARTS.index("test")
OTHER = -1
"""The part of an event that is none of those that the model was trained, validated or tested on."""


@dataclass(frozen=True)
class Networks:
    """Trained networks by fold.

    Attributes
    ----------
    recipe : Recipe
        What they take.
    networks : mapping of (int or None) to network
        By fold; the one of None without cross-validation.
    rows : int
        Rows that a network is given at once.
    """

    recipe: Recipe
    networks: Mapping[int | None, Any]
    rows: int

    def __post_init__(self) -> None:
        wanted = set(self.recipe.folds)
        if set(self.networks) != wanted:
            lacking = ", ".join(str(fold) for fold in sorted(wanted - set(self.networks), key=str))
            raise StaleError(
                f"the model was trained in {len(wanted)} folds, and those of {lacking or 'others'} are not given",
                advice="each event is applied by the fold that never saw it: all are needed",
            )

    @property
    def in_folds(self) -> bool:
        """Whether there is a network a fold."""
        return None not in self.networks

    def parts(self, run: Array, event: Array) -> npt.NDArray[np.int8]:
        """Return the part of each event by its hash: train, validation, test (0, 1, 2), or the fold that tests it."""
        split = self.recipe.task.split
        return assign_parts(event_hash(run, event, split.salt), split)

    def predict(self, block: Block, parts: npt.NDArray[np.int8]) -> Array:
        """Return what the right network says of each row.

        Parameters
        ----------
        block : Block
            What the model takes.
        parts : int8 array of shape (rows,)
            Of the event of each row, see :meth:`parts`; with folds the network of a row.

        Returns
        -------
        float32 array of shape (rows, columns)

        Raises
        ------
        BadValueError
            If a network does not give finite numbers.
        """
        columns = len(self.recipe.model.objective.columns(self.recipe.facts(self.recipe.folds[0])))
        found = np.zeros((len(block), columns), np.float32)
        for fold, outputs in self._outputs.items():
            own = np.flatnonzero(parts == fold) if fold is not None else np.arange(len(block))
            for start in range(0, len(own), self.rows):
                chosen = own[start : start + self.rows]
                rows = block.take(chosen) if len(chosen) < len(block) else block
                output = self.recipe.model.predictions(outputs(rows))
                if output.shape != (len(chosen), columns) or not np.isfinite(output).all():
                    shape = f"an output of shape {output.shape[1:]}, finite: {bool(np.isfinite(output).all())}"
                    raise BadValueError(f"the model gave {shape}, where {columns} numbers were expected")
                found[chosen] = output
        return found

    @cached_property
    def _outputs(self) -> dict[int | None, Callable[[Block], Array]]:
        model = self.recipe.model
        return {fold: outputs_of(network, model, self.recipe.facts(fold)) for fold, network in self.networks.items()}
