"""Chunks: which events of a sample a job makes, and the random numbers that belong to them alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jetloom.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jetloom.config.samples import Simulation

# Part of the seed, so never renumber: the same seed would give other events.
PROCESS_NUMBERS = {
    "dijet": 0, "ttbar": 1, "zjet_quark": 2, "zjet_gluon": 3, "hh_bbww": 4, "tt_dilepton": 5, "dy_dilepton": 6,
    "single_top": 7, "hidden_sector": 8, "beam_halo": 9,
}  # fmt: skip
_LARGEST_PYTHIA_SEED = 900_000_000


@dataclass(frozen=True)
class Chunk:
    """The part of a sample that goes to one file.

    Attributes
    ----------
    index : int
        Which chunk it is, from 0.
    events : int
        How many events it has.
    first_event : int
        The event number of its first event; the event numbers of a sample run from 1 without gaps.
    """

    index: int
    events: int
    first_event: int


def chunk_of(simulation: Simulation, index: int) -> Chunk:
    """Share the events of a sample out to its chunks; what does not divide evenly goes to the first ones.

    Raises
    ------
    ConfigurationError
        If there is no such chunk.
    """
    if not 0 <= index < simulation.chunks:
        raise ConfigurationError(f"there is no chunk {index}; they run from 0 to {simulation.chunks - 1}")
    share, left = divmod(simulation.events, simulation.chunks)
    return Chunk(index, share + (index < left), index * share + min(index, left) + 1)


def random_streams(seed: int, process: str, chunk: int, key: Sequence[int] = ()) -> tuple[int, np.random.Generator]:
    """Return the seed of Pythia and the random numbers of the detector for one chunk.

    Parameters
    ----------
    seed : int
        Seed of the whole analysis.
    process : str
        A name in :data:`PROCESS_NUMBERS`.
    chunk : int
        Which chunk it is, from 0.
    key : sequence of int
        Whatever else tells samples of a process apart: era, mass.

    Returns
    -------
    pythia_seed : int
        Between 1 and 900,000,000, the range Pythia accepts.
    detector : numpy.random.Generator
        Independent of the generator's stream and of those of all other chunks.
    """
    pythia, detector = np.random.SeedSequence([seed, PROCESS_NUMBERS[process], chunk, *key]).spawn(2)
    pythia_seed = int(pythia.generate_state(1, np.uint64)[0] % _LARGEST_PYTHIA_SEED) + 1
    return pythia_seed, np.random.default_rng(detector)
