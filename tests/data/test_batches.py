import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.data.streams.batch import Batch
from jetloom.data.streams.batches import BatchStream
from jetloom.io.hdf5.tables import TableWriter

ROWS = np.dtype([("row", "i8"), ("file", "i4")])
SIZES = [500, 130, 7]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory, first, paths = tmp_path_factory.mktemp("batches"), 0, []
    for index, size in enumerate(SIZES):
        rows = np.zeros(size, ROWS)
        rows["row"], rows["file"] = np.arange(first, first + size), index
        first += size
        paths.append(directory / f"{index}.h5")
        with TableWriter(paths[-1], {"jets": (ROWS, None)}) as writer:
            writer.append(jets=rows)
    return paths


def _prepare(jets):
    return Batch.of(jets["row"], jets["file"], np.ones(len(jets), np.float32))


def _stream(files, batch_size=50, seed=1, buffer_rows=128):
    return BatchStream(files, batch_size, seed, _prepare, buffer_rows)


def _rows(stream, epoch=0, first_step=0):
    return [batch.features.tolist() for batch in stream.epoch(epoch, first_step)]


@pytest.mark.parametrize("batch_size", [1, 7, 50, 637, 1000])
@pytest.mark.parametrize("buffer_rows", [10, 128, 1 << 16])
def test_each_row_comes_once_an_epoch_and_only_the_last_batch_is_smaller(files, batch_size, buffer_rows):
    stream = _stream(files, batch_size, buffer_rows=buffer_rows)
    batches = _rows(stream)
    assert sorted([row for batch in batches for row in batch]) == list(range(637))
    assert len(batches) == stream.steps() == -(-637 // batch_size)
    assert {len(batch) for batch in batches[:-1]} <= {batch_size}
    assert stream.rows() == 637


@pytest.mark.parametrize("first_step", [0, 4])
def test_inputs_may_be_arrays_by_name(files, first_step):
    def by_name(jets):
        named = {"row": jets["row"], "both": np.stack([jets["row"], jets["file"]], 1)}
        return Batch.of(named, {"file": jets["file"]}, np.ones(len(jets), np.float32))

    plain = list(_stream(files).epoch(3, first_step))
    named = list(BatchStream(files, 50, 1, by_name, 128).epoch(3, first_step))
    assert len(named) == len(plain)
    for found, batch in zip(named, plain, strict=True):
        np.testing.assert_array_equal(found.features["row"], batch.features)
        np.testing.assert_array_equal(found.features["both"], np.stack([batch.features, batch.target], 1))
        np.testing.assert_array_equal(found.target["file"], batch.target)
        assert found.real.all()


def test_the_order_is_a_function_of_seed_and_epoch(files):
    assert _rows(_stream(files)) == _rows(_stream(files))
    assert _rows(_stream(files), 1) != _rows(_stream(files), 0)
    assert _rows(_stream(files, seed=2)) != _rows(_stream(files))


def test_an_epoch_does_not_depend_on_those_before_it(files):
    stream = _stream(files)
    second = _rows(stream, 1)
    for epoch in range(3):
        list(stream.epoch(epoch))
    assert _rows(stream, 1) == second


def test_arrays_of_a_batch_belong_together(files):
    edges = np.cumsum(SIZES)
    for batch in _stream(files).epoch(0):
        assert (np.searchsorted(edges, batch.features, side="right") == batch.target).all()


def test_batches_cross_files_and_are_shuffled(files):
    batches = list(_stream(files, 100, buffer_rows=1 << 16).epoch(0))
    assert all(len(set(batch.target.tolist())) > 1 for batch in batches[:5])
    rows = np.concatenate([batch.features for batch in batches])
    assert abs(np.corrcoef(rows, np.arange(len(rows)))[0, 1]) < 0.2
    assert (np.diff(rows) == 1).mean() < 0.05


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 200), st.sampled_from([128, 333, 1 << 16]), st.integers(0, 3), st.data())
def test_an_epoch_goes_on_exactly_from_any_step(files, batch_size, buffer_rows, epoch, data):
    stream = _stream(files, batch_size, buffer_rows=buffer_rows)
    whole = _rows(stream, epoch)
    step = data.draw(st.integers(0, stream.steps()))
    assert _rows(stream, epoch, step) == whole[step:]


def test_every_step_of_one_epoch(files):
    stream = _stream(files, 40)
    whole = _rows(stream, 2)
    for step in range(stream.steps() + 1):
        assert _rows(stream, 2, step) == whole[step:]


def test_a_stream_that_is_left_early_closes_its_files(files):
    stream = _stream(files).epoch(0)
    next(stream)
    stream.close()
    with TableWriter(files[0].with_name("other.h5"), {"jets": (ROWS, None)}) as writer:
        writer.append(jets=np.zeros(1, ROWS))


def test_no_rows_give_no_batches(tmp_path):
    with TableWriter(tmp_path / "a.h5", {"jets": (ROWS, None)}):
        pass
    assert _rows(_stream([tmp_path / "a.h5"])) == []
