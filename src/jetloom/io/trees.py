"""What files hold of clustering trees: flat tables with one row a branching, and offsets from the jets to their rows.

A tree of N constituents has n = N - 1 branchings, in the order of the walk back from the root (for Cambridge/Aachen the
widest first). Nodes are numbered by their appearance in the walk: the root is 0, branching t makes the nodes 2 t + 1
(the harder daughter) and 2 t + 2. So the momenta of all nodes but the root stand in the rows of the branchings that
made them, and the momentum of the mother of branching t is the seed if ``mother`` is 0, else the harder (``mother``
odd) or softer daughter of branching ``(mother - 1) // 2`` of the same jet.

Momenta are (energy in GeV, theta, phi, signed mass in GeV) relative to the axis of the jet; ``z``, ``theta``, ``phi``
and ``delta`` are those of the softer daughter, and the angle of the harder one, relative to their mother. Angles in
radians. See docs/formats.md.
"""

from __future__ import annotations

import numpy as np

MOMENTUM = ("e", "theta", "phi", "m")
"""Components of a momentum, in order."""

BRANCHING_VARIABLES = ("z", "theta", "phi", "delta")

BRANCHING = np.dtype(
    [(name, "<f4") for name in BRANCHING_VARIABLES]
    + [(f"hard_{name}", "<f4") for name in MOMENTUM]
    + [(f"soft_{name}", "<f4") for name in MOMENTUM]
    + [("mother", "<u2"), ("mother_rank", "<u2")]
)
"""What a training needs of a branching: 52 bytes. ``mother_rank`` is the mother's place in the order of energies among
the t + 1 particles there are, 0 for the hardest."""

NODES = np.dtype([("hard_node", "<u2"), ("soft_node", "<u2")])
"""What only drawings and JuniprJets records need: the daughters' numbers in the history of the clustering, in which the
constituents come first, in their order, then the merged ones, in the order of merging; the root is 2 N - 2."""

TREE_BRANCHING = np.dtype(BRANCHING.descr + NODES.descr)
"""The rows of ``branchings`` in a file of trees."""

JET_TREE = np.dtype([("seed_e", "<f4"), ("seed_m", "<f4"), ("n_branchings", "<i4"), ("first_branching", "<i8")])
"""Columns of ``jets`` that lead to the tree: energy and signed mass of the root, whose angles are 0, the number of its
branchings, and the row of ``branchings`` that is its first. The rows of consecutive jets follow one another."""

QUARANTINE = np.dtype(
    [
        ("run_number", "<u4"), ("event_number", "<u8"), ("row", "<i8"), ("reason", "u1"), ("kept", "?"),
        ("n_constituents", "<i4"), ("pt", "<f4"), ("eta", "<f4"), ("phi", "<f4"),
        ("largest_piece", "<i4"), ("second_piece", "<i4"),
    ]
)  # fmt: skip
"""One row of ``quarantine`` for each jet that could not be the tree it should be: which row of the HDF5 file it is, why
(an index of the attribute ``reasons``), and whether it was kept in another form (truncated, its largest piece,
reclustered). The pieces are numbers of constituents, 0 unless the jet fell apart."""
