"""Weights that Keras 1 and 2 saved as HDF5, in the order of Keras 3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError, MissingFileError

Array = npt.NDArray[Any]
GATES = {"LSTM": "ifco", "GRU": "zrh"}
"""Layers whose components Keras 1 stored apart, and their order since."""
SAVED = "write it with save_weights(), not with save()"


class Weights:
    """The arrays of each layer.

    Parameters
    ----------
    found : dict of str to list of (str, array)
        By layer: the names of its arrays without their folders, in the order of the file.
    path : Path
        The file.
    """

    def __init__(self, found: dict[str, list[tuple[str, Array]]], path: Path) -> None:
        self._found, self.path = found, path

    @classmethod
    def read(cls, path: Path) -> Weights:
        """Read a file.

        Raises
        ------
        MissingFileError, CorruptFileError
            If there is no such file, it is no HDF5, or holds a whole model.
        """
        import h5py

        if not path.is_file():
            raise MissingFileError("there is no such file", path=path)
        try:
            with h5py.File(path, "r") as file:
                if "model_weights" in file or "model_config" in file.attrs:
                    raise CorruptFileError("holds a whole model", path=path, advice=SAVED)
                if "layers" in file and "_layer_checkpoint_dependencies" not in file and not file.attrs:
                    raise CorruptFileError(
                        "holds weights of Keras 3", path=path, advice="give the .keras file to jetloom export"
                    )
                found = {name: _arrays(group) for name, group in file.items()}
        except (OSError, KeyError, RuntimeError) as error:
            raise CorruptFileError(f"is no HDF5 file of weights ({error})", path=path) from None
        return cls(found, path)

    def of(self, layer: str, kind: str) -> list[Array]:
        """Return the arrays of a layer in the order of Keras 3; none of a layer without weights.

        Raises
        ------
        KeyError
            If the file does not know the layer.
        ValueError
            If a layer that has weights has none here.
        """
        own = self._found.get(layer, [])
        arrays = [array for _, array in own]
        if not arrays and kind in ("Dense", "LSTM", "GRU", "SimpleRNN", "Conv1D", "Embedding", "BatchNormalization"):
            raise ValueError(f"there are no weights of it in {self.path.name}")
        if kind in GATES and len(arrays) > 3:
            return _side_by_side([name for name, _ in own], arrays, GATES[kind])
        if kind == "Highway":
            return _highway([name for name, _ in own], arrays)
        return arrays


def _arrays(group: Any) -> list[tuple[str, Array]]:
    """Return the arrays of a layer in their order: that of the attribute, or of the file."""
    import h5py

    if "weight_names" in group.attrs:
        paths = [one.decode() if isinstance(one, bytes) else str(one) for one in group.attrs["weight_names"]]
        return [(path.rpartition("/")[2].partition(":")[0], np.asarray(group[path])) for path in paths]
    found: list[tuple[str, Array]] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append((name.rpartition("/")[2].partition(":")[0], np.asarray(item)))

    group.visititems(visit)
    order = ["kernel", "recurrent_kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"]
    found.sort(key=lambda one: order.index(one[0]) if one[0] in order else len(order))
    return found


def _side_by_side(names: list[str], arrays: list[Array], gates: str) -> list[Array]:
    """Return kernel, recurrent kernel and bias from the ones of each component, as ``lstm_1_W_i``."""
    found = dict(zip((name[-3:] for name in names), arrays, strict=True))
    return [np.concatenate([found[f"{kind}_{gate}"] for gate in gates], axis=-1) for kind in "WUb"]


def _highway(names: list[str], arrays: list[Array]) -> list[Array]:
    """Return kernel, kernel of the carry, bias and bias of the carry."""
    ends = {"W": 0, "W_carry": 1, "b": 2, "b_carry": 3}
    found = {ends[next(end for end in sorted(ends, key=len, reverse=True) if name.endswith(end))]: array
             for name, array in zip(names, arrays, strict=True)}  # fmt: skip
    return [found[place] for place in range(4)]
