"""Importing this module registers all layers that Keras does not have, so that saved models load."""

from __future__ import annotations
