"""A particle-flow network (arXiv:1810.05165) without particle identity, as a peer of JUNIPR.

Standard sizes: Phi 100-100-128, F 100-100-100. It sees the constituents that the trees were made of: each one's share
of the transverse momentum, rapidity and azimuth relative to the jet. As a model of one's own it goes through the same
training, stream and early stopping as all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.nodes import final_momenta
from jetloom.data.streams.batch import Batch
from jetloom.data.streams.buckets import padded_steps
from jetloom.data.view import DataFacts
from jetloom.models.base import Model, Parameters

PHI, F = (100, 100, 128), (100, 100, 100)

Floats = npt.NDArray[np.float64]


class ParticleFlow(Model):
    """Phi of each constituent, summed over the jet, then F."""

    parameters: ClassVar[type[Parameters]] = Parameters
    reads: ClassVar[frozenset[str]] = frozenset({"branchings"})
    compile_xla: ClassVar[bool] = True

    def build(self, parameters: Any, data: DataFacts, seed: int, start: Mapping[str, Path]) -> Any:  # noqa: ARG002
        """Build the network; see :meth:`jetloom.models.base.Model.build`."""
        import keras

        keras.utils.set_random_seed(seed % 2**31)
        dense = keras.layers.Dense
        inputs = keras.Input((None, 3), name="particles")
        there = keras.ops.cast(keras.ops.greater(inputs[:, :, :1], 0), "float32")
        x = inputs
        for size in PHI:
            x = dense(size, activation="relu", kernel_initializer="he_uniform")(x)
        x = keras.ops.sum(x * there, axis=1)
        for size in F:
            x = dense(size, activation="relu", kernel_initializer="he_uniform")(x)
        return keras.Model(inputs, dense(len(data.classes), activation="softmax")(x), name="particle_flow")

    def features(self, jets: Block, data: DataFacts) -> npt.NDArray[np.float32]:  # noqa: ARG002
        """Return (share of pt, rapidity, azimuth) of the constituents, (jets, constituents, 3); 0 where is none."""
        jet, momenta = final_momenta(jets)
        pt, rapidity, azimuth = _relative(jets, jet, momenta)
        sizes = jets.lengths + 1
        place = np.arange(len(jet)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        found = np.zeros((len(jets), int(padded_steps(int(sizes.max(initial=1)))), 3), np.float32)
        share = pt / np.bincount(jet, pt, minlength=len(jets))[jet]
        found[jet, place] = np.stack([share, rapidity, azimuth], axis=1)
        return found

    def loss(self, batch: Batch, outputs: Any, parameters: Any) -> Any:  # noqa: ARG002
        """Return the cross-entropy of each jet."""
        from keras import ops

        chosen = ops.sum(outputs * ops.one_hot(batch.target, outputs.shape[-1]), axis=-1)
        return -ops.log(ops.maximum(chosen, 1e-7))


def _relative(jets: Block, jet: npt.NDArray[np.int64], momenta: dict[str, Any]) -> tuple[Floats, Floats, Floats]:
    """Turn momenta around the axis of a jet into pt (GeV), and rapidity and azimuth relative to the axis."""
    energy, theta, phi, mass = (momenta[name].astype(np.float64) for name in ("e", "theta", "phi", "m"))
    eta = jets["eta"].astype(np.float64)
    # The jet's own azimuth drops out: any axis around the beam gives the same relative coordinates.
    axis = np.stack([1 / np.cosh(eta), np.zeros(len(eta)), np.tanh(eta)], axis=1)
    across = np.cross([0.0, 1.0, 0.0], axis)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    up = np.cross(axis, across)
    momentum = np.sqrt(np.maximum(energy**2 - np.sign(mass) * mass**2, 0.0))[:, None]
    direction = (
        across[jet] * (np.sin(theta) * np.cos(phi))[:, None]
        + up[jet] * (np.sin(theta) * np.sin(phi))[:, None]
        + axis[jet] * np.cos(theta)[:, None]
    )
    px, py, pz = (direction * momentum).T
    total = [np.bincount(jet, values, minlength=len(jets)) for values in (px, py, pz, energy)]
    rapidity = _rapidity(pz, energy) - _rapidity(total[2], total[3])[jet]
    turned = np.arctan2(py, px) - np.arctan2(total[1], total[0])[jet]
    return np.hypot(px, py), rapidity, (turned + np.pi) % (2 * np.pi) - np.pi


def _rapidity(pz: Floats, energy: Floats) -> Floats:
    found: Floats = np.arctanh(pz / np.maximum(energy, np.abs(pz) * (1 + 1e-9)))
    return found
