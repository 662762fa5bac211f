"""Why a jet is not the tree that it should be."""

from __future__ import annotations

NOT_FINITE, NO_ENERGY, NO_CONSTITUENTS, FEW, MANY, APART, NO_TREE, NO_PLACE = range(8)
REASONS = (
    "a momentum is not finite",
    "a constituent has no or negative energy",
    "no constituents",
    "fewer than trees.min_constituents",
    "more than trees.max_constituents",
    "falls apart within trees.radius",
    "its merges are no tree",
    "more constituents than places in the HDF5 file",
)
"""The texts; the index of each stands in the table ``quarantine``."""
NONE = 255
"""No reason: the jet is a tree as it should be."""
