"""The ntuple of displaced jets, as the schema ``divert`` reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

TREE, PROVENANCE = "trees_DV_", "jetloom"
_MEV = 1000.0
_RUN = 284500


class Writer:
    """Writes blocks of events.

    Parameters
    ----------
    path : path-like
        The file, which is overwritten.
    provenance : dict
        Where the content comes from; stored as JSON.
    """

    def __init__(self, path: str | Path, provenance: dict[str, Any]) -> None:
        import uproot

        self._file = uproot.recreate(Path(path).absolute(), compression=uproot.ZSTD(5))
        self._file[PROVENANCE] = json.dumps(provenance, sort_keys=True)
        self._tree: Any = None

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, block: dict[str, Any]) -> None:
        """Append a block of :func:`branches`."""
        import awkward as ak

        if self._tree is None:
            types = {
                name: ak.type(one).content if isinstance(one, ak.Array) else one.dtype for name, one in block.items()
            }
            self._tree = self._file.mktree(TREE, types)
        self._tree.extend(block)


def branches(
    numbers: np.ndarray, weights: Any, channel: int, jets: Any, groups: dict[str, Any], run: int = _RUN
) -> dict[str, Any]:
    """Return the branches of a block of events.

    Parameters
    ----------
    numbers : int array
        Of the events.
    weights : array of float
    channel : int
        Number of the process.
    jets : awkward.Array
        A list an event, with ``pt``, ``eta``, ``phi``, ``m`` (GeV).
    groups : dict of str to awkward.Array
        ``clus``, ``track`` and ``MSeg`` with ``jetIndex``; ``llp`` and ``HLT_jet``.
    run : int
        Number of the run.
    """
    import awkward as ak

    events = len(numbers)
    energy = np.sqrt((jets.pt * np.cosh(jets.eta)) ** 2 + jets.m**2)
    found: dict[str, Any] = {
        "runNumber": np.full(events, run, np.uint32), "eventNumber": np.asarray(numbers, np.uint64),
        "mcEventWeight": np.asarray(weights, np.float32), "mcChannelNumber": np.full(events, channel, np.int32),
    }  # fmt: skip
    all_groups = {"jet": ak.zip({"pT": jets.pt, "eta": jets.eta, "phi": jets.phi, "E": energy}), **groups}
    for name, things in all_groups.items():
        found[name] = ak.zip({field: _stored(name, field, things[field]) for field in things.fields})
    return found


def _stored(group: str, field: str, values: Any) -> Any:
    import awkward as ak

    if field in ("jetIndex", "isBIB"):
        return ak.values_astype(values, np.int32)
    energy = group == "clus" and (field == "pt" or field.endswith("cal"))
    return ak.values_astype(values * _MEV if energy else values, np.float64)
