"""Machine code is kept as long as all sources are what they were."""

import os

from jetloom.physics.compiled import forget_stale


def test_a_changed_source_makes_all_machine_code_stale(tmp_path):
    (tmp_path / "__pycache__").mkdir()
    kept, other = tmp_path / "__pycache__" / "a.f-1.py311.1.nbc", tmp_path / "__pycache__" / "a.pyc"
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x = 1\n")
    other.touch()
    forget_stale(tmp_path)
    kept.touch()
    forget_stale(tmp_path)
    assert kept.is_file()
    os.utime(tmp_path / "b.py", (1, 1))
    forget_stale(tmp_path)
    assert not kept.exists()
    assert other.is_file()
    kept.touch()
    forget_stale(tmp_path)
    assert kept.is_file()


def test_where_nothing_can_be_written_nothing_happens(tmp_path):
    (tmp_path / "__pycache__").write_text("no directory")
    forget_stale(tmp_path)
