"""A network as a SavedModel, the frozen graph of TensorFlow 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from jetloom.errors import RefusedNetworkError
from jetloom.export.format import Format, Tolerance
from jetloom.export.subject import Features, Subject, arranged


class SavedModel(Format):
    """A directory with a graph and its variables, whose function is ``serve``."""

    name: ClassVar[str] = "saved_model"
    file: ClassVar[str] = "saved_model"
    tolerance: ClassVar[Tolerance] = Tolerance(1e-6, 1e-6)
    is_directory: ClassVar[bool] = True

    def write(self, subject: Subject, path: Path) -> None:
        """Write a network; only the backend TensorFlow can."""
        import keras

        if keras.backend.backend() != "tensorflow":
            raise RefusedNetworkError(
                "only the backend TensorFlow writes it", where=self.name, advice="set training.backend: tensorflow"
            )
        archive = keras.export.ExportArchive()
        archive.track(subject.network)
        specs = [
            keras.InputSpec(shape=(None, *subject.graph[name].shape), dtype=one.dtype, name=name)
            for name, one in zip(subject.graph.inputs, subject.network.inputs, strict=True)
        ]
        archive.add_endpoint("serve", subject.network.call, input_signature=[_given(subject, specs)])
        archive.write_out(str(path), verbose=False)

    def evaluate(self, subject: Subject, path: Path, features: Features) -> list[npt.NDArray[Any]]:
        """Return what TensorFlow says of the directory."""
        import tensorflow as tf

        loaded = tf.saved_model.load(str(path))
        given = [
            tf.constant(features[name], one.dtype)
            for name, one in zip(subject.graph.inputs, subject.network.inputs, strict=True)
        ]
        found = loaded.serve(_given(subject, given))
        return [np.asarray(one) for one in (found if isinstance(found, list | tuple) else [found])]


def _given(subject: Subject, values: list[Any]) -> Any:
    return arranged(subject.network, subject.graph.inputs, values)
