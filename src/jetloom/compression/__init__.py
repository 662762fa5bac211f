"""Columns of numbers in fewer bytes, no value further from its original than the user allows.

What is lossy is a grid (:mod:`~jetloom.compression.grids`) whose step follows from the bound; what is left is the
entropy of the codes (:mod:`~jetloom.compression.symbols`, :mod:`~jetloom.compression.rans`). Whatever a grid cannot
hold within its bound is kept exactly (:mod:`~jetloom.compression.columns`). A file is a row of blocks, each with its
own checksum (:mod:`~jetloom.compression.container`).
"""

from pathlib import Path

from jetloom.physics.compiled import forget_stale

forget_stale(Path(__file__).parent)
