"""DxAOD-shaped files: the names and units (MeV, mm) of a real DxAOD, as a TTree or as an RNTuple.

Constituents and tracks lie flat in the event with ``jetIndex``, the position of their jet, because a TTree written
from Python cannot hold lists of lists; ``constituentBegin`` and ``constituentCount`` of the jets say the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jetloom.simulation.chunks import Chunk

TREES = {"ttree": "CollectionTree", "rntuple": "EventData"}
SEPARATORS = {"ttree": ".", "rntuple": ":"}
PROVENANCE = "jetloom"
EVENT, EVENT_DYNAMIC = "EventInfoAux", "EventInfoAuxDyn"
JETS, CONSTITUENTS, TRACKS = "AnalysisJetsAuxDyn", "JetConstituentsAuxDyn", "InDetTrackParticlesAuxDyn"

RUN_NUMBER = 284500
CHANNEL_NUMBERS = {"dijet": 364703, "ttbar": 410470, "zjet_quark": 900001, "zjet_gluon": 900002}
_MEV = 1000.0
_ENERGIES = ("pt", "m", "SumPtTrkPt500", "NegativeE", "LeadingClusterPt")

Collections = dict[str, dict[str, Any]]


def event_info(chunk: Chunk, done: int, process: str, weights: Any, interactions: Any) -> dict[str, dict[str, Any]]:
    """Return the event part of a block.

    Parameters
    ----------
    chunk : Chunk
        The chunk that is written.
    done : int
        How many of its events came before this block.
    process : str
        A name in :data:`CHANNEL_NUMBERS`.
    weights, interactions : array (events,)
        Generator weights; average numbers of interactions per crossing.
    """
    import awkward as ak

    count = len(interactions)
    first = chunk.first_event + done
    return {
        EVENT: {
            "runNumber": np.full(count, RUN_NUMBER, np.uint32),
            "eventNumber": np.arange(first, first + count, dtype=np.uint64),
        },
        EVENT_DYNAMIC: {
            "mcChannelNumber": np.full(count, CHANNEL_NUMBERS[process], np.uint32),
            "averageInteractionsPerCrossing": np.asarray(interactions, np.float32),
            "mcEventWeights": ak.values_astype(ak.unflatten(weights, np.ones(count, np.int64)), np.float32),
        },
    }


def jet_collections(jets: Any, tracks: Any, decorations: dict[str, Any]) -> Collections:
    """Return the collections of a block: jets, their constituents, their tracks.

    Parameters
    ----------
    jets : awkward.Array
        A list an event, as of :func:`jetloom.simulation.jets.cluster` (GeV).
    tracks : awkward.Array
        A list of lists an event: the tracks of each jet (GeV, mm).
    decorations : dict of str to awkward.Array
        Moments (GeV) and labels of the jets, a list an event each.
    """
    import awkward as ak

    counts = ak.num(jets.constituents.pt, axis=2)
    running = ak.unflatten(np.cumsum(ak.to_numpy(ak.flatten(counts))), ak.num(counts))
    # Positions count from the first constituent of the event, not of the block.
    begin = running - counts - ak.fill_none(ak.firsts(running - counts), 0)
    span = {
        "constituentBegin": ak.values_astype(begin, np.int32),
        "constituentCount": ak.values_astype(counts, np.int32),
    }
    four = {name: jets[name] for name in ("pt", "eta", "phi", "m")}
    return {
        JETS: _stored({**four, **decorations, **span}),
        CONSTITUENTS: _of_jets(jets.constituents, ("pt", "eta", "phi", "m", "charge", "d0", "z0")),
        TRACKS: _of_jets(tracks, ("pt", "eta", "phi", "charge", "d0", "z0", "d0_error", "z0_error")),
    }


def _of_jets(parts: Any, names: tuple[str, ...]) -> dict[str, Any]:
    import awkward as ak

    index, _ = ak.broadcast_arrays(ak.local_index(parts.pt, axis=1), parts.pt)
    fields = _stored({name: ak.flatten(parts[name], axis=2) for name in names})
    return {**fields, "jetIndex": ak.values_astype(ak.flatten(index, axis=2), np.int32)}


def _stored(fields: dict[str, Any]) -> dict[str, Any]:
    """Turn GeV into MeV, and real numbers into float32; integers stay."""
    import awkward as ak

    scaled = {name: values * _MEV if name in _ENERGIES else values for name, values in fields.items()}
    return {
        name: ak.values_astype(values, np.float32) if _is_real(values) else values for name, values in scaled.items()
    }


def _is_real(values: Any) -> bool:
    import awkward as ak

    return "float" in str(ak.type(values))


class Writer:
    """Write blocks of events to a DxAOD-shaped file.

    Parameters
    ----------
    path : path-like
        The file, which is overwritten.
    form : str
        ``"ttree"`` (``CollectionTree``) or ``"rntuple"`` (``EventData``).
    provenance : dict
        Where the content comes from; stored as a TObjString of JSON named ``jetloom``.
    """

    def __init__(self, path: str | Path, form: str, provenance: dict[str, Any]) -> None:
        import uproot

        self._form = form
        self._file = uproot.recreate(Path(path).absolute(), compression=uproot.ZSTD(5))
        self._file[PROVENANCE] = json.dumps(provenance, sort_keys=True)
        self._out: Any = None

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, collections: Collections) -> None:
        """Append a block; the first one fixes the branches."""
        block = self._branches(collections)
        if self._out is None:
            self._out = self._new(block)
        self._out.extend(block)

    def _branches(self, collections: Collections) -> dict[str, Any]:
        import awkward as ak

        branches: dict[str, Any] = {}
        separator = SEPARATORS[self._form]
        for name, fields in collections.items():
            if self._form == "ttree" and name in (JETS, CONSTITUENTS, TRACKS):
                branches[name] = ak.zip(fields)  # one counter for the whole collection
            else:
                branches |= {f"{name}{separator}{field}": values for field, values in fields.items()}
        return branches

    def _new(self, block: dict[str, Any]) -> Any:
        import awkward as ak

        types = {name: _item_type(values) for name, values in block.items()}
        if self._form == "ttree":
            return self._file.mktree(TREES["ttree"], types, field_name=_dotted)
        empty = ak.Array({name: values[:0] for name, values in block.items()})
        return self._file.mkrntuple(TREES["rntuple"], empty)


def _item_type(values: Any) -> Any:
    import awkward as ak

    return ak.type(values).content if isinstance(values, ak.Array) else values.dtype


def _dotted(collection: str, field: str) -> str:
    return f"{collection}.{field}" if collection else field
