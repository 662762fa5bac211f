"""Which stepper: that of the backend that Keras runs on."""

from __future__ import annotations

from typing import Any

from jetloom.training.steppers.base import RowValues, Stepper


def make_stepper(
    network: Any,
    optimizer: Any,
    values: RowValues,
    micro_batch: int = 0,
    xla: bool = False,
    reduction: str = "mean",
) -> Stepper:
    """Return the stepper of the backend that Keras runs on; see :class:`jetloom.training.steppers.base.Stepper`."""
    import keras

    if keras.backend.backend() == "jax":
        from jetloom.training.steppers.on_jax import JaxStepper

        return JaxStepper(network, optimizer, values, micro_batch, reduction=reduction)
    from jetloom.training.steppers.on_tensorflow import TensorFlowStepper

    return TensorFlowStepper(network, optimizer, values, micro_batch, xla, reduction)
