"""Importing this module registers all layers that Keras does not have, so that saved models load."""

from __future__ import annotations

import jetloom.models.gated
import jetloom.models.junipr.network
import jetloom.models.junipr.ratio
import jetloom.models.lorentz
import jetloom.models.missing  # noqa: F401 - each registers its layers
