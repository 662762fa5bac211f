"""What an ONNX graph is put together from: nodes, constants, and names for what they give."""

from __future__ import annotations

from typing import Any

import numpy as np

OPSET = 17
"""Version of the operators: what runtimes of 2022 and later have."""
IR_VERSION = 8


class Pieces:
    """Nodes and constants of an ONNX graph, in the order in which they are made."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def add(self, operator: str, inputs: list[str], name: str, outputs: int = 0, **attributes: Any) -> str:
        """Add an operator; return the name of its first result, or of the one numbered ``outputs``."""
        from onnx import helper

        unique = f"{name}/{operator}_{len(self.nodes)}"
        given = ["" if place < outputs else f"{unique}:{place}" for place in range(outputs + 1)]
        self.nodes.append(helper.make_node(operator, inputs, given, name=unique, **attributes))
        return given[-1]

    def constant(self, values: Any, name: str, dtype: Any = np.float32) -> str:
        """Add a constant; return its name. A layer that is used twice has its weights once."""
        from onnx import numpy_helper

        array = np.ascontiguousarray(values, dtype)
        if name in self.constants:
            known = numpy_helper.to_array(self.constants[name])
            if known.shape == array.shape and (known == array).all():
                return name
            return self.constant(values, f"{name}'", dtype)
        self.constants[name] = numpy_helper.from_array(array, name)
        return name

    def integers(self, values: Any, name: str) -> str:
        """Add a constant of whole numbers, as axes and shapes are."""
        return self.constant(values, name, np.int64)
