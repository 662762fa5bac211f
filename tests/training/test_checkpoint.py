import io
import zipfile

import numpy as np
import pytest

from jetloom.errors import CorruptFileError
from jetloom.io.integrity.archives import seal_archive
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


def test_no_byte_changes_unseen(saved, caplog):
    whole = saved.read_bytes()
    for offset in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[offset] ^= 1 << offset % 8
        saved.write_bytes(flipped)
        caplog.clear()
        assert checkpoint.load(saved) is None, offset
        assert f"{saved}: is not as it was written (its checksum differs); training starts anew" in caplog.text


def test_it_is_an_archive_like_any_other(saved):
    with np.load(saved, allow_pickle=False) as archive:
        assert archive["current_0"].tobytes() == CURRENT[0].tobytes()
    assert zipfile.ZipFile(saved).testzip() is None


def test_an_array_that_asks_for_terabytes_is_no_checkpoint(saved, caplog):
    """The header of an array promises what is not there, in an archive whose checksum is right."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 42,)})
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in (members | {"current_0.npy": header.getvalue()}).items():
            archive.writestr(name, content)
    seal_archive(saved)
    assert checkpoint.load(saved) is None
    assert "training starts anew" in caplog.text


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
