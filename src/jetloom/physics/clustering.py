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
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from jetloom.physics.kinematics import Momenta, azimuth, rapidity

Offsets = npt.NDArray[np.int64]

SMALLEST = 1e-300
"""Squared transverse momenta are not smaller where they are divided by."""


class History(NamedTuple):
    """Merges of many jets, one jet after the other; a jet of N constituents has N - 1."""

    parents: npt.NDArray[np.int32]
    """Nodes that were merged, shape (merges, 2), the one with the lower number first."""
    momenta: Momenta
    """Their sums, shape (merges, 4)."""
    offsets: Offsets
    """The merges of jet i are rows ``offsets[i]`` to ``offsets[i + 1]``."""

    def take(self, jets: npt.NDArray[np.bool_]) -> History:
        """Give the merges of some of the jets."""
        counts = np.diff(self.offsets)
        rows = np.repeat(jets, counts)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts[jets])])
        return History(self.parents[rows], self.momenta[rows], offsets)


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
    history = History(np.empty((merges[-1], 2), np.int32), np.empty((merges[-1], 4)), merges)
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
    history = History(np.empty((merges[-1], 2), np.int32), np.empty((merges[-1], 4)), merges)
    _cluster(momenta, offsets, float(exponent), float(radius) ** 2, *history, found)
    return found


