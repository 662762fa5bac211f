"""The regression pattern of lwtnn: inputs that every test and every program can make for itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STEPS = 20
"""Steps of the sequences of the pattern."""


def ramp(size: int) -> Floats:
    """Return ``size`` numbers from -1 to 1 in equal steps; of one it is 0."""
    return np.linspace(-1.0, 1.0, size) if size > 1 else np.zeros(size)


def sequence(size: int, steps: int = STEPS) -> Floats:
    """Return the pattern of a sequence, shape (steps, size): the product of the two ramps."""
    return np.outer(ramp(steps), ramp(size))


def raw(values: Any, offset: Any, scale: Any) -> Floats:
    """Return what becomes ``values`` when ``(x + offset) * scale`` is taken of it."""
    found: Floats = np.asarray(values) / np.asarray(scale, float) - np.asarray(offset, float)
    return found
