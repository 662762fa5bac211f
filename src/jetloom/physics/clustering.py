"""Sequential recombination of the constituents of jets with generalised kt (arXiv:0802.1189), in the E scheme.

Each pair has the distance min(kt_i^2p, kt_j^2p) dR_ij^2, with rapidities and azimuths; the closest pair is merged until
one is left. p = 0 is Cambridge/Aachen, -1 anti-kt, 1 kt. As in FastJet's plain O(N^2) method each pseudojet knows its
nearest neighbour. Sums, distances and the order in which pairs are looked at are FastJet's, so that rounding and
equal distances lead to the same merges.

Nodes are numbered within a jet: the N constituents in their order, then the merged ones in the order of merging; the
root is 2 N - 2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from jetloom.physics.history import History, Offsets, merge_offsets
from jetloom.physics.kinematics import Momenta, azimuth, momentum, rapidity

Floats = npt.NDArray[np.float64]

SMALLEST = 1e-300
"""Squared transverse momenta are not smaller where they are divided by."""
LARGEST = 1e280
"""Powers of them are not larger, so that no distance is infinite."""


def cluster(momenta: Momenta, offsets: Offsets, exponent: float) -> History:
    """Merge the constituents of each jet into one tree, however far apart they are.

    Parameters
    ----------
    momenta : float64 array, shape (constituents, 4)
        px, py, pz, E; finite.
    offsets : int64 array, shape (jets + 1,)
        The constituents of jet i are rows ``offsets[i]`` to ``offsets[i + 1]``; each jet has at least one.
    exponent : float
        p of generalised kt.
    """
    merges = merge_offsets(offsets)
    history = History(np.zeros((merges[-1], 2), np.int32), np.empty((merges[-1], 4)), merges)
    _cluster(momenta, offsets, float(exponent), math.inf, *history, np.empty(0, np.int32))
    return history


def pieces(momenta: Momenta, offsets: Offsets, exponent: float, radius: float) -> npt.NDArray[np.int32]:
    """Cluster with a limit of the radius, and say which constituents end in the same piece of their jet.

    Returns
    -------
    int32 array, shape (constituents,)
        Number of its piece within its jet; one tree is all 0. The merges within a piece are those that :func:`cluster`
        makes of its constituents alone.
    """
    found = np.zeros(len(momenta), np.int32)
    merges = merge_offsets(offsets)
    history = History(np.zeros((merges[-1], 2), np.int32), np.empty((merges[-1], 4)), merges)
    _cluster(momenta, offsets, float(exponent), float(radius) ** 2, *history, found)
    return found


@njit(cache=True, error_model="numpy")
def _scale(px: float, py: float, exponent: float) -> float:
    """Return kt^2p, within what floats can hold."""
    if exponent == 0.0:
        return 1.0
    kt2 = px * px + py * py
    if exponent == 1.0:
        return kt2
    if exponent < 0.0:
        kt2 = max(kt2, SMALLEST)
    return 1.0 / kt2 if exponent == -1.0 else min(kt2**exponent, LARGEST)


@njit(cache=True, error_model="numpy", inline="always")
def _place(jets: Any, slot: int, p: Any, exponent: float) -> None:
    """Put the kinematics of a new pseudojet into a slot."""
    rapidities, phis, scales = jets[0], jets[1], jets[2]
    rapidities[slot], phis[slot] = rapidity(p[0], p[1], p[2], p[3]), azimuth(p[0], p[1])
    scales[slot] = _scale(p[0], p[1], exponent)


# The loops below do one thing each, so that the compiler makes vector instructions of them.


@njit(cache=True, error_model="numpy", inline="always")
def _set_distances(jets: Any, slot: int, count: int, distances: Floats) -> None:
    """Work out the squared distances of one pseudojet to the first ``count``."""
    rapidities, phis = jets[0], jets[1]
    y, phi = rapidities[slot], phis[slot]
    for j in range(count):
        dphi = abs(phi - phis[j])
        dphi = min(dphi, 2 * math.pi - dphi)
        dy = y - rapidities[j]
        distances[j] = dphi * dphi + dy * dy


@njit(cache=True, fastmath={"nnan", "nsz"})
def _smallest(values: Floats, count: int) -> int:
    """Return the place of the smallest of ``count`` numbers, the first of equal ones; -1 if all are infinite."""
    smallest = math.inf
    for i in range(count):
        smallest = min(smallest, values[i])
    for i in range(count):
        if values[i] == smallest:
            return i if smallest < math.inf else -1
    return -1


@njit(cache=True, error_model="numpy", inline="always")
def _set_neighbour(jets: Any, slot: int, count: int, limit: float, distances: Floats) -> None:
    """Choose the nearest neighbour by the distances, if there is one within the limit."""
    neighbour = _smallest(distances, count)
    if neighbour >= 0 and distances[neighbour] < limit:
        jets[3][slot], jets[4][slot] = distances[neighbour], neighbour
    else:
        jets[3][slot], jets[4][slot] = limit, -1


@njit(cache=True, error_model="numpy", inline="always")
def _weigh(jets: Any, slot: int) -> None:
    """Work out the distance of a pseudojet that decides whether it merges next."""
    scale, neighbour = jets[2][slot], jets[4][slot]
    if neighbour >= 0:
        scale = min(scale, jets[2][neighbour])
    jets[5][slot] = jets[3][slot] * scale


@njit(cache=True, error_model="numpy", inline="always")
def _find_neighbours(jets: Any, count: int, limit: float, distances: Floats) -> None:
    """Find the nearest neighbour of every pseudojet."""
    nearest, neighbours = jets[3], jets[4]
    for i in range(count):
        _set_distances(jets, i, i, distances)
        _set_neighbour(jets, i, i, limit, distances)
        for j in range(i):
            closer = distances[j] < nearest[j]
            nearest[j] = distances[j] if closer else nearest[j]
            neighbours[j] = i if closer else neighbours[j]
    for i in range(count):
        _weigh(jets, i)


@njit(cache=True, error_model="numpy", inline="always")
def _update(jets: Any, count: int, gone: int, kept: int, limit: float, buffers: Any) -> None:
    """Bring the nearest neighbours up to date after a merge into the slot ``kept``, or without one if it is -1."""
    scales, nearest, neighbours, weighed = jets[2], jets[3], jets[4], jets[5]
    distances, others, again = buffers
    if kept >= 0:
        _set_distances(jets, kept, count, distances)
        distances[kept] = math.inf
    else:
        distances[:count] = math.inf
    # Those whose neighbour is no more look for another. They are listed without a branch, which would be guessed wrong.
    lonely, changed = 0, kept if kept >= 0 else gone
    for i in range(count):
        again[lonely] = i
        lonely += (neighbours[i] == gone) | (neighbours[i] == changed)
    scale = scales[max(kept, 0)]
    for i in range(count):
        closer = distances[i] < nearest[i]
        nearest[i] = distances[i] if closer else nearest[i]
        weighed[i] = distances[i] * min(scales[i], scale) if closer else weighed[i]
        moved = gone if neighbours[i] == count else neighbours[i]
        neighbours[i] = kept if closer else moved
    for k in range(lonely):
        i = again[k]
        if i != kept:
            _set_distances(jets, i, count, others)
            others[i] = math.inf
            _set_neighbour(jets, i, count, limit, others)
            _weigh(jets, i)
    if kept >= 0:
        _set_neighbour(jets, kept, count, limit, distances)
        _weigh(jets, kept)


@njit(cache=True, error_model="numpy")
def _workspace(most: int) -> Any:
    """Make room for the pseudojets that there still are, at most so many, and for distances."""
    jets = (
        np.empty(most),  # 0 rapidity
        np.empty(most),  # 1 azimuth
        np.empty(most),  # 2 kt^2p
        np.empty(most),  # 3 squared distance to the nearest neighbour
        np.empty(most, np.int64),  # 4 that neighbour, -1: none within the limit
        np.empty(most),  # 5 that distance times the smaller kt^2p
    )
    return jets, np.empty(most, np.int64), (np.empty(most), np.empty(most), np.empty(most + 1, np.int64))


@njit(cache=True, error_model="numpy")
def _cluster_jet(
    constituents: Momenta, exponent: float, limit: float, parents: npt.NDArray[np.int32], merged: Momenta,
    workspace: Any,
) -> int:  # fmt: skip
    """Cluster one jet; give the number of merges."""
    jets, nodes, buffers = workspace
    count, merges = len(constituents), 0
    for i in range(count):
        nodes[i] = i
        _place(jets, i, momentum(constituents, merged, i), exponent)
    _find_neighbours(jets, count, limit, buffers[0])
    while count > 1:
        closest = max(_smallest(jets[5], count), 0)
        partner = jets[4][closest]
        # The slot with the lower number holds what comes next, and the last pseudojet moves to the other.
        gone, kept = max(closest, partner), min(closest, partner)
        if partner >= 0:
            a, b = nodes[kept], nodes[gone]
            parents[merges, 0], parents[merges, 1] = min(a, b), max(a, b)
            p, q = momentum(constituents, merged, a), momentum(constituents, merged, b)
            total = (p[0] + q[0], p[1] + q[1], p[2] + q[2], p[3] + q[3])
            for axis in range(4):
                merged[merges, axis] = total[axis]
            nodes[kept] = len(constituents) + merges
            _place(jets, kept, total, exponent)
            merges += 1
        count -= 1
        nodes[gone] = nodes[count]
        for column in (jets[0], jets[1], jets[2], jets[3], jets[5]):
            column[gone] = column[count]
        jets[4][gone] = jets[4][count]
        _update(jets, count, gone, kept, limit, buffers)
    return merges


@njit(cache=True, error_model="numpy")
def _cluster(
    momenta: Momenta, offsets: Offsets, exponent: float, limit: float, parents: npt.NDArray[np.int32], merged: Momenta,
    merge_offsets: Offsets, piece: npt.NDArray[np.int32],
) -> None:  # fmt: skip
    """Cluster all jets; with a finite ``limit`` (squared radius) fill in ``piece``, as histories are not whole then."""
    most = 1
    for jet in range(len(offsets) - 1):
        most = max(most, offsets[jet + 1] - offsets[jet])
    workspace = _workspace(most)
    for jet in range(len(offsets) - 1):
        start, stop = offsets[jet], offsets[jet + 1]
        first, last = merge_offsets[jet], merge_offsets[jet + 1]
        merges = _cluster_jet(momenta[start:stop], exponent, limit, parents[first:last], merged[first:last], workspace)
        if len(piece):
            _number_pieces(parents[first : first + merges], piece[start:stop])


@njit(cache=True, error_model="numpy")
def _number_pieces(parents: npt.NDArray[np.int32], piece: npt.NDArray[np.int32]) -> None:
    """Number what was not merged any further, and hand the numbers down to the constituents."""
    constituents = len(piece)
    number = np.full(constituents + len(parents), -1, np.int32)
    found = 0
    for node in range(len(number) - 1, -1, -1):
        if number[node] < 0:
            number[node] = found
            found += 1
        if node >= constituents:
            number[parents[node - constituents, 0]] = number[node]
            number[parents[node - constituents, 1]] = number[node]
    piece[:] = number[:constituents]
