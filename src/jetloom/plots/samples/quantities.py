"""Quantities of jets and of what belongs to them: the columns of the files, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.config.schema import EVENT_KEYS
from jetloom.simulation.geometry import cartesian, delta_r

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jetloom.io.layout import Layout
    from jetloom.io.root.events import Collection

Array = npt.NDArray[Any]

MOMENTUM_TITLES = {"e": "$E$ [GeV]", "px": "$p_x$ [GeV]", "py": "$p_y$ [GeV]", "pz": "$p_z$ [GeV]"}
COMPONENTS = ("px", "py", "pz", "e")
LABELS = ("TruthLabelID", "charge", "isTruth", "is", "label")
"""Whole numbers whose names hold one of these are kinds, not counts."""


@dataclass(frozen=True)
class Quantity:
    """One number a jet, or a constituent.

    Attributes
    ----------
    title : str
        Label of the axis, with the unit in brackets.
    values : array, shape (n,)
    parents : int array, shape (n,), or None
        The jet of each constituent; None if the values are those of the jets.
    logarithmic : bool
        Whether a copy with a logarithmic axis is worthwhile: energies, momenta, differences and counts.
    centred : bool
        Whether 0 is the value of interest and should be the middle of a bin.
    """

    title: str
    values: Array
    parents: Array | None = None
    logarithmic: bool = False
    centred: bool = False


@dataclass(frozen=True)
class Jets:
    """Some jets with their columns, weights, and one collection of what belongs to them.

    Attributes
    ----------
    columns : dict of str to array, shape (jets,)
        Their own and those of their events; GeV, radians.
    weights : float64 array, shape (jets,)
        Generator weights of their events.
    members : Collection or None
        Its parents are the jets.
    """

    columns: Mapping[str, Array]
    weights: npt.NDArray[np.float64]
    members: Collection | None = None


def of_jets(jets: Jets, layout: Layout) -> dict[str, Quantity]:
    """Return the quantities of jets: each column of the layout, and the energy; of events, where rows are these.

    Parameters
    ----------
    jets : Jets
    layout : Layout
        Names, types, units and titles of the columns.

    Returns
    -------
    dict of str to Quantity
        By name; the copies with logarithmic axes are left to who draws.
    """
    if layout.unit == "events":
        names = [name for name in layout.types["events"] if name not in EVENT_KEYS]
        return {name: _column(layout, "events", name, jets.columns[name]) for name in names}
    found = {name: _column(layout, "jets", name, jets.columns[name]) for name in layout.types["jets"]}
    if "e" not in found:
        title = f"{_noun(layout, 'jets')} {MOMENTUM_TITLES['e']}"
        found["e"] = Quantity(title.strip(), _momentum(jets.columns)["e"], logarithmic=True)
    return found


def of_members(jets: Jets, layout: Layout, name: str, closure: bool) -> dict[str, Quantity]:
    """Return the quantities of what belongs to jets, and how many there are in each jet.

    Parameters
    ----------
    jets : Jets
        With ``members``.
    layout : Layout
        Names, types, units and titles of the columns.
    name : str
        The collection.
    closure : bool
        Whether its members sum up to the jet, so that the difference is of interest: see :func:`differences`.

    Returns
    -------
    dict of str to Quantity
        The columns; ``e``, ``px``, ``py``, ``pz`` and ``delta_r`` (distance to the jet) where pt, eta and phi are
        known; ``count``, one a jet; and the differences.
    """
    members = jets.members
    assert members is not None
    parents, noun = members.parents, _noun(layout, name)
    found = {
        key: _column(layout, name, key, members.columns[key], parents)
        for key in layout.types[name]
        if key in members.columns
    }
    if {"pt", "eta", "phi"} <= set(found):
        momentum = _momentum(members.columns)
        for key in COMPONENTS:
            if key not in found:
                title = f"{noun} {MOMENTUM_TITLES[key]}".strip()
                found[key] = Quantity(title, momentum[key], parents, logarithmic=True)
        axis = {key: np.asarray(jets.columns[key])[parents] for key in ("eta", "phi")}
        found["delta_r"] = Quantity(rf"$\Delta R$({noun.lower()}, jet)", delta_r(members.columns, axis), parents)
        if closure:
            found |= differences(jets, noun.lower())
    found["count"] = Quantity(f"{noun}s per jet", members.counts, logarithmic=True)
    return found


def differences(jets: Jets, noun: str = "constituent") -> dict[str, Quantity]:
    """Return jet minus sum of its constituents: energy and transverse components, and their shares of the jet.

    Components that are stored are taken as they are; ``..._computed`` follow from pt, eta, phi and m whatever is
    stored, and are there if something is.

    Returns
    -------
    dict of str to Quantity
        One value a jet: ``difference_e``, ``difference_px``, ``difference_py`` in GeV, and ``relative_...``: over the
        jet's energy, or its transverse momentum for the components.
    """
    members = jets.members
    assert members is not None
    computed_jet, computed_parts = _momentum(jets.columns), _momentum(members.columns)
    stored = any(key in jets.columns or key in members.columns for key in ("e", "px", "py"))
    found: dict[str, Quantity] = {}
    for key in ("e", "px", "py"):
        symbol = MOMENTUM_TITLES[key].partition(" [")[0]
        whole = np.asarray(jets.columns.get(key, computed_jet[key]), np.float64)
        rest = whole - _sums(members, members.columns.get(key, computed_parts[key]))
        title = f"{symbol}: jet $-$ sum of {noun}s"
        found[f"difference_{key}"] = Quantity(f"{title} [GeV]", rest, logarithmic=True, centred=True)
        scale = whole if key == "e" else np.asarray(jets.columns["pt"], np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            over = "$E$" if key == "e" else "$p_T$"
            found[f"relative_{key}"] = Quantity(f"({title}) / {over} of jet", rest / scale, centred=True)
        if stored:
            again = computed_jet[key] - _sums(members, computed_parts[key])
            found[f"difference_{key}_computed"] = Quantity(
                f"{title}, computed [GeV]", again, logarithmic=True, centred=True
            )
    return found


def _momentum(columns: Mapping[str, Array]) -> dict[str, npt.NDArray[np.float64]]:
    pt, eta, phi = (np.asarray(columns[key], np.float64) for key in ("pt", "eta", "phi"))
    mass = np.asarray(columns["m"], np.float64) if "m" in columns else np.zeros(len(pt))
    return dict(zip(COMPONENTS, cartesian(pt, eta, phi, mass), strict=True))


def _sums(members: Collection, values: Array) -> npt.NDArray[np.float64]:
    """Return the sum over the members of each jet, 0 for a jet without any."""
    sums = np.bincount(members.parents, weights=values, minlength=len(members.offsets) - 1)
    return sums.astype(np.float64)


def _column(layout: Layout, group: str, name: str, values: Array, parents: Array | None = None) -> Quantity:
    energy = layout.units[group].get(name) == "GeV" and name != "m"
    whole = "int" in layout.types[group][name]
    count = (whole or name.startswith("N")) and not any(part in name for part in LABELS)
    return Quantity(layout.titles[group].get(name) or name, values, parents, energy or count)


def _noun(layout: Layout, group: str) -> str:
    """Return what a member is called: what is before the symbol in the title of its pt, "Track" of "Track $p_T$"."""
    title = layout.titles[group].get("pt", "")
    before = title.partition("$")[0].strip() if "$" in title else ""
    return before or group.removesuffix("s").capitalize()
