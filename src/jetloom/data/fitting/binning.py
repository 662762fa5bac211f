"""Scaling and bins of trees, fitted on a training part: limits of each variable, what lies beyond them, and counts.

The limits are quantiles of the training part, all classes together, or the constants of a paper (see
:mod:`jetloom.physics.scaling` for the two scalings). Values that have no logarithm, or are rounding alone
(:mod:`jetloom.physics.rounding`: the mass of a photon, the angle between two particles of one direction), do not shape
the limits.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.trees import Binning
from jetloom.data.block import Block
from jetloom.data.fitting.tree_inputs import TreeInputs
from jetloom.errors import EmptySampleError
from jetloom.io.trees import BRANCHING_VARIABLES, MOMENTUM
from jetloom.physics.rounding import MasslessShare, has_angle, has_mass
from jetloom.physics.scaling import ATLAS_LIMITS, LARGEST, SMALLEST, Limits, bins, junipr_limits, scale

logger = logging.getLogger(__name__)

FINE = 1 << 16
"""Bins of the logarithm from which quantiles are taken: each is 0.06 % wide."""

GROUPS = {"momentum": MOMENTUM, "branching": BRANCHING_VARIABLES}

Blocks = Callable[[], Iterable[Block]]


def fit_binning(settings: Binning, blocks: Blocks, trees: dict[str, Any]) -> dict[str, Any]:
    """Fit limits on a training part, and count what they do to it.

    Parameters
    ----------
    settings : Binning
        The configuration.
    blocks : callable
        Starts a stream of the jets of the training part.
    trees : dict
        Settings that the trees were made with; they go along.

    Returns
    -------
    dict
        ``granularity`` and ``scaling``; limits ``[low, high]`` (or ``[a, limit]``) of each variable in ``momentum`` and
        ``branching``; ``shares`` of branchings below and above the limits and ``counts`` in the bins, by variable;
        ``momentum_shares``; ``branchings``, their number; ``trees``; ``inputs``, see
        :meth:`jetloom.data.fitting.tree_inputs.TreeInputs.described`, unless networks see plain scaled values.

    Raises
    ------
    EmptySampleError
        If no jet of the training part has a branching.
    """
    massless = _massless(settings.tail, blocks)
    limits = _limits(settings, massless, blocks)
    inputs = TreeInputs(limits, settings.scaling, massless)
    scaling, granularity = settings.scaling, settings.granularity
    counts = {name: np.zeros(granularity, np.int64) for name in BRANCHING_VARIABLES}
    outside = {group: {name: np.zeros(3) for name in names} for group, names in GROUPS.items()}
    for jets in blocks():
        inputs.add(jets)
        for group, name, values in _values(jets):
            scaled = scale(values, name, limits[group][name], scaling)
            outside[group][name] += (scaled < 0).sum(), (scaled > 1).sum(), len(scaled)
            if group == "branching":
                found = bins(values, name, limits[group][name], scaling, granularity)
                counts[name] += np.bincount(found, minlength=granularity)
    shares = {name: {**_shares(row), "counts": counts[name].tolist()} for name, row in outside["branching"].items()}
    _warn(shares, settings.warn_above)
    return {
        "granularity": granularity,
        "scaling": scaling,
        **limits,
        "shares": shares,
        "momentum_shares": {name: _shares(row) for name, row in outside["momentum"].items()},
        "branchings": int(counts["z"].sum()),
        "trees": trees,
        **({"inputs": inputs.described()} if settings.inputs == "standardised" else {}),
    }


def empty_bins(binning: dict[str, Any]) -> dict[str, list[int]]:
    """Return the bins of each branching variable in which the training part has nothing."""
    return {
        name: [index for index, count in enumerate(entry["counts"]) if count == 0]
        for name, entry in binning["shares"].items()
    }


def _massless(tail: float, blocks: Blocks) -> float:
    """Return the share of its energy up to which a mass is rounding."""
    share = MasslessShare(tail)
    for jets in blocks():
        for energy, mass in _energies_and_masses(jets):
            share.add(energy, mass)
    return share.value()


def _limits(settings: Binning, massless: float, blocks: Blocks) -> Limits:
    """Return the limits: constants as they are published, or with edges from the data."""
    if settings.scaling == "log1p":
        limits = {group: {name: list(pair) for name, pair in found.items()} for group, found in ATLAS_LIMITS.items()}
    else:
        limits = junipr_limits(settings.e_jet, settings.e_sub, settings.r_jet, settings.r_sub)
    if settings.ranges == "data":
        for (group, name), (low, high) in _quantiles(settings.tail, massless, blocks).items():
            # Of log1p the factor a stays: it says where the logarithm sets in.
            limits[group][name] = [limits[group][name][0], high] if settings.scaling == "log1p" else [low, high]
    return limits


def _quantiles(tail: float, massless: float, blocks: Blocks) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the range of each variable with a logarithm that leaves a share ``tail`` beyond each of its edges."""
    first, last = math.log(SMALLEST), math.log(LARGEST)
    width = (last - first) / FINE
    counts: dict[tuple[str, str], npt.NDArray[np.int64]] = {}
    for jets in blocks():
        for group, name, values in _values(jets, massless):
            if name != "phi":
                known = np.log(values[(values > SMALLEST) & (values < LARGEST)].astype(np.float64))
                index = ((known - first) / width).astype(np.int64)
                found = counts.setdefault((group, name), np.zeros(FINE, np.int64))
                found += np.bincount(np.clip(index, 0, FINE - 1), minlength=FINE)
    ranges = {}
    for key, found in counts.items():
        sums = np.cumsum(found)
        if sums[-1] == 0 and key == ("momentum", "m"):
            logger.warning("no particle has a mass: the range of masses is the published one")
            continue
        if sums[-1] == 0:
            raise EmptySampleError(
                f"no tree has a {' '.join(key)} to make bins of",
                where="training part",
                advice="loosen the cuts, add files, or set binning.ranges to junipr",
            )
        low = int(np.searchsorted(sums, tail * sums[-1], side="right"))
        high = int(np.searchsorted(sums, (1.0 - tail) * sums[-1], side="left")) + 1
        ranges[key] = (math.exp(first + low * width), math.exp(first + high * width))
    return ranges


