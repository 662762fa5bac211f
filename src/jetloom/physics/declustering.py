"""From merges to the record that JUNIPR reads: branchings from the root on, energy-ordered states, angles in frames.

The walk goes back through the merges, last one first. At each step t the mother is taken out of the list of particles,
which is sorted by energy, and its daughters are put in; her place in the list is ``mother_rank``. An equal energy goes
after those that are there, and of two daughters of equal energy the one with the higher node number counts as the
harder (arXiv:1804.09720 and its reference implementation).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from jetloom.physics.arctangent import full_angles
from jetloom.physics.history import History, Offsets
from jetloom.physics.kinematics import COLLINEAR, Momenta, momentum, set_frame, signed_mass

Floats = npt.NDArray[np.float64]

DIRECTIONS = 8
"""Angles of a branching that are worked out: two of each daughter, in the frames of the mother and of the jet."""


def decluster(
    momenta: Momenta, offsets: Offsets, history: History, branchings: npt.NDArray[np.void]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Fill in the branchings of many jets.

    Parameters
    ----------
    momenta : float64 array, shape (constituents, 4)
        px, py, pz, E of the constituents.
    offsets : int64 array, shape (jets + 1,)
        Their jets.
    history : History
        How they were merged, see :func:`jetloom.physics.clustering.cluster`.
    branchings : structured array, shape (merges,)
        Result, with the fields of :data:`jetloom.io.trees.TREE_BRANCHING` and floats of any size.

    Returns
    -------
    seeds : float64 array, shape (jets, 2)
        Energy and signed mass of each root.
    replaced : bool array, shape (jets,)
        Jets in which an axis is parallel to the lab's y, so that azimuths count from the lab's x.
    """
    jets = len(offsets) - 1
    seeds, replaced = np.empty((jets, 2)), np.zeros(jets, np.bool_)
    _decluster(momenta, offsets, *history, branchings, seeds, replaced)
    return seeds, replaced


@njit(cache=True, error_model="numpy", inline="always")
def _set_direction(frame: Floats, p: Any, pairs: Any, row: int) -> None:
    """Fill in the pairs whose arctangents are the angle to the axis of a frame and the azimuth."""
    across, along = pairs
    x = p[0] * frame[0, 0] + p[1] * frame[0, 1] + p[2] * frame[0, 2]
    y = p[0] * frame[1, 0] + p[1] * frame[1, 1] + p[2] * frame[1, 2]
    z = p[0] * frame[2, 0] + p[1] * frame[2, 1] + p[2] * frame[2, 2]
    across[row], along[row] = math.sqrt(x * x + y * y), z
    across[row + 1], along[row + 1] = y, x


@njit(cache=True, error_model="numpy", inline="always")
def _direction(angles: Floats, row: int) -> Any:
    """Return the angle to the axis, and the azimuth in [0, 2 pi), which is 0 where there is none."""
    theta, phi = angles[row], angles[row + 1]
    return theta, phi if theta >= COLLINEAR and phi < 2 * math.pi else 0.0


@njit(cache=True, error_model="numpy")
def _split(state: Any, count: int, mother: int, first: Any, second: Any) -> Any:
    """Replace a particle of the energy-ordered state by its daughters.

    Parameters
    ----------
    state : arrays of nodes, their energies and their places in the order of appearance
        The first ``count`` are the state.
    first, second : tuples of node, energy and place in the order of appearance
        The daughters, in the order in which they are put in.

    Returns
    -------
    rank, appearance : int
        Place of the mother in the state, and in the order of appearance.
    """
    nodes, energies, appearances = state
    rank = 0
    while nodes[rank] != mother:
        rank += 1
    appearance = appearances[rank]
    for i in range(rank, count - 1):
        nodes[i], energies[i], appearances[i] = nodes[i + 1], energies[i + 1], appearances[i + 1]
    count -= 1
    for new in (first, second):
        place = count
        while place > 0 and energies[place - 1] < new[1]:
            below = place - 1
            nodes[place], energies[place], appearances[place] = nodes[below], energies[below], appearances[below]
            place = below
        nodes[place], energies[place], appearances[place] = new
        count += 1
    return rank, appearance


