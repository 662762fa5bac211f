"""The Lorentz-boost layer: combinations of particles, seen from the rest frames of others (arXiv:1812.09722)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

TINY = 1e-5


@keras.saving.register_keras_serializable(package="jetloom")
class LorentzBoost(keras.layers.Layer):
    """Boosts combinations of four-momenta into the rest frames of other combinations, and gives features of the result.

    Each of ``particles`` combinations has its own rest frame ("pairs" of the publication), and the weights of both
    combinations are taken by their absolute values, so that masses stay real.

    Parameters
    ----------
    particles : int
        Number of combinations, and of rest frames.
    features : list of str
        Of each boosted combination: E, px, py, pz, pt, p, m, eta, phi; of each pair ``pair_cos``, the cosine of the
        angle between them.
    seed : int
        Of the initial weights.
    """

    def __init__(self, particles: int, features: list[str], seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.particles, self.features, self.seed = particles, list(features), seed

    def build(self, input_shape: Any) -> None:
        """Make the weights, for an input of shape (rows, four-momenta, 4)."""
        shape = (input_shape[1], self.particles)
        for place, name in enumerate(("particle_weights", "frame_weights")):
            uniform = keras.initializers.RandomUniform(0.0, 1.0, seed=self.seed + place)
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer=uniform))
        super().build(input_shape)

    def call(self, momenta: Any) -> Any:
        """Return the features, shape (rows, n), of four-momenta (E, px, py, pz), shape (rows, four-momenta, 4)."""
        combined = ops.einsum("bif,ij->bjf", momenta, ops.abs(self.particle_weights))
        frames = ops.einsum("bif,ij->bjf", momenta, ops.abs(self.frame_weights))
        return ops.concatenate(features_of(boosted(combined, frames), self.features), axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the features."""
        pairs = self.particles * (self.particles - 1) // 2
        return input_shape[0], sum(pairs if name == "pair_cos" else self.particles for name in self.features)

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        return {**super().get_config(), "particles": self.particles, "features": self.features, "seed": self.seed}


def boosted(momenta: Any, frames: Any) -> Any:
    """Return four-momenta (..., 4) as seen in the rest frames of others of the same shape."""
    energy, momentum = momenta[..., :1], momenta[..., 1:]
    mass = _mass(frames)
    gamma = frames[..., :1] / mass
    beta = frames[..., 1:] / ops.maximum(frames[..., :1], TINY)
    along = ops.sum(beta * momentum, axis=-1, keepdims=True)
    # (gamma - 1) / beta^2, without a division by zero for what is at rest
    shift = gamma * gamma / (gamma + 1.0) * along - gamma * energy
    return ops.concatenate([gamma * (energy - along), momentum + shift * beta], axis=-1)


def features_of(momenta: Any, names: list[str]) -> list[Any]:
    """Return features of four-momenta of shape (rows, n, 4): one tensor (rows, n) each, of pairs (rows, pairs)."""
    e, px, py, pz = (momenta[..., place] for place in range(4))
    pt = ops.sqrt(px * px + py * py + TINY)
    p = ops.sqrt(pt * pt + pz * pz)
    known = {
        "E": e, "px": px, "py": py, "pz": pz, "pt": pt, "p": p, "m": _mass(momenta)[..., 0],
        "eta": ops.arcsinh(pz / pt), "phi": ops.arctan2(py, px),
    }  # fmt: skip
    if "pair_cos" in names:
        direction = momenta[..., 1:] / p[..., None]
        cosines = ops.einsum("bif,bjf->bij", direction, direction)
        size = int(momenta.shape[1])
        pairs = [cosines[:, one, other] for one in range(size) for other in range(one + 1, size)]
        known["pair_cos"] = ops.stack(pairs, axis=1) if pairs else e[:, :0]
    return [known[name] for name in names]


def _mass(momenta: Any) -> Any:
    """Return the masses, shape (..., 1); of what has none a small number."""
    squared = momenta[..., :1] ** 2 - ops.sum(momenta[..., 1:] ** 2, axis=-1, keepdims=True)
    return ops.sqrt(ops.maximum(squared, TINY))
