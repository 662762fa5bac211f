"""Batches of trees: each jet once, similar lengths together, an order that goes on exactly from any step."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.data.block import iter_blocks
from jetloom.data.classes import Classes
from jetloom.data.streams.batch import Batch
from jetloom.data.streams.buckets import BucketStream, by_length, length_batches, padded_steps
from jetloom.errors import ConfigurationError
from jetloom.io.hdf5.tables import TableReader, TableWriter
from jetloom.io.trees import BRANCHING, JET_TREE

JETS = np.dtype([("row", "i8"), ("label", "i4"), ("weight", "f4"), *JET_TREE.descr])
SIZES = [700, 130, 7]
DATASET = SimpleNamespace(classes=["gluon", "quark"])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files whose branchings say in ``z`` to which jet they belong; some jets have no class."""
    directory, first, paths = tmp_path_factory.mktemp("buckets"), 0, []
    for index, size in enumerate(SIZES):
        rng = np.random.default_rng(index)
        jets = np.zeros(size, JETS)
        jets["row"] = np.arange(first, first + size)
        jets["label"], jets["weight"] = rng.integers(-1, 2, size), 1
        jets["n_branchings"] = rng.poisson(rng.choice([4, 20, 60], size))
        jets["n_branchings"][:2] = 0
        jets["first_branching"] = np.cumsum(jets["n_branchings"]) - jets["n_branchings"]
        branchings = np.zeros(jets["n_branchings"].sum(), BRANCHING)
        branchings["z"] = np.repeat(jets["row"], jets["n_branchings"])
        first += size
        paths.append(directory / f"{index}.h5")
        with TableWriter(paths[-1], {"jets": (JETS, None), "branchings": (BRANCHING, None)}, "none") as writer:
            writer.append(jets=jets, branchings=branchings)
    return paths


def _all(files):
    return np.concatenate([TableReader(path).read("jets") for path in files])


def _prepare(jets):
    np.testing.assert_array_equal(jets.branchings["z"], np.repeat(jets["row"], jets.lengths))
    return Batch.of({"row": jets["row"], "length": jets.lengths}, jets["label"], jets["weight"])


def _stream(files, batch_size=50, seed=1, buffer_rows=256, names=(), threads=1):
    classes = Classes(DATASET, list(names))
    jets = int(np.isin(_all(files)["label"], classes.indices).sum())
    return BucketStream(files, batch_size, seed, _prepare, classes.choose, jets, threads, buffer_rows)


def _rows(stream, epoch=0, first_step=0):
    return [batch.features["row"][batch.real].tolist() for batch in stream.epoch(epoch, first_step)]


@pytest.mark.parametrize("batch_size", [1, 7, 50, 1000])
@pytest.mark.parametrize("buffer_rows", [320, 1 << 15])
@pytest.mark.parametrize("names", [(), ("quark",)])
def test_each_jet_of_the_classes_comes_once_an_epoch(files, batch_size, buffer_rows, names):
    stream, rows = _stream(files, batch_size, buffer_rows=buffer_rows, names=names), _all(files)
    wanted = rows["row"][rows["label"] == 1 if names else rows["label"] >= 0].tolist()
    batches = _rows(stream)
    assert sorted(row for batch in batches for row in batch) == wanted
    assert len(batches) == stream.steps() == -(-len(wanted) // batch_size)
    assert {len(batch) for batch in batches[:-1]} <= {batch_size}


def test_every_batch_has_one_size_and_what_fills_it_up_has_no_weight(files):
    stream = _stream(files, 64)
    *whole, last = stream.epoch(0)
    assert {len(batch) for batch in (*whole, last)} == {64}
    assert all(batch.real.all() for batch in whole)
    real = stream.jets % 64
    assert last.real.tolist() == [True] * real + [False] * (64 - real)
    assert last.weights.tolist() == [1.0] * real + [0.0] * (64 - real)
    assert (last.features["row"][real:] == last.features["row"][real - 1]).all()
    assert (last.target[real:] == last.target[real - 1]).all()
    assert [len(batch) for batch in _stream(files, 10_000).epoch(0)] == [stream.jets]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 300), st.sampled_from([333, 1 << 15]), st.integers(0, 3), st.data())
