"""JuniprJets records, the JSON of JUNIPR, in its two dialects: branchings to records and back."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jetloom.io.trees import BRANCHING_VARIABLES, MOMENTUM
from jetloom.trees.states import replay

Dialect = Literal["reference", "atlas"]
Rows = npt.NDArray[np.void]

ATLAS_NAMES = {
    "mothers_id_energy_order": "mother_id_energy_order",
    "CS_ID_intermediate_states": "CS_ID_intermediate_states_ind",
    "CS_ID_daughters": "CS_ID_daugthers",
    "branchings": "branching",
}
"""Names of the reference and, where it differs, of the ATLAS quark/gluon system (one is misspelt there)."""

ATLAS_DECIMALS = 8


def write_record(branchings: Rows, seed: npt.NDArray[np.float64], label: int, dialect: Dialect) -> dict[str, Any]:
    """Return the record of one jet.

    Parameters
    ----------
    branchings : structured array, shape (n,)
        Its branchings, with the fields of :data:`jetloom.io.trees.TREE_BRANCHING`.
    seed : float64 array, shape (2,)
        Energy and signed mass of the root.
    label : int
        Its class.
    dialect : str
        ``reference``, or ``atlas``: other names, 8 decimals, no negative masses.
    """
    n = len(branchings)
    daughters = np.stack([branchings["hard_node"], branchings["soft_node"]], axis=1).astype(np.int64)
    nodes = np.empty(2 * n + 1, np.int64)  # by order of appearance
    nodes[0] = n * (2 * n + 1) - daughters.sum()  # the root is the one that is nobody's daughter
    nodes[1:] = daughters.ravel()
    momenta = np.zeros((2 * n + 1, 4))
    momenta[nodes[0]] = seed[0], 0.0, 0.0, seed[1]
    for column, name in enumerate(MOMENTUM):
        momenta[daughters[:, 0], column] = branchings[f"hard_{name}"]
        momenta[daughters[:, 1], column] = branchings[f"soft_{name}"]
    values = np.stack([branchings[name] for name in BRANCHING_VARIABLES], axis=1).astype(np.float64)
    if dialect == "atlas":
        momenta[:, 3] = np.maximum(momenta[:, 3], 0.0)
        momenta, values = momenta.round(ATLAS_DECIMALS), values.round(ATLAS_DECIMALS)
    mother = branchings["mother"].astype(np.int64)
    states = replay(branchings["hard_e"], branchings["soft_e"], branchings["mother_rank"], mother)
    mothers = nodes[mother]
    record = {
        "label": int(label),
        "multiplicity": n + 1,
        "n_branchings": n,
        "seed_momentum": momenta[nodes[0]].tolist(),
        "CSJets": momenta.tolist(),
        "CS_ID_intermediate_states": [nodes[states[t, : t + 1]].tolist() for t in range(n + 1)],
        "mothers_id_energy_order": branchings["mother_rank"].tolist(),
        "CS_ID_mothers": mothers.tolist(),
        "CS_ID_daughters": daughters.tolist(),
        "branchings": values.tolist(),
        "mother_momenta": momenta[mothers].tolist(),
        "daughter_momenta": momenta[daughters].tolist(),
    }
    return {ATLAS_NAMES.get(name, name): value for name, value in record.items()} if dialect == "atlas" else record


class BadRecordError(ValueError):
    """A record lacks a field, or one has another shape than the others ask for."""


def read_record(record: dict[str, Any], dtype: np.dtype[Any]) -> tuple[Rows | None, list[float], int]:
    """Read a record of either dialect.

    Returns
    -------
    branchings : structured array of ``dtype``, shape (n,), or None
        None if it is no tree: a node is nobody's daughter, or two mothers'. What is not finite is left as it is.
    seed : list of float
        Energy and signed mass of the root.
    label : int
        Its class.

    Raises
    ------
    BadRecordError
        If it cannot be read; says which field.
    """
    n = _integer(record, "n_branchings")
    if _integer(record, "multiplicity") != n + 1 or n < 0:
        raise BadRecordError(f"multiplicity: is {record['multiplicity']} with {n} branchings")
    momenta = _array(record, "CSJets", (2 * n + 1, 4), np.float64)
    seed = _array(record, "seed_momentum", (4,), np.float64)
    values = _array(record, "branchings", (n, 4), np.float64)
    ranks = _array(record, "mothers_id_energy_order", (n,), np.int64)
    mothers = _array(record, "CS_ID_mothers", (n,), np.int64)
    daughters = _array(record, "CS_ID_daughters", (n, 2), np.int64)
    root, label = [float(seed[0]), float(seed[3])], _integer(record, "label")
    places = _appearances(mothers, daughters, ranks)
    if places is None:
        return None, root, label
    rows = np.zeros(n, dtype)
    for column, name in enumerate(BRANCHING_VARIABLES):
        rows[name] = values[:, column]
    for side, column in (("hard", 0), ("soft", 1)):
        rows[f"{side}_node"] = daughters[:, column]
        for axis, name in enumerate(MOMENTUM):
            rows[f"{side}_{name}"] = momenta[daughters[:, column], axis]
    rows["mother"], rows["mother_rank"] = places, ranks
    return rows, root, label


def _appearances(
    mothers: npt.NDArray[np.int64], daughters: npt.NDArray[np.int64], ranks: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64] | None:
    """Return each mother's place in the order of appearance; None if the numbers are not those of a tree."""
    n = len(mothers)
    steps = np.arange(n)
    born = np.full(2 * n + 1, -1)
    every = np.concatenate([daughters.ravel(), mothers[:1]])
    if n and not np.array_equal(np.sort(every), np.arange(2 * n + 1)):
        return None
    if n == 0:
        return mothers
    born[mothers[0]] = 0
    born[daughters[:, 0]], born[daughters[:, 1]] = 2 * steps + 1, 2 * steps + 2
    if len(set(mothers.tolist())) < n or mothers.min() < 0 or mothers.max() > 2 * n:
        return None
    places = born[mothers]
    return places if (places <= 2 * steps).all() and (ranks >= 0).all() and (ranks <= steps).all() else None


def _field(record: dict[str, Any], name: str) -> Any:
    for spelling in (name, ATLAS_NAMES.get(name, name)):
        if spelling in record:
            return record[spelling]
    raise BadRecordError(f"{name}: is missing")


def _integer(record: dict[str, Any], name: str) -> int:
    value = _field(record, name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRecordError(f"{name}: is not a whole number")
    return value


def _array(record: dict[str, Any], name: str, shape: tuple[int, ...], kind: type) -> npt.NDArray[Any]:
    """Return a field as an array; an empty list has any shape of no elements."""
    value = _field(record, name)
    try:
        given = np.array(value)
    except ValueError:
        raise BadRecordError(f"{name}: its rows are of different lengths") from None
    if given.size == 0 and 0 in shape:
        return np.zeros(shape, kind)
    if given.shape != shape:
        raise BadRecordError(f"{name}: has the shape {given.shape} where {shape} is expected")
    if given.dtype.kind not in ("i" if kind is np.int64 else "if"):
        raise BadRecordError(f"{name}: holds what is no number, or not a whole one")
    return given.astype(kind)
