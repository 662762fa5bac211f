"""One chunk of a simulated sample, from Pythia to a published file."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.errors import CorruptFileError
from jetloom.io.atomic import publishing
from jetloom.provenance import origin
from jetloom.simulation import detector, dxaod, generate, labels, moments, particles, pileup
from jetloom.simulation.calorimeter import calorimeter_moments
from jetloom.simulation.chunks import Chunk, chunk_of, random_streams
from jetloom.simulation.jets import RADIUS, belonging, cluster
from jetloom.simulation.lifetime import lifetime_moments, with_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jetloom.config.samples import Simulation

_LOG = logging.getLogger(__name__)


@dataclass
class Summary:
    """What a chunk holds.

    Attributes
    ----------
    events, jets : int
        Their numbers.
    partons, hadrons : collections.Counter
        How many jets have each PartonTruthLabelID and each HadronConeExclTruthLabelID.
    seconds : float
        Time it took.
    """

    events: int = 0
    jets: int = 0
    partons: Counter[int] = field(default_factory=Counter)
    hadrons: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, collections: dxaod.Collections) -> None:
        """Count a block."""
        jets = collections[dxaod.JETS]
        self.events += len(jets["pt"])
        for counter, name in ((self.partons, "PartonTruthLabelID"), (self.hadrons, "HadronConeExclTruthLabelID")):
            values, counts = np.unique(np.concatenate([[], *jets[name].to_list()]), return_counts=True)
            counter.update({int(value): int(count) for value, count in zip(values, counts, strict=True)})
        self.jets = self.partons.total()


def simulate(simulation: Simulation, seed: int, index: int, output: str | Path) -> Summary:
    """Make one chunk of a sample.

    Parameters
    ----------
    simulation : Simulation
        Process, number of events, number of chunks, format, with or without a detector.
    seed : int
        Seed of the analysis. Equal seed and chunk give equal content.
    index : int
        Which chunk, from 0.
    output : path-like
        Where the file is published.

    Returns
    -------
    Summary
        Counts of what was written.
    """
    chunk = chunk_of(simulation, index)
    start = time.monotonic()
    summary = Summary()
    settings = {**simulation.model_dump(mode="json"), "seed": seed, "chunk": index}
    with (
        publishing(output, check=lambda path: _check(path, simulation.format, chunk.events)) as part,
        dxaod.Writer(part, simulation.format, origin(settings, {})) as writer,
    ):
        for collections in _blocks(simulation, seed, chunk):
            writer.write(collections)
            summary.add(collections)
            rate = summary.events / (time.monotonic() - start)
            _LOG.info("%d of %d events, %.0f events/s", summary.events, chunk.events, rate)
    summary.seconds = time.monotonic() - start
    return summary


def _blocks(simulation: Simulation, seed: int, chunk: Chunk) -> Iterator[dxaod.Collections]:
    pythia_seed, rng = random_streams(seed, simulation.process, chunk.index)
    (cells,) = rng.spawn(1)  # a stream of its own: all else stays as it is without it
    done = 0
    for truth in generate.batches(simulation, chunk.events, pythia_seed):
        if simulation.detector:
            average = pileup.interactions(len(truth), rng)
            seen = detector.reconstruct(truth.particles, pileup.soft_particles(average, rng), rng)
        else:
            average, seen = np.zeros(len(truth)), particles.visible(truth.particles)
        info = dxaod.event_info(chunk, done, simulation.process, truth.weight, average)
        yield {**info, **_jets(truth, *seen, cells if simulation.detector else None)}
        done += len(truth)


def _jets(truth: Any, tracks: Any, constituents: Any, cells: np.random.Generator | None) -> dxaod.Collections:
    """Jets, moments and labels of a batch of events; without a calorimeter nothing that only its cells say."""
    import awkward as ak

    jets = cluster(constituents)
    jet_tracks = with_errors(belonging(tracks, jets, RADIUS))
    decorations = {
        **({} if cells is None else calorimeter_moments(jets, cells)),
        **moments.constituent_moments(jets),
        **moments.track_moments(jet_tracks, ak.sum(~tracks.primary, axis=1)),
        **lifetime_moments(jets, jet_tracks),
        "PartonTruthLabelID": labels.parton_labels(jets, truth.partons),
        "HadronConeExclTruthLabelID": labels.hadron_labels(jets, truth.heavy),
    }
    return dxaod.jet_collections(jets, jet_tracks, decorations)


def _check(path: Path, form: str, events: int) -> None:
    import uproot

    with uproot.open(path.absolute()) as file:
        found = file[dxaod.TREES[form]].num_entries
    if found != events:
        raise CorruptFileError(f"has {found} events, not {events}", path=path, where=dxaod.TREES[form])
