"""One chunk of a simulated sample of displaced jets, from Pythia to a published ntuple."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.errors import CorruptFileError
from jetloom.io.atomic import publishing
from jetloom.provenance import origin
from jetloom.simulation import generate
from jetloom.simulation.chunks import PROCESS_NUMBERS, Chunk, chunk_of, random_streams
from jetloom.simulation.displaced import beam, ntuple, response, truth
from jetloom.simulation.jets import RADIUS, belonging, cluster

if TYPE_CHECKING:
    from jetloom.config.samples import Simulation

HALO = "beam_halo"
HALO_BATCH = 2000


def simulate(simulation: Simulation, seed: int, index: int, output: str | Path) -> tuple[int, int, float]:
    """Make one chunk of a sample.

    Parameters
    ----------
    simulation : Simulation
        Process, number of events and of chunks, masses, lifetime, response.
    seed : int
        Seed of the analysis. Equal seed and chunk give equal content.
    index : int
        Which chunk, from 0.
    output : path-like
        Where the file is published.

    Returns
    -------
    tuple of int, int, float
        Events, jets, seconds.
    """
    chunk, start, jets, done = chunk_of(simulation, index), time.monotonic(), 0, 0
    settings = {**simulation.model_dump(mode="json"), "seed": seed, "chunk": index}
    channel, run = 910_000 + PROCESS_NUMBERS[simulation.process], simulation.response.run_number
    with (
        publishing(output, check=lambda path: _check(path, chunk.events)) as part,
        ntuple.Writer(part, origin(settings, {})) as writer,
    ):
        for weights, found, groups in _blocks(simulation, seed, chunk):
            numbers = chunk.first_event + done + np.arange(len(found))
            writer.write(ntuple.branches(numbers, weights, channel, found, groups, run))
            done += len(found)
            jets += int(np.sum(_counts(found)))
    return done, jets, time.monotonic() - start


def _blocks(simulation: Simulation, seed: int, chunk: Chunk) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    own = [simulation.response.run_number, round(simulation.mass_heavy), round(simulation.mass_scalar)]
    pythia_seed, rng = random_streams(seed, simulation.process, chunk.index, own)
    if simulation.process == HALO:
        for first in range(0, chunk.events, HALO_BATCH):
            events = min(HALO_BATCH, chunk.events - first)
            clusters, segments = beam.halo(events, rng)
            yield np.ones(events), *_jets(clusters, None, segments, None, True)
        return
    for batch in generate.batches(simulation, chunk.events, pythia_seed, condense=truth.condensed):
        clusters = response.clusters(batch.particles, simulation.response, rng)
        tracks = response.tracks(batch.particles, simulation.response, rng)
        yield batch.weight, *_jets(clusters, tracks, response.segments(batch.particles, rng), batch.llp, False)


def _jets(clusters: Any, tracks: Any, segments: Any, llp: Any, bib: bool) -> tuple[Any, dict[str, Any]]:
    """Return the jets of a batch of events, and what belongs to them and to the events."""
    import awkward as ak

    jets = cluster(clusters)
    own = ak.drop_none(jets.constituents)
    groups = {"clus": _indexed(own, [name for name in clusters.fields if name != "m"])}
    if tracks is not None:
        groups["track"] = _indexed(belonging(tracks, jets, RADIUS), list(tracks.fields))
    else:
        groups["track"] = _no_tracks(jets)
    places = ak.with_field(ak.with_field(segments, segments.etaPos, "eta"), segments.phiPos, "phi")
    places = ak.with_field(places, ak.zeros_like(segments.etaPos), "pt")
    groups["MSeg"] = _indexed(belonging(places, jets, RADIUS), list(segments.fields))
    leading = jets[:, :1]
    hlt = {"pT": leading.pt, "eta": leading.eta, "phi": leading.phi}
    groups["HLT_jet"] = ak.zip({**hlt, "isBIB": ak.ones_like(leading.pt) if bib else ak.zeros_like(leading.pt)})
    if llp is not None:
        groups["llp"] = llp
    return jets, groups


def _no_tracks(jets: Any) -> Any:
    """Return the variables of tracks for events without any."""
    import awkward as ak

    none = jets.pt[:, :0]
    return ak.zip(dict.fromkeys([*response.TRACK_VARIABLES, "jetIndex"], none))


def _indexed(parts: Any, names: list[str]) -> Any:
    """Return what belongs to jets as a list an event, with the index of its jet."""
    import awkward as ak

    index, _ = ak.broadcast_arrays(ak.local_index(parts[names[0]], axis=1), parts[names[0]])
    fields = {name: ak.flatten(parts[name], axis=2) for name in names}
    return ak.zip({**fields, "jetIndex": ak.flatten(index, axis=2)})


def _counts(jets: Any) -> Any:
    import awkward as ak

    return ak.to_numpy(ak.num(jets.pt))


def _check(path: Path, events: int) -> None:
    import uproot

    with uproot.open(path.absolute()) as file:
        found = file[ntuple.TREE].num_entries
    if found != events:
        raise CorruptFileError(f"has {found} events, not {events}", path=path, where=ntuple.TREE)
