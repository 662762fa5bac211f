"""What the JUNIPR network takes: padded arrays of physical values, filled from a flat block of trees."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.gather import gather
from jetloom.data.streams.buckets import padded_steps
from jetloom.errors import BadValueError
from jetloom.io.trees import BRANCHING, BRANCHING_VARIABLES, MOMENTUM
from jetloom.models.junipr.parameters import INTEGERS, SHAPES

FLOATS = len(BRANCHING_VARIABLES) + 2 * len(MOMENTUM)
"""Leading float32 values of a branching: four variables, then the momenta of the harder and the softer daughter."""


def padded(jets: Block, most: int | None = None) -> dict[str, npt.NDArray[Any]]:
    """Return the padded arrays of some jets.

    Parameters
    ----------
    jets : Block
        A block with trees. They are read where they lie, so jets that were picked from a block need no copy of them.
    most : int, optional
        Constituents that a jet may have.

    Returns
    -------
    dict
        With T the steps of the longest jet, rounded up (:func:`~jetloom.data.streams.buckets.padded_steps`), n the
        branchings of a jet, energies and masses in GeV, angles in radians:

        * ``seed`` float32 (rows, 4): momentum of the root, (E, 0, 0, m);
        * ``daughters`` float32 (rows, T, 8): at t < n those of branching t, the harder one first;
        * ``mother`` float32 (rows, T, 4): momentum of the mother of branching t;
        * ``branching`` float32 (rows, T, 4): z, theta, phi, delta;
        * ``rank`` int32 (rows, T): the mother's place in the order of energies;
        * ``length`` int32 (rows,): n.

        The padding is 1 (0 for the rank), whose logarithm is harmless; the network masks it by the length.

    Raises
    ------
    BadValueError
        If the block has no trees, or a jet has more constituents than it may.
    """
    try:
        table, starts, lengths = jets.runs
    except ValueError as error:
        raise BadValueError(str(error), advice="set reads: trees for the task that owns the dataset") from None
    longest = int(lengths.max(initial=0))
    if most is not None and longest + 1 > most:
        raise BadValueError(
            f"a jet has {longest + 1} constituents where {most} are the most that the model was built for"
        )
    rows, steps = len(jets), int(padded_steps(longest + 1))
    arrays = {
        name: np.empty(
            (rows, *(steps if size == -1 else size for size in shape)),
            np.int32 if name in INTEGERS else np.float32,
        )
        for name, shape in SHAPES.items()
    }
    arrays["length"][:] = lengths
    seed = arrays["seed"]
    seed[:, 0], seed[:, 1:3], seed[:, 3] = jets["seed_e"], 0, jets["seed_m"]
    if table.dtype != BRANCHING:  # what has to be copied are the trees of these jets alone
        table, starts = gather(table, starts, lengths), np.cumsum(lengths) - lengths
    floats, integers = _columns(table)
    filled: list[Any] = [arrays[name] for name in SHAPES if name != "length"]
    _fill(starts, lengths, floats, integers, *filled)
    return arrays


def _columns(branchings: npt.NDArray[np.void]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint16]]:
    """See a table of branchings as its float32 values, and as (mother, rank); without a copy where it is BRANCHING."""
    if branchings.dtype != BRANCHING or not branchings.flags.c_contiguous:
        plain = np.empty(len(branchings), BRANCHING)
        for name in BRANCHING.names or ():
            plain[name] = branchings[name]
        branchings = plain
    size = BRANCHING.itemsize
    floats = branchings.view(np.float32).reshape(-1, size // 4)[:, :FLOATS]
    integers = branchings.view(np.uint16).reshape(-1, size // 2)[:, 2 * FLOATS : 2 * FLOATS + 2]
    return floats, integers


@numba.njit(cache=True, nogil=True)
def _fill(
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    floats: npt.NDArray[np.float32],
    integers: npt.NDArray[np.uint16],
    seed: npt.NDArray[np.float32],
    daughters: npt.NDArray[np.float32],
    mother: npt.NDArray[np.float32],
    branching: npt.NDArray[np.float32],
    rank: npt.NDArray[np.int32],
) -> None:  # pragma: no cover - compiled
    for row in range(len(seed)):
        first, length = starts[row], lengths[row]
        branching[row, length:], daughters[row, length:], mother[row, length:], rank[row, length:] = 1, 1, 1, 0
        for step in range(length):
            values = floats[first + step]
            branching[row, step] = values[:4]
            daughters[row, step] = values[4:]
            rank[row, step] = integers[first + step, 1]
            node = np.int64(integers[first + step, 0])
            if node == 0:
                mother[row, step] = seed[row]
            else:  # node 2 t + 1 is the harder, 2 t + 2 the softer daughter of branching t
                start = 4 if node % 2 == 1 else 8
                mother[row, step] = floats[first + (node - 1) // 2][start : start + 4]