def merge_offsets(offsets: Offsets) -> Offsets:
    """Give the offsets of merges from those of constituents: one less in each jet."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.diff(offsets) - 1)])


@njit(cache=True, error_model="numpy")
def whole(parents: npt.NDArray[np.int32], offsets: Offsets) -> npt.NDArray[np.bool_]:
    """Say for each jet whether its merges are a tree: every node but the root merged once, after it was there."""
    good = np.ones(len(offsets) - 1, np.bool_)
    for jet in range(len(good)):
        first, merges = offsets[jet], offsets[jet + 1] - offsets[jet]
        used = np.zeros(2 * merges + 1, np.bool_)
        for step in range(merges):
            for side in range(2):
                node = parents[first + step, side]
                if node < 0 or node > merges + step or used[node]:
                    good[jet] = False
                else:
                    used[node] = True
    return good


@njit(cache=True, error_model="numpy")
def _scale(px: float, py: float, exponent: float) -> float:
    """Give kt^2p."""
    kt2 = px * px + py * py
    if exponent == 0.0:
        return 1.0
    if exponent == 1.0:
        return kt2
    if exponent < 0.0:
        kt2 = max(kt2, SMALLEST)
    return 1.0 / kt2 if exponent == -1.0 else kt2**exponent


@njit(cache=True, error_model="numpy", inline="always")
def _distance(rapidity_a: float, phi_a: float, rapidity_b: float, phi_b: float) -> float:
    dphi = abs(phi_a - phi_b)
    if dphi > math.pi:
        dphi = 2 * math.pi - dphi
    dy = rapidity_a - rapidity_b
    return dphi * dphi + dy * dy


@njit(cache=True, error_model="numpy")
def _workspace(most: int) -> Any:
    """Make the columns of the pseudojets that there still are, for at most so many."""
    return (
        np.empty(most),  # rapidity
        np.empty(most),  # azimuth
        np.empty(most),  # kt^2p
        np.empty((most, 4)),  # momentum
        np.empty(most, np.int32),  # node
        np.empty(most),  # squared distance to the nearest neighbour
        np.empty(most, np.int64),  # that neighbour, -1: none within the limit
        np.empty(most),  # that distance times the smaller kt^2p
    )


@njit(cache=True, error_model="numpy", inline="always")
def _place(jets: Any, slot: int, px: float, py: float, pz: float, energy: float, node: int, exponent: float) -> None:
    """Put a new pseudojet into a slot."""
    rapidities, phis, scales, momenta, nodes = jets[0], jets[1], jets[2], jets[3], jets[4]
    rapidities[slot] = rapidity(px, py, pz, energy)
    phis[slot] = azimuth(px, py)
    scales[slot] = _scale(px, py, exponent)
    momenta[slot, 0], momenta[slot, 1], momenta[slot, 2], momenta[slot, 3] = px, py, pz, energy
    nodes[slot] = node


@njit(cache=True, error_model="numpy", inline="always")
def _move(jets: Any, source: int, target: int) -> None:
    """Copy a pseudojet from one slot to another."""
    for column in (jets[0], jets[1], jets[2], jets[5], jets[7]):
        column[target] = column[source]
    for axis in range(4):
        jets[3][target, axis] = jets[3][source, axis]
    jets[4][target] = jets[4][source]
    jets[6][target] = jets[6][source]


@njit(cache=True, error_model="numpy", inline="always")
def _weigh(jets: Any, slot: int) -> None:
    """Work out the distance of a pseudojet that decides whether it merges next."""
    scale, neighbour = jets[2][slot], jets[6][slot]
    if neighbour >= 0:
        scale = min(scale, jets[2][neighbour])
    jets[7][slot] = jets[5][slot] * scale


@njit(cache=True, error_model="numpy")
def _find_neighbours(jets: Any, count: int, limit: float) -> None:
    """Find the nearest neighbour of every pseudojet."""
    rapidities, phis, nearest, neighbours = jets[0], jets[1], jets[5], jets[6]
    for i in range(count):
        nearest[i], neighbours[i] = limit, -1
        for j in range(i):
            distance = _distance(rapidities[i], phis[i], rapidities[j], phis[j])
            if distance < nearest[i]:
                nearest[i], neighbours[i] = distance, j
            if distance < nearest[j]:
                nearest[j], neighbours[j] = distance, i
    for i in range(count):
        _weigh(jets, i)


@njit(cache=True, error_model="numpy")
def _find_neighbour(jets: Any, slot: int, count: int, limit: float) -> None:
    """Find the nearest neighbour of one pseudojet anew."""
    rapidities, phis = jets[0], jets[1]
    nearest, neighbour = limit, -1
    y, phi = rapidities[slot], phis[slot]
    for j in range(count):
        distance = _distance(y, phi, rapidities[j], phis[j])
        if distance < nearest and j != slot:
            nearest, neighbour = distance, j
    jets[5][slot], jets[6][slot] = nearest, neighbour


@njit(cache=True, error_model="numpy")
def _cluster_jet(
    constituents: Momenta, exponent: float, limit: float, parents: npt.NDArray[np.int32], merged: Momenta, jets: Any
) -> int:
    """Cluster one jet; give the number of merges."""
    momenta, nodes, nearest, neighbours, weighed = jets[3], jets[4], jets[5], jets[6], jets[7]
    count = len(constituents)
    for i in range(count):
        px, py, pz, energy = constituents[i, 0], constituents[i, 1], constituents[i, 2], constituents[i, 3]
        _place(jets, i, px, py, pz, energy, i, exponent)
    _find_neighbours(jets, count, limit)
    merges = 0
    while count > 1:
        closest = 0
        for i in range(1, count):
            if weighed[i] < weighed[closest]:
                closest = i
        partner = neighbours[closest]
        # The slot with the lower number holds what comes next, and the last pseudojet moves to the other.
        gone, kept = max(closest, partner), min(closest, partner)
        if partner >= 0:
            a, b = nodes[kept], nodes[gone]
            parents[merges, 0], parents[merges, 1] = min(a, b), max(a, b)
            for axis in range(4):
                merged[merges, axis] = momenta[kept, axis] + momenta[gone, axis]
            px, py, pz, energy = merged[merges, 0], merged[merges, 1], merged[merges, 2], merged[merges, 3]
            _place(jets, kept, px, py, pz, energy, len(constituents) + merges, exponent)
            nearest[kept], neighbours[kept] = limit, -1
            merges += 1
        count -= 1
        _move(jets, count, gone)
        _update(jets, count, gone, kept, limit)
    return merges


@njit(cache=True, error_model="numpy")
def _update(jets: Any, count: int, gone: int, kept: int, limit: float) -> None:
    """Bring the nearest neighbours up to date after a merge into the slot ``kept``, or without one if it is -1."""
    rapidities, phis, nearest, neighbours = jets[0], jets[1], jets[5], jets[6]
    for i in range(count):
        if neighbours[i] == gone or (kept >= 0 and neighbours[i] == kept):
            _find_neighbour(jets, i, count, limit)
            _weigh(jets, i)
        if kept >= 0 and i != kept:
            distance = _distance(rapidities[i], phis[i], rapidities[kept], phis[kept])
            if distance < nearest[i]:
                nearest[i], neighbours[i] = distance, kept
                _weigh(jets, i)
            if distance < nearest[kept]:
                nearest[kept], neighbours[kept] = distance, i
        if neighbours[i] == count:
            neighbours[i] = gone
    if kept >= 0:
        _weigh(jets, kept)


@njit(cache=True, error_model="numpy")
def _cluster(
    momenta: Momenta, offsets: Offsets, exponent: float, limit: float, parents: npt.NDArray[np.int32], merged: Momenta,
    merge_offsets: Offsets, piece: npt.NDArray[np.int32],
) -> None:  # fmt: skip
    """Cluster all jets; with a finite ``limit`` (squared radius) fill in ``piece``, as histories are not whole then."""
    most = 1
    for jet in range(len(offsets) - 1):
        most = max(most, offsets[jet + 1] - offsets[jet])
    jets = _workspace(most)
    for jet in range(len(offsets) - 1):
        start, stop = offsets[jet], offsets[jet + 1]
        first, last = merge_offsets[jet], merge_offsets[jet + 1]
        merges = _cluster_jet(momenta[start:stop], exponent, limit, parents[first:last], merged[first:last], jets)
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
