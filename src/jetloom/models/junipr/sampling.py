"""Jets drawn from a trained JUNIPR: step by step, does it end, which particle branches, and how.

A value inside its bin is drawn uniformly in the scaled variable; delta where the daughters have m^2 >= 0
(:func:`jetloom.physics.splitting.possible_delta`), near to where the softer one is massless. A branching that no delta
of its bin makes a decay is drawn again. If it stays impossible, energies and directions stay, and the masses are cut to
what can be. The class of padding, which means nothing, is never drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.jets import Jets
from jetloom.io.trees import BRANCHING, BRANCHING_VARIABLES, JET_TREE, MOMENTUM
from jetloom.models.junipr.parameters import ORDER
from jetloom.physics.scaling import scale, unscale
from jetloom.physics.splitting import daughters, possible_delta

Floats = npt.NDArray[np.float64]

SAMPLED = np.dtype([*JET_TREE.descr, ("ended", "?")])
"""Columns of sampled jets; one that had not ended by itself when it had all steps is not ``ended``."""

DELTA = BRANCHING_VARIABLES.index("delta")
TRIES = 30
"""How often an impossible branching is drawn again, unless something else is asked for."""
MASSLESS = 3e-5
"""Share of its energy up to which a negative mass is one of rounding."""
LIGHT = 6.0
"""Softer daughters are light for their energies, as at the largest possible delta; a share of the possible values that
is uniform to this power lies near it."""
EDGE = 1e-4
"""Share of a bin at each edge where nothing is drawn, so that no rounding moves a value to the next bin."""


def sample(
    network: Any,
    seeds: npt.NDArray[np.floating],
    generator: np.random.Generator,
    max_steps: int | None = None,
    tries: int = TRIES,
) -> Jets:
    """Draw one jet for each seed.

    Parameters
    ----------
    network : keras.Model
        A density of the model ``junipr``.
    seeds : array, shape (n, 2)
        Energy and signed mass of the jets in GeV, for instance those of data.
    generator : numpy.random.Generator
        Decides everything.
    max_steps : int, optional
        Branchings of a jet at most; one less than the network's constituents if none are given.
    tries : int
        How often a branching is drawn again that no decay allows (a daughter of m^2 < 0). With 0 the bins are draws of
        the network's own probabilities; with more, of these given that the decay is possible.

    Returns
    -------
    Jets
        Rows are :data:`SAMPLED`, branchings :data:`jetloom.io.trees.BRANCHING`; the frame is that of a jet at right
        angles to the lab's y axis.
    """
    layer = network.get_layer("junipr")
    most = layer.structure["max_constituents"] - 1
    steps = most if max_steps is None else min(max_steps, most)
    growth = _Growth(layer, np.asarray(seeds, np.float32), generator, steps, tries)
    while growth.growing.any() and growth.time < steps:
        growth.step()
    return growth.jets()


class _Growth:
    """Jets that grow together. Arrays keep their shape, so that each operation is compiled once.

    ``state`` holds the nodes that there are, in the order of energy; ``nodes`` all momenta, numbered as in a file.
    """

    def __init__(
        self, layer: Any, seeds: npt.NDArray[np.float32], generator: np.random.Generator, steps: int, tries: int
    ) -> None:
        rows, self.tries = len(seeds), tries
        self.layer, self.generator, self.time, self.all = layer, generator, 0, np.arange(rows)
        self.nodes = np.ones((rows, 2 * steps + 1, len(MOMENTUM)), np.float32)
        self.nodes[:, 0] = 0
        self.nodes[:, 0, 0], self.nodes[:, 0, 3] = seeds.T
        self.state = np.zeros((rows, steps + 1), np.int64)
        self.lengths = np.zeros(rows, np.int64)
        self.table = np.zeros((rows, steps), BRANCHING)
        self.hidden = layer.start(self.nodes[:, 0].T.copy())
        self.growing = self._go_on()

    def step(self) -> None:
        """Let all jets that have not ended branch once."""
        rank = self._mother()
        node = self.state[self.all, rank]
        mother = self.nodes[self.all, node]
        values, momenta = self._branching(mother)
        table = self.table[:, self.time]
        for index, name in enumerate(BRANCHING_VARIABLES):
            table[name] = values[:, index]
        for side, place in (("hard", 0), ("soft", 1)):
            for index, name in enumerate(MOMENTUM):
                table[f"{side}_{name}"] = momenta[:, place, index]
        table["mother"], table["mother_rank"] = node, rank
        self._insert(rank, momenta)
        self.lengths += self.growing
        self.hidden = self.layer.advance(self.hidden, momenta.reshape(len(momenta), -1).T.copy())
        self.time += 1
        self.growing &= self._go_on()

    def jets(self) -> Jets:
        """Give the jets that have grown."""
        rows = np.zeros(len(self.all), SAMPLED)
        rows["seed_e"], rows["seed_m"] = self.nodes[:, 0, 0], self.nodes[:, 0, 3]
        rows["n_branchings"], rows["ended"] = self.lengths, ~self.growing
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.lengths)])
        rows["first_branching"] = offsets[:-1]
        return Jets(rows, self.table[np.arange(self.table.shape[1]) < self.lengths[:, None]], offsets)

    def _go_on(self) -> npt.NDArray[np.bool_]:
        """Draw which jets do not end here."""
        logit = _numpy(self.layer.end(self.hidden[0]))[0]
        return self.generator.random(len(logit)) >= 1 / (1 + np.exp(-logit))

    def _mother(self) -> npt.NDArray[np.int64]:
        """Draw the rank of the mother, of those that there are."""
        return self._drawn(_numpy(self.layer.mother(self.hidden[0]))[: self.time + 1])

    def _branching(self, mother: npt.NDArray[np.float32]) -> tuple[Floats, npt.NDArray[np.float32]]:
        """Draw a branching; give its values, shape (rows, 4), and the daughters' momenta, shape (rows, 2, 4)."""
        hidden = _numpy(self.hidden[0])
        values, momenta = self._drawn_branching(hidden, mother)
        for _ in range(self.tries):
            impossible = momenta[:, :, 3] < -MASSLESS * momenta[:, :, 0]
            again = np.flatnonzero(self.growing & impossible.any(axis=1))
            if not len(again):
                break
            # Few sizes of arrays: each new one would be compiled anew.
            padded = np.resize(again, 1 << (len(again) - 1).bit_length())
            others, their_momenta = self._drawn_branching(hidden[:, padded], mother[padded])
            values[again], momenta[again] = others[: len(again)], their_momenta[: len(again)]
        # No daughter is heavier than her mother; one of what stayed impossible would be, beside one of m^2 < 0.
        momenta[:, :, 3] = np.clip(momenta[:, :, 3], 0.0, np.maximum(mother[:, None, 3], 0.0))
        return values, momenta.astype(np.float32)

    def _drawn_branching(
        self, hidden: npt.NDArray[np.float32], mother: npt.NDArray[np.float32]
    ) -> tuple[Floats, Floats]:
        """Draw a branching once; the masses are signed."""
        values, plain = np.full((len(mother), 4), 0.1), mother.astype(np.float64)
        for position, column in enumerate(ORDER):
            logits = self.layer.branching_logits(position, hidden, mother.T.copy(), values.T.astype(np.float32))
            index = self._drawn(_numpy(logits)[: self.layer.granularity])
            limits = possible_delta(plain, values[:, 0], values[:, 1]) if column == DELTA else None
            values[:, column] = self._inside(column, index, limits)
        return values, daughters(plain, values)

    def _drawn(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """Draw a class for each column, by the largest of the logits with Gumbel noise."""
        return np.argmax(logits + self.generator.gumbel(size=logits.shape), axis=0)

    def _inside(self, column: int, index: npt.NDArray[np.int64], limits: tuple[Floats, Floats] | None) -> Floats:
        """Draw a value in each bin, between limits if it can be."""
        name, binning = BRANCHING_VARIABLES[column], self.layer.binning
        edges, kind = binning["branching"][name], binning["scaling"]
        low, high = (index + EDGE) / binning["granularity"], (index + 1 - EDGE) / binning["granularity"]
        if limits is not None:
            least, largest = (scale(limit, name, edges, kind) for limit in limits)
            least, largest = np.clip(least, low, high), np.clip(largest, low, high)
            possible = largest > least
            low, high = np.where(possible, least, low), np.where(possible, largest, high)
        share = self.generator.random(len(index))
        if limits is not None:
            share = 1.0 - share**LIGHT
        return unscale(low + (high - low) * share, name, edges, kind)

    def _insert(self, rank: npt.NDArray[np.int64], momenta: npt.NDArray[np.float32]) -> None:
        """Put the daughters in the place of the mothers, in the order of energy."""
        first = 2 * self.time + 1
        self.nodes[:, first : first + 2] = momenta
        there = self.state[:, : self.time + 2].copy()
        there[self.all, rank] = first
        there[:, -1] = first + 1
        energy = self.nodes[self.all[:, None], there, 0]
        order = np.argsort(-energy, axis=1, kind="stable")
        self.state[:, : self.time + 2] = np.take_along_axis(there, order, axis=1)


def _numpy(tensor: Any) -> npt.NDArray[np.float32]:
    from keras import ops

    return ops.convert_to_numpy(tensor)
