"""The layers of lwtnn that work on sequences: arrays of shape (rows, steps, values)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.export.lwtnn.activations import find_activation

Array = npt.NDArray[Any]
Layer = Callable[[Array], Array]
Entry = Mapping[str, Any]


class _Gates:
    """Kernels of several components side by side: one product a step for all of them."""

    def __init__(self, entry: Entry, names: str, n_in: int, dtype: Any) -> None:
        parts = [entry["components"][name] for name in names]
        biases = [np.asarray(part["bias"], dtype) for part in parts]
        self.units = biases[0].size
        for name, part, bias in zip(names, parts, biases, strict=True):
            counts = len(part["weights"]), len(part["U"]), bias.size
            if not self.units or counts != (self.units * n_in, self.units**2, self.units):
                raise ValueError(f"component {name}: {counts} weights, U and biases do not fit {n_in} inputs")
        kernels = [np.asarray(part["weights"], dtype).reshape(self.units, n_in).T for part in parts]
        self.recurrent = [np.asarray(part["U"], dtype).reshape(self.units, self.units).T for part in parts]
        self._kernel, self._bias = np.concatenate(kernels, axis=1), np.concatenate(biases)

    def inputs(self, x: Array) -> Array:
        """Return what the inputs say to all components, shape (rows, steps, components, units)."""
        flat = x.reshape(-1, x.shape[-1]) @ self._kernel + self._bias
        return flat.reshape(*x.shape[:2], len(self.recurrent), self.units)


def _simplernn(entry: Entry, n_in: int, dtype: Any) -> tuple[Layer, int]:
    gates, act = _Gates(entry, "h", n_in, dtype), find_activation(entry["activation"])
    (u,) = gates.recurrent

    def scan(x: Array) -> Array:
        given, h = gates.inputs(x)[:, :, 0], np.zeros((len(x), gates.units), dtype)
        states = np.zeros(given.shape, dtype)
        for step in range(x.shape[1]):
            h = states[:, step] = act(given[:, step] + h @ u)
        return states

    return scan, gates.units


def _lstm(entry: Entry, n_in: int, dtype: Any) -> tuple[Layer, int]:
    gates = _Gates(entry, "ifoc", n_in, dtype)
    act, inner = find_activation(entry["activation"]), find_activation(entry["inner_activation"])
    u = np.concatenate(gates.recurrent, axis=1)

    def scan(x: Array) -> Array:
        given = gates.inputs(x)
        h = c = np.zeros((len(x), gates.units), dtype)
        states = np.zeros((*x.shape[:2], gates.units), dtype)
        for step in range(x.shape[1]):
            now = given[:, step] + (h @ u).reshape(len(x), 4, gates.units)
            i, f, o = (inner(now[:, place]) for place in range(3))
            c = f * c + i * act(now[:, 3])
            h = states[:, step] = o * act(c)
        return states

    return scan, gates.units


def _gru(entry: Entry, n_in: int, dtype: Any) -> tuple[Layer, int]:
    gates = _Gates(entry, "zrh", n_in, dtype)
    act, inner = find_activation(entry["activation"]), find_activation(entry["inner_activation"])
    u_z, u_r, u_h = gates.recurrent

    def scan(x: Array) -> Array:
        given, h = gates.inputs(x), np.zeros((len(x), gates.units), dtype)
        states = np.zeros((*x.shape[:2], gates.units), dtype)
        for step in range(x.shape[1]):
            z, r = inner(given[:, step, 0] + h @ u_z), inner(given[:, step, 1] + h @ u_r)
            proposed = act(given[:, step, 2] + (r * h) @ u_h)
            h = states[:, step] = z * h + (1 - z) * proposed
        return states

    return scan, gates.units


def _conv1d(entry: Entry, n_in: int, dtype: Any) -> tuple[Layer, int]:
    bias, weights = np.asarray(entry["bias"], dtype), np.asarray(entry["weights"], dtype)
    if not bias.size or weights.size % (n_in * bias.size) or not weights.size:
        raise ValueError(f"{weights.size} weights do not fit {n_in} inputs and {bias.size} outputs")
    kernel = weights.reshape(bias.size, n_in, -1).transpose(2, 1, 0)
    rate, act = int(entry.get("dilation_rate", 1)), find_activation(entry.get("activation", "linear"))
    view = (len(kernel) - 1) * rate
    starts = {"valid": 0, "causal": view, "same": (view + 1) // 2}
    if entry["padding"] not in starts:
        raise ValueError(f"there is no padding {entry['padding']!r}")
    before = starts[entry["padding"]]
    after = 0 if entry["padding"] == "valid" else view - before

    def scan(x: Array) -> Array:
        padded = np.pad(x, ((0, 0), (before, after), (0, 0)))
        steps = max(padded.shape[1] - view, 0)
        total = np.zeros((len(x), steps, bias.size), dtype) + bias
        for place, part in enumerate(kernel):
            total += padded[:, place * rate : place * rate + steps] @ part
        return act(total)

    return scan, bias.size


def _embedding(entry: Entry, n_in: int, dtype: Any) -> tuple[Layer, int]:
    tables = []
    for sub in entry["sublayers"]:
        index, n_out, weights = int(sub["index"]), int(sub["n_out"]), np.asarray(sub["weights"], dtype)
        if not 0 <= index < n_in or n_out < 1 or not weights.size or weights.size % n_out:
            raise ValueError(f"{weights.size} weights of the variable {index} do not fit {n_out} outputs")
        tables.append((index, weights.reshape(n_out, -1).T))
        n_in += n_out - 1

    def scan(x: Array) -> Array:
        for index, table in tables:
            chosen = x[..., index]
            if ((chosen != np.floor(chosen)) | (chosen < 0) | (chosen >= len(table))).any():
                raise ValueError(f"an embedded variable is no number from 0 to {len(table) - 1}")
            x = np.concatenate([x[..., :index], table[chosen.astype(int)], x[..., index + 1 :]], axis=-1)
        return x

    return scan, n_in


RECURRENT: dict[str, Callable[[Entry, int, Any], tuple[Layer, int]]] = {
    "simplernn": _simplernn,
    "lstm": _lstm,
    "gru": _gru,
    "conv1d": _conv1d,
    "embedding": _embedding,
}
"""Architecture -> what builds its function."""
