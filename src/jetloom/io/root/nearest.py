"""Objects of the event (long-lived particles, jets of the trigger) and the jets that they are nearest to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from jetloom.io.root.events import Mask, Offsets

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


def nearest_jets(
    objects: tuple[Offsets, Floats, Floats], jets: tuple[Offsets, Floats, Floats], among: Mask, within: float
) -> tuple[Index, Floats]:
    """Find the jet that is nearest to each object, and give each jet the nearest of those that chose it.

    Parameters
    ----------
    objects, jets : tuple of int64 array of ``n_events + 1``, float arrays
        Offsets, eta and phi. An object whose eta or phi is NaN has no jet.
    among : bool array, one a jet
        The jets that may be chosen.
    within : float
        Largest distance in eta and phi.

    Returns
    -------
    rows : int64 array, one a jet
        The object of each jet, -1 for none.
    distances : float array, one a jet
        NaN without an object.
    """
    count = int(jets[0][-1])
    rows, distances = np.full(count, -1, np.int64), np.full(count, np.nan)
    _nearest(*objects, *jets, among, within, rows, distances)
    return rows, distances


@njit(cache=True)
def _nearest(
    starts: Offsets,
    eta: Floats,
    phi: Floats,
    jets: Offsets,
    jet_eta: Floats,
    jet_phi: Floats,
    among: Mask,
    within: float,
    rows: Index,
    distances: Floats,
) -> None:  # pragma: no cover - compiled
    for event in range(len(starts) - 1):
        for row in range(starts[event], starts[event + 1]):
            best, jet = np.inf, -1
            for place in range(jets[event], jets[event + 1]):
                if not among[place]:
                    continue
                turn = abs(phi[row] - jet_phi[place]) % (2 * np.pi)
                turn = min(turn, 2 * np.pi - turn)
                distance = np.hypot(eta[row] - jet_eta[place], turn)
                if distance < best:
                    best, jet = distance, place
            if jet >= 0 and best <= within and not (distances[jet] <= best):
                distances[jet], rows[jet] = best, row
