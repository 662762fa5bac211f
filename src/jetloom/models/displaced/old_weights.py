"""Weights of the tagger as Keras 2 stored them, in the network that is built anew: its own files no longer load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.view import Columns, DataFacts
from jetloom.errors import CorruptFileError, InputError
from jetloom.models.displaced.classes import CLASSES
from jetloom.models.displaced.network import build_tagger, seeds_of
from jetloom.models.displaced.parameters import DisplacedParameters

SHAPES = {"clusters": (30, 12), "tracks": (20, 10), "segments": (30, 6)}
"""Slots and inputs of the collections, in the order in which the old network put them side by side."""

FINAL = {"clusters": "constit_final_conv1d", "tracks": "track_final_conv1d", "segments": "MSeg_final_conv1d"}
JET = 3
PICKLED = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")

Arrays = dict[str, dict[str, npt.NDArray[np.float32]]]


def published_tagger(path: Path) -> Any:
    """Return the published network with the weights of a file, a ``keras.Model``.

    Its inputs are ``jets`` (pt, eta, phi) and the collections of :data:`SHAPES`, with the variables in the old order.

    Parameters
    ----------
    path : Path
        What ``save_weights`` of Keras 2 wrote: HDF5, whatever its ending.

    Raises
    ------
    InputError
        If it is no such file: with the way out for pickles and for whole models of Keras 2.
    CorruptFileError
        If a layer is missing or has another shape.
    """
    stored = _read(path)
    facts = DataFacts(_columns(JET), list(CLASSES), {name: _columns(n, slots) for name, (slots, n) in SHAPES.items()})
    parameters = DisplacedParameters()
    tagger = build_tagger(parameters, facts, seeds_of(0))
    for name, old in _names(stored, parameters, path).items():
        layer, found = tagger.get_layer(name), stored[old]
        arrays = [found[key] for key in ("kernel", "recurrent_kernel", "bias") if key in found]
        if name == "dense_0":
            arrays[0] = _reordered(arrays[0], parameters)
        shapes = [tuple(array.shape) for array in arrays], [tuple(one.shape) for one in layer.get_weights()]
        if shapes[0] != shapes[1]:
            raise CorruptFileError(f"has the shapes {shapes[0]} where {shapes[1]} are needed", path=path, where=old)
        layer.set_weights(arrays)
    return tagger


def _read(path: Path) -> Arrays:
    import h5py

    with path.open("rb") as file:
        head = file.read(8)
    if head[:2] in PICKLED:
        raise InputError(
            "is a pickle, which may run anything when it is read",
            path=path,
            advice="write the table as parquet, or the weights by save_weights, where it was made",
        )
    if head[:4] == b"PK\x03\x04":
        raise InputError(
            "is a whole model of Keras", path=path, advice="take the weights that were saved beside it by epoch"
        )
    if head != b"\x89HDF\r\n\x1a\n":
        raise InputError("holds no weights of Keras 2: it is no HDF5", path=path)
    found: Arrays = {}

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.setdefault(name.split("/")[0], {})[name.rsplit("/", 1)[1].partition(":")[0]] = item[()]

    with h5py.File(path, "r") as opened:
        opened.visititems(collect)
    return found


def _names(stored: Arrays, parameters: DisplacedParameters, path: Path) -> dict[str, str]:
    """Return the old layer of each of ours. Numbers in old names go on from network to network of one process."""

    def numbered(kind: str) -> list[str]:
        matches = [re.fullmatch(rf"{kind}(?:_(\d+))?", name) for name in stored]
        return [one[0] for one in sorted((one for one in matches if one), key=lambda one: int(one[1] or 0))]

    convolutions, recurrent = iter(numbered("conv1d")), iter(numbered("lstm"))
    found: dict[str, str] = {}
    for name in SHAPES:
        filters = parameters.sizes(name)[0]
        for place in range(len(filters) - 1):
            found[f"{name}_conv_{place}"] = next(convolutions, "conv1d")
        found[f"{name}_conv_{len(filters) - 1}"] = FINAL[name]
        found[f"{name}_lstm_0"] = next(recurrent, "lstm")
    found |= {"dense_0": "dense_1", "dense_1": "dense_2", "probabilities": "main_output"}
    for ours, old in found.items():
        if old not in stored:
            raise CorruptFileError(f"has no layer '{old}', which '{ours}' needs", path=path)
    return found


def _reordered(kernel: npt.NDArray[np.float32], parameters: DisplacedParameters) -> npt.NDArray[np.float32]:
    """Put the rows of the first dense layer into our order of the collections, that of their names."""
    sizes = {name: parameters.sizes(name)[1] for name in SHAPES}
    starts = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
    order = [place for name in sorted(sizes) for place in range(starts[name], starts[name] + sizes[name])]
    return np.concatenate([kernel[order], kernel[sum(sizes.values()) :]])


def _columns(size: int, slots: int | None = None) -> Columns:
    return Columns([f"v{place}" for place in range(size)], np.zeros(size), np.ones(size), None, slots)
