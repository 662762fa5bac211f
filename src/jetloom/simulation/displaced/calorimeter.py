"""A toy calorimeter: where straight lines meet it, in which of its layers a particle leaves its energy, and when.

It is a cylinder around the beam with an electromagnetic part of four layers and a hadronic part of four behind it.
Depth is measured from 0, its inner surface, to 1, its outer one. Nothing is tuned to data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RADIUS, OUTER_RADIUS = 1500.0, 4000.0
LENGTH, OUTER_LENGTH = 3500.0, 6000.0
"""Inner and outer surface of the barrel (radius) and of the end-caps (|z|), in mm."""

LAYERS = ("l1ecal", "l2ecal", "l3ecal", "l4ecal", "l1hcal", "l2hcal", "l3hcal", "l4hcal")
EDGES = np.array([0.0, 0.01, 0.08, 0.15, 0.2, 0.35, 0.6, 0.85, 1.0])
"""The layers in the order of their depth, and where each begins."""

SHOWER = {"em": 0.03, "hadron": 0.22}
"""Depths over which a shower leaves most of its energy."""

LIGHT = 299.792458
"""mm in a ns."""


def entry(vertex: Floats, momentum: Floats) -> tuple[Floats, Floats, Floats]:
    """Follow straight lines to where they meet the calorimeter; those that begin inside are where they begin.

    Parameters
    ----------
    vertex, momentum : float array, shape (n, 3)
        mm and GeV.

    Returns
    -------
    point : float array, shape (n, 3)
        mm.
    depth : float array, shape (n,)
        0 at the inner surface, 1 and more behind the outer one.
    path : float array, shape (n,)
        Length of the line, mm.
    """
    direction = momentum / np.maximum(np.linalg.norm(momentum, axis=1, keepdims=True), 1e-12)
    a = np.maximum((direction[:, :2] ** 2).sum(axis=1), 1e-12)
    b = (vertex[:, :2] * direction[:, :2]).sum(axis=1)
    c = (vertex[:, :2] ** 2).sum(axis=1) - RADIUS**2
    barrel = (-b + np.sqrt(np.maximum(b**2 - a * c, 0.0))) / a
    along = np.where(np.abs(direction[:, 2]) > 1e-9, direction[:, 2], 1e-9)
    cap = (np.sign(along) * LENGTH - vertex[:, 2]) / along
    inside = (c < 0) & (np.abs(vertex[:, 2]) < LENGTH)
    path = np.where(inside, np.minimum(barrel, cap), 0.0)
    point = vertex + path[:, None] * direction
    return point, depth_of(point), path


def depth_of(point: Floats) -> Floats:
    """Return how deep points lie, by radius or by |z|, whichever is deeper."""
    radial = (np.hypot(point[:, 0], point[:, 1]) - RADIUS) / (OUTER_RADIUS - RADIUS)
    along = (np.abs(point[:, 2]) - LENGTH) / (OUTER_LENGTH - LENGTH)
    return np.maximum(np.maximum(radial, along), 0.0)


def layer_shares(depth: Floats, length: Floats) -> Floats:
    """Return the share of its energy that a shower leaves in each layer, shape (n, layers).

    Parameters
    ----------
    depth : float array, shape (n,)
        Where it begins; the rest of one that begins late is lost behind the calorimeter.
    length : float array, shape (n,)
        Over which it falls by a factor e.
    """
    beyond = np.maximum(EDGES[None, :] - depth[:, None], 0.0) / length[:, None]
    return np.exp(-beyond[:, :-1]) - np.exp(-beyond[:, 1:])


def smeared(energy: Floats, em: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Return energies as measured: 10 % and 50 % over the root of the energy, and a constant 1 % and 3 %."""
    stochastic, constant = np.where(em, 0.10, 0.50), np.where(em, 0.01, 0.03)
    width = np.hypot(stochastic / np.sqrt(np.maximum(energy, 1e-3)), constant)
    return energy * np.maximum(1 + width * rng.normal(size=len(energy)), 0.0)
