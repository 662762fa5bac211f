"""The machine code that numba keeps on the disk, and when it is no longer that of the source.

Numba takes what it kept as long as the file of a function is unchanged. It does not see that a function of another
file, which was compiled into it, has changed. Here functions do call those of other files.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

STAMP = "kernels.stamp"


def forget_stale(directory: Path) -> None:
    """Remove what numba keeps of a directory of sources if one of them is not what it was when that was compiled."""
    kept = directory / "__pycache__"
    files = sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in directory.glob("*.py"))
    stamp, now = kept / STAMP, repr(files)
    with suppress(OSError):  # where nothing can be written, numba keeps nothing here either
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == now:
            return
        for path in [*kept.glob("*.nbi"), *kept.glob("*.nbc")]:
            path.unlink(missing_ok=True)
        kept.mkdir(exist_ok=True)
        stamp.write_text(now, encoding="utf-8")
