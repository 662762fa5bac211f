"""Writing a graph as ONNX, and evaluating such a file.

tf2onnx breaks every Normalization of Keras 3 (its constants become inputs that nobody knows) and needs TensorFlow. This
writer knows fewer layers, refuses the others by name, and gives the same file on each backend.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError, MissingFileError, MissingObjectError, StaleError
from jetloom.export.graphs.graph import INPUT, Graph
from jetloom.export.onnx.pieces import IR_VERSION, OPSET, Pieces
from jetloom.export.onnx.runs import WRITERS
from jetloom.export.refusals import refuse

Array = npt.NDArray[Any]
FORM = "ONNX"
KEY = "jetloom"
"""Key of the metadata that holds the description of the network as JSON."""


def write_model(graph: Graph, description: Mapping[str, Any], name: str = "jetloom") -> Any:
    """Return a network as an ONNX model.

    Parameters
    ----------
    graph : Graph
        The network.
    description : mapping
        What a reader must know: it goes into the metadata as JSON.
    name : str
        Of the graph.

    Raises
    ------
    RefusedNetworkError
        If there is no writer for a layer; it is named.
    """
    from onnx import checker, helper

    pieces, names = Pieces(), {name: name for name in graph.inputs}
    for node in graph.nodes.values():
        if node.kind == INPUT:
            continue
        if node.kind not in WRITERS:
            refuse(node, FORM, "there is no writer for such a layer")
        if node.config.get("masked"):
            refuse(node, FORM, "it takes a mask of steps", "give it sequences without padding, and no mask")
        names[node.name] = WRITERS[node.kind](pieces, graph, node, [names[source] for source in node.sources])
    outputs = []
    for output in graph.outputs:
        # The result gets the name of its layer, whatever the operator is called that gives it.
        pieces.nodes.append(helper.make_node("Identity", [names[output]], [f"{output}_out"], name=f"{output}/result"))
        outputs.append(_value(graph, output, f"{output}_out"))
    inputs = [_value(graph, one, one) for one in graph.inputs]
    made = helper.make_graph(pieces.nodes, name, inputs, outputs, list(pieces.constants.values()))
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="jetloom")
    model.ir_version = IR_VERSION
    helper.set_model_props(model, {KEY: json.dumps(description, sort_keys=True)})
    checker.check_model(model, full_check=True)
    return model


def _value(graph: Graph, node: str, name: str) -> Any:
    """Return the declaration of an input or output: any number of rows, and of steps where it is free."""
    from onnx import TensorProto, helper

    shape = ["rows", *(f"{node}_steps" if size is None else size for size in graph[node].shape)]
    whole = str(graph[node].config.get("dtype", "float32")).startswith("int") and graph[node].kind == INPUT
    return helper.make_tensor_value_info(name, TensorProto.INT32 if whole else TensorProto.FLOAT, shape)


class Session:
    """An ONNX file that is open for evaluation.

    Parameters
    ----------
    path : Path
        The file.
    threads : int
        Of the runtime.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, or it is no ONNX that the runtime can read.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        import onnxruntime

        if not path.is_file():
            raise MissingFileError("there is no such file", path=path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - the runtime has a class of its own for each way a file can be wrong
            cause = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise CorruptFileError(f"is no ONNX network that can be read ({cause})", path=path) from None
        self.path = path
        self.inputs = {one.name: one for one in self._session.get_inputs()}
        self.outputs = [one.name for one in self._session.get_outputs()]

    @property
    def description(self) -> dict[str, Any]:
        """What the metadata say of the network; empty of a file that is not jetloom's."""
        found = self._session.get_modelmeta().custom_metadata_map.get(KEY)
        return dict(json.loads(found)) if found else {}

    def __call__(self, features: Mapping[str, Array]) -> list[Array]:
        """Evaluate rows.

        Parameters
        ----------
        features : mapping of str to array
            By input, rows first.

        Raises
        ------
        MissingObjectError
            If an input is not given.
        StaleError
            If an input has another shape: the file is that of another network.
        """
        given = {}
        for name, one in self.inputs.items():
            if name not in features:
                raise MissingObjectError(f"the input '{name}' is not given", path=self.path)
            array = np.asarray(features[name])
            sizes = one.shape[1:]
            if array.ndim != len(one.shape) or any(
                isinstance(size, int) and size != own for size, own in zip(sizes, array.shape[1:], strict=True)
            ):
                raise StaleError(
                    f"takes {sizes} values a row as '{name}', not {list(array.shape[1:])}",
                    path=self.path,
                    advice="it is the file of another network",
                )
            given[name] = np.ascontiguousarray(array, np.int32 if "int32" in one.type else np.float32)
        found: list[Array] = self._session.run(self.outputs, given)
        return found
