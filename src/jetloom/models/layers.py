"""Importing this module registers all layers that Keras does not have, so that saved models load."""
# ruff: noqa: F401 - each module registers its layers

from __future__ import annotations

import jetloom.models.blocks.gated
import jetloom.models.blocks.lorentz
import jetloom.models.blocks.missing
import jetloom.models.junipr.network
import jetloom.models.junipr.ratio