@njit(cache=True, error_model="numpy")
def _decluster(
    momenta: Momenta, offsets: Offsets, parents: npt.NDArray[np.int32], merged: Momenta, merge_offsets: Offsets,
    branchings: npt.NDArray[np.void], seeds: Floats, replaced: npt.NDArray[np.bool_],
) -> None:  # fmt: skip
    most = 1
    for jet in range(len(seeds)):
        most = max(most, offsets[jet + 1] - offsets[jet])
    state = (np.empty(most, np.int64), np.empty(most), np.empty(most, np.int64))
    pairs = (np.empty(DIRECTIONS * most), np.empty(DIRECTIONS * most))
    workspace = (state, np.empty((3, 3)), np.empty((3, 3)), pairs, np.empty(DIRECTIONS * most))
    for jet in range(len(seeds)):
        first, last = merge_offsets[jet], merge_offsets[jet + 1]
        replaced[jet] = _decluster_jet(
            momenta[offsets[jet] : offsets[jet + 1]], parents[first:last], merged[first:last], branchings[first:last],
            seeds[jet], workspace,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _decluster_jet(
    constituents: Momenta, parents: npt.NDArray[np.int32], merged: Momenta, branchings: npt.NDArray[np.void],
    seed: Floats, workspace: Any,
) -> bool:  # fmt: skip
    """Fill in the branchings and the seed of one jet; say whether an axis is parallel to y."""
    state, axis, around, pairs, angles = workspace
    merges = len(merged)
    root = momentum(constituents, merged, 2 * merges)
    seed[0], seed[1] = root[3], signed_mass(root[0], root[1], root[2], root[3])
    replaced = merges > 0 and set_frame(axis, root[0], root[1], root[2])
    state[0][0], state[1][0], state[2][0] = 2 * merges, root[3], 0
    for t in range(merges):
        row, step, mother = branchings[t], merges - 1 - t, 2 * merges - t
        one, other = parents[step, 0], parents[step, 1]
        hard, soft = momentum(constituents, merged, one), momentum(constituents, merged, other)
        one_is_harder = hard[3] > soft[3]
        if one_is_harder:
            row.hard_node, row.soft_node = one, other
            first, second = (one, hard[3], 2 * t + 1), (other, soft[3], 2 * t + 2)
        else:
            row.hard_node, row.soft_node = other, one
            first, second = (one, hard[3], 2 * t + 2), (other, soft[3], 2 * t + 1)
            hard, soft = soft, hard
        row.mother_rank, row.mother = _split(state, t + 1, mother, first, second)
        px, py, pz, energy = merged[step, 0], merged[step, 1], merged[step, 2], merged[step, 3]
        replaced |= set_frame(around, px, py, pz)
        row.z = soft[3] / energy
        row.hard_e, row.hard_m = hard[3], signed_mass(hard[0], hard[1], hard[2], hard[3])
        row.soft_e, row.soft_m = soft[3], signed_mass(soft[0], soft[1], soft[2], soft[3])
        for place, frame, p in ((0, around, soft), (2, around, hard), (4, axis, hard), (6, axis, soft)):
            _set_direction(frame, p, pairs, DIRECTIONS * t + place)
    full_angles(pairs[0], pairs[1], DIRECTIONS * merges, angles)
    for t in range(merges):
        row, place = branchings[t], DIRECTIONS * t
        row.theta, row.phi = _direction(angles, place)
        row.delta = angles[place + 2]
        row.hard_theta, row.hard_phi = _direction(angles, place + 4)
        row.soft_theta, row.soft_phi = _direction(angles, place + 6)
    return replaced
