"""Which stepper: that of the backend that Keras runs on."""

from __future__ import annotations

from typing import Any

from jetloom.models.base import Model
from jetloom.training.steppers.base import Stepper


def make_stepper(network: Any, model: Model, parameters: Any) -> Stepper:
    """Return the stepper of the backend that Keras runs on; see :class:`jetloom.training.steppers.base.Stepper`."""
    import keras

    if keras.backend.backend() == "jax":
        from jetloom.training.steppers.on_jax import JaxStepper

        return JaxStepper(network, model, parameters)
    from jetloom.training.steppers.on_tensorflow import TensorFlowStepper

    return TensorFlowStepper(network, model, parameters)
