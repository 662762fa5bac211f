"""What a network gives to each class at a step, and draws of classes and of values inside of their bins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.io.trees import BRANCHING_VARIABLES
from jetloom.physics.scaling import unscale

Floats = npt.NDArray[np.float64]
Logits = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

EDGE = 1e-4
"""Share of a bin at each edge where nothing is drawn, so that no rounding moves a value to the next bin."""


@dataclass
class Overruled:
    """How often what the network says was not possible.

    Attributes
    ----------
    branchings : int
        Branchings that were drawn.
    probability : dict
        By head, the probability that the network gave to what is not possible, summed over the branchings; of z, the
        number of those drawn that were not possible.
    without_precedent : int
        Branchings that no precedent fitted; their daughters have no mass.
    stopped : int
        Jets that would have gone on, where no particle had a mass.
    """

    branchings: int = 0
    probability: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("mother", "z", "theta", "delta"), 0.0))
    without_precedent: int = 0
    stopped: int = 0


class Chances:
    """The probabilities of a network, and the dice.

    Parameters
    ----------
    layer : keras.layers.Layer
        The layer ``junipr`` of a density.
    generator : numpy.random.Generator
        Decides everything.
    """

    def __init__(self, layer: Any, generator: np.random.Generator) -> None:
        self.layer, self.generator = layer, generator
        self.overruled = Overruled()

    def ends(self, hidden: tuple[Any, ...]) -> Mask:
        """Draw which jets end, shape (rows,)."""
        logit = _numpy(self.layer.end(hidden[0]))[0]
        return self.generator.random(len(logit)) < 1 / (1 + np.exp(-logit))

    def mothers(self, hidden: tuple[Any, ...], particles: int) -> Logits:
        """Return the logits of the ranks of the particles that there are, shape (particles, rows)."""
        return _numpy(self.layer.mother(hidden[0]))[:particles]

    def bins(self, position: int, hidden: tuple[Any, ...], mother: npt.NDArray[np.float32], values: Floats) -> Logits:
        """Return the logits of the bins of a variable, shape (bins, rows); the class of padding means nothing.

        Parameters
        ----------
        position : int
            Of the variable in the order of drawing.
        hidden : tuple of tensors
        mother : float32 array, shape (rows, 4)
        values : float64 array, shape (rows, 4)
            Of the branching. Those that are drawn later are not looked at.
        """
        logits = self.layer.branching_logits(position, hidden[0], mother.T.copy(), values.T.astype(np.float32))
        return _numpy(logits)[: self.layer.granularity]

    def draw(self, logits: Logits) -> Index:
        """Draw a class for each column, by the largest of the logits with Gumbel noise."""
        return np.argmax(logits + self.generator.gumbel(size=logits.shape), axis=0)

    def draw_allowed(self, logits: Logits, head: str, allowed: Mask, growing: Mask) -> Index:
        """Draw among the classes that are allowed; of the jets that grow, count what the others were given."""
        odds = np.exp(logits - logits.max(axis=0))
        lost = (odds * ~allowed).sum(axis=0) / odds.sum(axis=0)
        self.overruled.probability[head] += float(lost[growing].sum())
        noisy = logits + self.generator.gumbel(size=logits.shape)
        return np.argmax(np.where(allowed, noisy, -np.inf), axis=0)

    def inside(self, column: int, index: Index) -> Floats:
        """Draw a value in each bin."""
        name, binning = BRANCHING_VARIABLES[column], self.layer.binning
        low, high = (index + EDGE) / binning["granularity"], (index + 1 - EDGE) / binning["granularity"]
        return unscale(
            low + (high - low) * self.generator.random(len(index)), name, binning["branching"][name], binning["scaling"]
        )


def _numpy(tensor: Any) -> npt.NDArray[np.float32]:
    from keras import ops

    return ops.convert_to_numpy(tensor)