def test_an_epoch_goes_on_exactly_from_any_step(files, batch_size, buffer_rows, epoch, data):
    stream = _stream(files, batch_size, buffer_rows=buffer_rows, names=data.draw(st.sampled_from([(), ("gluon",)])))
    whole = _rows(stream, epoch)
    step = data.draw(st.integers(0, stream.steps()))
    assert _rows(stream, epoch, step) == whole[step:]


@pytest.mark.parametrize("threads", [2, 5])
@pytest.mark.parametrize("step", [0, 3])
def test_neither_batches_nor_their_order_depend_on_the_threads(files, threads, step):
    one, many = (_rows(_stream(files, 20, threads=count), 1, step) for count in (1, threads))
    assert many == one


def test_the_order_is_a_function_of_seed_and_epoch(files):
    assert _rows(_stream(files)) == _rows(_stream(files))
    assert _rows(_stream(files), 1) != _rows(_stream(files), 0)
    assert _rows(_stream(files, seed=2)) != _rows(_stream(files))


def test_most_of_a_batch_is_no_padding_and_lengths_come_in_random_order(files):
    """In file order half of the steps would be padding."""
    stream = _stream(files, 20, buffer_rows=1 << 15)
    steps, valid, tops = 0, 0, []
    for batch in stream.epoch(0):
        lengths = batch.features["length"][batch.real] + 1
        tops.append(int(padded_steps(lengths.max())))
        steps += tops[-1] * len(lengths)
        valid += lengths.sum()
    assert valid / steps > 0.7
    assert len(set(tops)) >= 4
    assert tops != sorted(tops)
    assert tops != sorted(tops, reverse=True)


@given(st.lists(st.integers(0, 200), max_size=60), st.randoms())
def test_lengths_that_round_up_alike_stand_together_in_their_order(lengths, random):
    order = np.array(random.sample(range(len(lengths)), len(lengths)), np.int64)
    found = by_length(np.array(lengths, np.int64), order)
    padded = [int(padded_steps(lengths[index] + 1)) for index in found]
    assert padded == sorted(padded)
    for value in set(padded):
        assert [i for i in found if padded_steps(lengths[i] + 1) == value] == [
            i for i in order if padded_steps(lengths[i] + 1) == value
        ]


def test_few_numbers_of_steps_are_left():
    steps = np.arange(1, 300)
    found = padded_steps(steps)
    assert (found >= steps).all()
    assert (found - steps < np.where((steps > 16) & (steps <= 48), 8, 16)).all()
    assert np.unique(found).tolist() == [16, 24, 32, 40, *range(48, 305, 16)]


@pytest.mark.parametrize("threads", [1, 3])
def test_an_evaluation_sees_each_jet_once_in_batches_of_one_size(files, threads):
    classes = Classes(DATASET, ["gluon"])
    blocks = (classes.of(block) for path in files for block in iter_blocks(TableReader(path), 64))
    batches = list(length_batches(blocks, 32, _prepare, threads))
    rows = _all(files)
    found = sorted(row for batch in batches for row in batch.features["row"][batch.real])
    assert found == rows["row"][rows["label"] == 0].tolist()
    assert {len(batch) for batch in batches} == {32}


def test_a_class_that_the_dataset_does_not_have_is_named():
    with pytest.raises(ConfigurationError, match="classes: the dataset has no class 'quarks'; did you mean 'quark'"):
        Classes(DATASET, ["quarks"])


@pytest.mark.parametrize("threads", [1, 3])
def test_a_stream_that_is_left_early_ends_its_threads(files, threads):
    before = threading.active_count()
    stream = _stream(files, 5, threads=threads).epoch(0)
    next(stream)
    stream.close()
    assert threading.active_count() == before