def _values(jets: Block, massless: float | None = None) -> Iterator[tuple[str, str, npt.NDArray[Any]]]:
    """Return the values of all variables: (group, name, values); momenta are those of roots and of all daughters.

    With ``massless``, only those that are more than rounding.
    """
    branchings = jets.branchings
    if branchings is None:
        return
    yield "momentum", "e", np.concatenate([energy for energy, _ in _energies_and_masses(jets)])
    for name in ("theta", "phi"):  # the root lies on the axis of its jet: no angle
        values = np.concatenate([branchings[f"hard_{name}"], branchings[f"soft_{name}"]])
        yield "momentum", name, values[has_angle(values)] if massless is not None and name == "theta" else values
    masses = [
        mass if massless is None else mass[has_mass(energy, mass, massless)]
        for energy, mass in _energies_and_masses(jets)
    ]
    yield "momentum", "m", np.concatenate(masses)
    apart = has_angle(branchings["theta"] + branchings["delta"])
    for name in BRANCHING_VARIABLES:
        real = massless is None or name not in ("theta", "delta")
        yield "branching", name, branchings[name] if real else branchings[name][apart]


def _energies_and_masses(jets: Block) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Return energies and masses of roots, of harder and of softer daughters."""
    yield jets["seed_e"], jets["seed_m"]
    if jets.branchings is not None:
        for side in ("hard", "soft"):
            yield jets.branchings[f"{side}_e"], jets.branchings[f"{side}_m"]


def _shares(row: npt.NDArray[np.float64]) -> dict[str, float]:
    below, above, total = row.tolist()
    return {"below": below / max(total, 1.0), "above": above / max(total, 1.0)}


def _warn(shares: dict[str, dict[str, Any]], most: float) -> None:
    """Warn of variables that lie beyond their limits too often, and name the empty bins."""
    for name, entry in shares.items():
        for side in ("below", "above"):
            if entry[side] > most:
                logger.warning("%s: %.1f%% of the branchings lie %s the range", name, 100 * entry[side], side)
        empty = [index for index, count in enumerate(entry["counts"]) if count == 0]
        if empty:
            logger.warning("%s: no branching in the bins %s", name, ", ".join(map(str, empty)))
