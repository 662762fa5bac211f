"""Chunks share the events out without gaps, and each has random numbers of its own."""

import pytest

from jetloom.config.samples import Simulation
from jetloom.errors import ConfigurationError
from jetloom.simulation.chunks import chunk_of, random_streams


@pytest.mark.parametrize(("events", "chunks"), [(10, 3), (9, 3), (7, 7), (11, 4), (1, 1)])
def test_events_are_shared_out_without_gaps(events, chunks):
    simulation = Simulation(process="dijet", events=events, chunks=chunks)
    parts = [chunk_of(simulation, index) for index in range(chunks)]
    numbers = [part.first_event + i for part in parts for i in range(part.events)]
    assert numbers == list(range(1, events + 1))


def test_first_chunks_get_what_is_left():
    simulation = Simulation(process="dijet", events=11, chunks=4)
    assert [chunk_of(simulation, index).events for index in range(4)] == [3, 3, 3, 2]


@pytest.mark.parametrize("index", [-1, 2])
def test_unknown_chunk(index):
    with pytest.raises(ConfigurationError, match="from 0 to 1"):
        chunk_of(Simulation(process="dijet", events=10, chunks=2), index)


def test_more_chunks_than_events():
    with pytest.raises(ValueError, match="3 chunks are more than 2 events"):
        chunk_of(Simulation(process="dijet", events=2, chunks=3), 0)


def test_streams_differ_by_seed_process_and_chunk():
    keys = [(seed, process, chunk) for seed in (1, 2) for process in ("dijet", "ttbar") for chunk in (0, 1)]
    streams = [random_streams(*key) for key in keys]
    assert len({pythia for pythia, _ in streams}) == len(keys)
    assert len({rng.random() for _, rng in streams}) == len(keys)
    again_pythia, again_rng = random_streams(1, "dijet", 0)
    assert again_pythia == random_streams(1, "dijet", 0)[0]
    assert again_rng.random() == random_streams(1, "dijet", 0)[1].random()
