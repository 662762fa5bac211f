"""What no format can hold, and the way out of it, by the class of a layer."""

from __future__ import annotations

from typing import NoReturn

from jetloom.errors import RefusedNetworkError
from jetloom.export.graphs.graph import Node

WAYS_OUT = {
    "Masking": "leave Masking out, and give the network sequences without padding where the format has them",
    "Lambda": "write it with layers of Keras, or as a layer of your own with a name",
    "GRU": "train it with reset_after=False",
    "Bidirectional": "train two layers, one of them on sequences that you turn round before",
    "MultiHeadAttention": "export it to ONNX with a program of your choice, or use deep_sets",
    "Dot": "lwtnn sums over steps, and weighs none: train deep_sets as particle_flow, or export to ONNX",
    "Junipr": "give the whole network to jetloom export: it writes each head as a dense network of its own",
}
OTHERWISE = "take it out, or export to a format that has it"


def refuse(node: Node, form: str, reason: str = "", advice: str = "") -> NoReturn:
    """Raise the error of a layer that a format does not have.

    Parameters
    ----------
    node : Node
        The layer.
    form : str
        Name of the format.
    reason, advice : str
        Why, if it is more than that the format has no such layer; and what to do.
    """
    cause = f"{node.title}: {reason or f'{form} has no such layer'}"
    raise RefusedNetworkError(cause, where=form, advice=advice or WAYS_OUT.get(node.kind, OTHERWISE))


def refuse_states(node: Node, form: str) -> None:
    """Refuse a recurrent layer that keeps a state from one call to the next, runs backwards or starts from a state."""
    for key, reason in (
        ("stateful", "it is stateful, and a file has no state"),
        ("go_backwards", "it goes backwards"),
        ("return_state", "it gives its state as an output"),
    ):
        if node.config.get(key):
            refuse(node, form, reason, f"train it with {key}=False")
    if node.config.get("masked"):
        refuse(node, form, "it takes a mask of steps", "give it sequences without padding, and no mask")
    if len(node.sources) > 1:
        refuse(node, form, "it starts from a state that is not zero", "train it without initial_state")
