"""The energy-ordered states of a tree, replayed from its branchings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit


@njit(cache=True)
def replay(
    hard_e: npt.NDArray[np.floating], soft_e: npt.NDArray[np.floating], rank: npt.NDArray[np.integer],
    mother: npt.NDArray[np.int64],
) -> npt.NDArray[np.int32]:  # fmt: skip
    """Return the states before each branching and at the end, as orders of appearance (:mod:`jetloom.io.trees`).

    Parameters
    ----------
    hard_e, soft_e : float arrays, shape (n,)
        Energies of the daughters.
    rank : integer array, shape (n,)
        Place of the mother in the state.
    mother : int64 array, shape (n,)
        The mother; where it is negative it is filled in. It goes before the rank: energies that were rounded to
        equal ones may stand in another order.

    Returns
    -------
    int32 array, shape (n + 1, n + 1)
        State t is ``[t, : t + 1]``, the hardest first.
    """
    n = len(rank)
    states = np.zeros((n + 1, n + 1), np.int32)
    energy = np.zeros(2 * n + 1)
    energy[0] = np.inf
    for t in range(n):
        if mother[t] < 0:
            mother[t] = states[t, rank[t]]
        place = 0
        for i in range(t + 1):
            if states[t, i] == mother[t]:
                place = i
        count = 0
        for i in range(t + 1):
            if i != place:
                states[t + 1, count] = states[t, i]
                count += 1
        energy[2 * t + 1], energy[2 * t + 2] = hard_e[t], soft_e[t]
        # Of equal daughters the softer by name is parent 1, which is put in first.
        for new in (2 * t + 2, 2 * t + 1):
            place = count
            while place > 0 and energy[states[t + 1, place - 1]] < energy[new]:
                states[t + 1, place] = states[t + 1, place - 1]
                place -= 1
            states[t + 1, place] = new
            count += 1
    return states
