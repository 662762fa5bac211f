import numpy as np
import pytest

from jetloom.errors import CorruptFileError
from jetloom.training import checkpoint
from jetloom.training.checkpoint import Progress

CURRENT = [np.arange(12, dtype=np.float32).reshape(3, 4), np.array(7, np.int64), np.array([1, 2], np.uint32)]
BEST = [np.ones((2, 2), np.float32)]
PROGRESS = Progress(
    "abc", 2, 5, [0.1, 0.2, 0.3], [{"epoch": 1, "val_auc": float("nan"), "loss": 0.1 + 0.2}], attempts=3
)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "checkpoint.npz"
    checkpoint.save(path, PROGRESS, CURRENT, BEST)
    return path


def test_a_checkpoint_gives_back_every_bit(saved):
    progress, current, best = checkpoint.load(saved)
    assert repr(progress) == repr(PROGRESS)
    for stored, array in zip([*current, *best], [*CURRENT, *BEST], strict=True):
        assert stored.dtype == array.dtype
        assert stored.shape == array.shape
        assert stored.tobytes() == array.tobytes()
    assert list(saved.parent.iterdir()) == [saved]


def test_without_a_best_epoch(tmp_path):
    checkpoint.save(tmp_path / "c.npz", PROGRESS, CURRENT, None)
    assert checkpoint.load(tmp_path / "c.npz")[2] == []


def test_no_file_is_no_checkpoint(tmp_path):
    assert checkpoint.load(tmp_path / "c.npz") is None


def test_a_truncated_checkpoint_is_none_at_any_length(saved):
    whole = saved.read_bytes()
    for length in [0, 1, 3, 4, *range(5, len(whole), 97), len(whole) - 1]:
        saved.write_bytes(whole[:length])
        assert checkpoint.load(saved) is None, length


def test_a_flipped_byte_never_gives_other_numbers(saved):
    whole = saved.read_bytes()
    unreadable = 0
    for offset in range(len(whole)):
        flipped = bytearray(whole)
        flipped[offset] ^= 0xFF
        saved.write_bytes(flipped)
        loaded = checkpoint.load(saved)
        unreadable += loaded is None
        if loaded is not None:
            assert repr(loaded[0]) == repr(PROGRESS)
            stored = [array.tobytes() for group in loaded[1:] for array in group]
            assert stored == [array.tobytes() for array in [*CURRENT, *BEST]]
    assert unreadable > len(whole) / 2


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY", b"PK\x03\x04" + bytes(100)])
def test_other_files_are_no_checkpoint(tmp_path, content):
    (tmp_path / "c.npz").write_bytes(content)
    assert checkpoint.load(tmp_path / "c.npz") is None


def test_a_checkpoint_that_cannot_be_read_back_is_not_published(saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(checkpoint, "load", lambda path: None)
    with pytest.raises(CorruptFileError, match="cannot be read back"):
        checkpoint.save(saved, PROGRESS, CURRENT, None)
    assert saved.read_bytes() == before
