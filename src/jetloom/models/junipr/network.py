"""The JUNIPR network: physical values of padded trees in, the log probability of every step and head out.

log P(jet) = sum_t log P_end(t) + sum_t [log P_mother + log P_z + log P_theta + log P_delta + log P_phi], t = 0..n for
the end and t = 0..n-1 for the others (arXiv:1804.09720; the order of the heads that of the 2019 implementation).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from jetloom.io.trees import BRANCHING_VARIABLES, MOMENTUM
from jetloom.models.junipr.branchings import FORMS
from jetloom.models.junipr.heads import NEVER, Head, hidden_layers, picked
from jetloom.models.junipr.parameters import INTEGERS, ORDER, SHAPES
from jetloom.models.junipr.recurrence import Recurrence
from jetloom.models.junipr.scaling import Scaler, bins

STEPS_TOGETHER = 16
"""Steps whose mothers are chosen from equally many."""

HEADS = ("end", "mother", "z", "theta", "delta", "phi")
"""The heads, in the order of the outputs."""


@keras.saving.register_keras_serializable(package="jetloom")
class Junipr(keras.layers.Layer):
    """The log probability of jets.

    Parameters
    ----------
    structure : dict
        ``recurrence`` (simple, gru, lstm), ``width``, ``end_hidden``, ``mother_hidden``, ``branching_hidden``,
        ``max_constituents``, ``branching`` (factorised, joint, unique), ``previous`` (value, bin), ``padding_class``;
        ``conditions``, if there are some: the number of classes, one of which the density is told at each step.
    binning : dict
        Scaling and bins, as :mod:`jetloom.data.fitting.binning` fitted them. Its settings of the trees say, for
        which data the weights are. Without ``inputs``, as in files of earlier versions, the network sees
        plain scaled values.
    seed : int
        Of the initial weights.
    dropout : float
        Share of the heads' hidden units that is left out in training.
    """

    def __init__(
        self, structure: dict[str, Any], binning: dict[str, Any], seed: int, dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.structure, self.binning, self.seed, self.dropout = dict(structure), dict(binning), seed, dropout
        self._draws = keras.random.SeedGenerator(seed % 2**31) if dropout else None
        self.granularity: int = binning["granularity"]
        scaling, width, told = binning["scaling"], structure["width"], structure.get("conditions", 0)
        momentum, branching, seen = binning["momentum"], binning["branching"], binning.get("inputs")
        self._seed_scale = Scaler(momentum, scaling, MOMENTUM, seen, ["seed"])
        self._mother_scale = Scaler(momentum, scaling, MOMENTUM, seen, ["mother"])
        self._daughters_scale = Scaler(momentum, scaling, MOMENTUM * 2, seen, ["hard", "soft"])
        self._branching_scale = Scaler(branching, scaling, BRANCHING_VARIABLES)
        self._branching_seen = Scaler(branching, scaling, BRANCHING_VARIABLES, seen, ["branching"])
        seeds = [int(value) for value in np.random.default_rng(seed).integers(2**31, size=4)]
        self.recurrence = Recurrence(structure["recurrence"], 4 + told, 8, width, seeds[0], name="recurrence")
        self.end = Head(width + told, structure["end_hidden"], 1, seeds[1], name="end")
        ranks = structure["max_constituents"]
        self.mother = Head(width + told, structure["mother_hidden"], ranks, seeds[2], name="mother")
        self.branching = FORMS[structure["branching"]](
            width + told + 4, structure["branching_hidden"], self.granularity, int(structure["padding_class"]),
            seeds[3], name="branching",
        )  # fmt: skip
        self.built = True

    def call(self, inputs: dict[str, Any], condition: int = 0, training: bool = False) -> Any:
        """Return log P, shape (rows, steps, heads); 0 where there is nothing.

        Parameters
        ----------
        inputs : dict of tensors
            What :func:`jetloom.models.junipr.features.padded` gives.
        condition : int
            The class of which the jets are to be, for a density that is told.
        training : bool
            Whether hidden units are left out.
        """
        rows, steps = ops.shape(inputs["daughters"])[:2]
        time = _times(steps, rows)
        length = ops.tile(inputs["length"], [steps])
        states, mother, seen, index = self._columns(inputs, condition)
        seen = [seen[column][None] for column in ORDER[:-1]]
        hidden = hidden_layers(
            [self.end, self.mother, *self.branching.heads], ops.concatenate([states, mother, *seen], axis=0)
        )
        if training and self.dropout:
            hidden = [keras.random.dropout(units, self.dropout, seed=self._draws) for units in hidden]
        log_end = -ops.softplus(ops.where(time == length, -1.0, 1.0) * self.end.logits(hidden[0])[0])
        log_mother = self._log_mother(hidden[1], _row(inputs["rank"]), time, steps, rows)
        branches = ops.concatenate([log_mother[None], self.branching.log_p(hidden[2:], index)], axis=0)
        log_p = ops.concatenate(
            [ops.where(time <= length, log_end, 0.0)[None], ops.where(time < length, branches, 0.0)], axis=0
        )
        return ops.transpose(ops.reshape(log_p, (len(HEADS), steps, rows)), (2, 1, 0))

    def _log_mother(self, hidden: Any, rank: Any, time: Any, steps: Any, rows: Any) -> Any:
        """Return the log probability of each mother, shape (steps * rows,): a softmax over the particles there are.

        Some steps are taken together, with as many ranks as the last of them can need.
        """
        if not isinstance(steps, int) or not isinstance(rows, int):
            most = self._ranks(steps)
            return picked(self.mother.logits(hidden, most), rank, _numbers(most) <= time[None])
        found = []
        for first in range(0, steps, STEPS_TOGETHER):
            last = min(first + STEPS_TOGETHER, steps)
            part, most = slice(first * rows, last * rows), self._ranks(last)
            allowed = _numbers(most) <= time[None, part]
            found.append(picked(self.mother.logits(hidden[:, part], most), rank[part], allowed))
        return ops.concatenate(found)

    def compute_output_spec(
        self,
        inputs: dict[str, Any],
        condition: int = 0,  # noqa: ARG002
        training: bool = False,  # noqa: ARG002
    ) -> Any:
        """Return the shape of the output."""
        return keras.KerasTensor((*inputs["daughters"].shape[:2], len(HEADS)), dtype="float32")

    def logits(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the logits of each head at each step, given all that stands before.

        Returns
        -------
        dict of tensors
            By head, shape (classes, steps, rows): ``end`` has one class, ``mother`` the ranks (those that there are not
            have :data:`jetloom.models.junipr.heads.NEVER`), the others the bins, and perhaps the class of padding.
        """
        rows, steps = ops.shape(inputs["daughters"])[:2]
        states, mother, seen, index = self._columns(inputs)
        most = self._ranks(steps)
        x = ops.concatenate([states, mother], axis=0)
        there = _numbers(most) <= _times(steps, rows)[None]
        found = {"end": self.end(states), "mother": ops.where(there, self.mother(states, most=most), NEVER)}
        for position, column in enumerate(ORDER):
            found[BRANCHING_VARIABLES[column]] = self.branching.logits(position, x, seen, index)
        return {name: ops.reshape(found[name], (-1, steps, rows)) for name in HEADS}

    def start(self, seed: Any) -> tuple[Any, ...]:
        """Return the states before the first branching, each (width, rows), for the momenta of roots, (4, rows)."""
        return self.recurrence.start(self._seed_scale(seed))

    def advance(self, states: tuple[Any, ...], daughters: Any) -> tuple[Any, ...]:
        """Return the states after a branching from those before it and the momenta of the daughters, (8, rows)."""
        return self.recurrence.step(states, self.recurrence.entry(self._daughters_scale(daughters)))

    def branching_logits(self, position: int, state: Any, mother: Any, branching: Any) -> Any:
        """Return the logits of one variable, shape (classes, rows), given those before it in :data:`ORDER`.

        Parameters
        ----------
        position : int
            Of the variable in the order of drawing.
        state : tensor of shape (width, rows)
        mother, branching : tensors of shape (4, rows)
            Momentum of the mother, and z, theta, phi, delta; those that come later are not looked at.
        """
        seen, index = self._branchings(branching)
        x = ops.concatenate([state, self._mother_scale(mother)], axis=0)
        return self.branching.logits(position, x, seen, index)

    def _columns(self, inputs: dict[str, Any], condition: int = 0) -> tuple[Any, Any, Any, Any]:
        """Return states, scaled mothers, what is seen of branchings and their bins, all (features, steps * rows)."""
        rows, steps = ops.shape(inputs["daughters"])[:2]
        daughters = self._daughters_scale(_column(inputs["daughters"]))
        seed = self._told(self._seed_scale(ops.transpose(inputs["seed"])), condition)
        states = ops.reshape(self.recurrence(seed, ops.reshape(daughters, (8, steps, rows))), (-1, steps * rows))
        mother = self._mother_scale(_column(inputs["mother"]))
        return self._told(states, condition), mother, *self._branchings(_column(inputs["branching"]))

    def _told(self, columns: Any, condition: int) -> Any:
        """Add the class to columns of shape (features, n), one row a class, if the density is told."""
        if not (count := self.structure.get("conditions", 0)):
            return columns
        chosen = np.arange(count, dtype=np.float32)[:, None] == condition
        return ops.concatenate([columns, ops.zeros_like(columns[:1]) + chosen.astype(np.float32)], axis=0)

    def _branchings(self, branching: Any) -> tuple[Any, Any]:
        """Return what a head sees of the variables before its own, and the bins."""
        scaled = self._branching_scale(branching)
        index = bins(scaled, self.granularity)
        if self.structure["previous"] == "bin":
            return ops.cast(index, scaled.dtype), index
        return scaled if "inputs" not in self.binning else self._branching_seen(branching), index

    def _ranks(self, steps: Any) -> Any:
        """Return how many ranks a batch of so many steps can need: there is no higher one than there are steps."""
        most = self.structure["max_constituents"]
        return min(most, steps) if isinstance(steps, int) else ops.minimum(most, steps)

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        names = ("structure", "binning", "seed", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _times(steps: Any, rows: Any) -> Any:
    """Return the number of the step for each column of an array (features, steps * rows)."""
    return ops.reshape(ops.broadcast_to(_numbers(steps), (steps, rows)), (-1,))


def _numbers(count: Any) -> Any:
    return ops.arange(count, dtype="int32")[:, None]


def _column(values: Any) -> Any:
    """Bring (rows, steps, features) to (features, steps * rows)."""
    return ops.reshape(ops.transpose(values, (2, 1, 0)), (values.shape[2], -1))


def _row(values: Any) -> Any:
    """Bring (rows, steps) to (steps * rows,)."""
    return ops.reshape(ops.transpose(values), (-1,))


def network_inputs() -> dict[str, Any]:
    """Return the symbolic inputs of the network by their names."""
    return {
        name: keras.Input(
            tuple(None if size == -1 else size for size in shape),
            name=name,
            dtype="int32" if name in INTEGERS else "float32",
        )
        for name, shape in SHAPES.items()
    }
