"""Zip archives (checkpoints are some) with a checksum of all their bytes, as the comment at their end.

The checksums of their own hold the content of each member only: a damaged header of a member, or a list of other
members, passes. Any program that reads zip archives reads them as before.
"""

from __future__ import annotations

import mmap
import zipfile
from pathlib import Path

import xxhash

from jetloom.io.integrity.damage import BadBytesError

CHECKSUM_BYTES = 16
"""XXH3 (64 bits) of all bytes before it, as hexadecimal digits."""


def seal_archive(path: Path) -> None:
    """Add the checksum to a zip archive that has no comment."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = bytes(CHECKSUM_BYTES)
    found = _checksum(path)
    with path.open("r+b") as file:
        file.seek(-CHECKSUM_BYTES, 2)
        file.write(found)


def verify_archive(path: Path) -> None:
    """Hold a zip archive against its checksum.

    Raises
    ------
    BadBytesError
        If it has none, or is not as it was written.
    """
    if path.stat().st_size <= CHECKSUM_BYTES:
        raise BadBytesError(f"is truncated ({path.stat().st_size} bytes)")
    with path.open("rb") as file:
        file.seek(-CHECKSUM_BYTES, 2)
        written = file.read()
    if written != _checksum(path):
        raise BadBytesError("is not as it was written (its checksum differs)")


def _checksum(path: Path) -> bytes:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        view = memoryview(content)
        try:
            return xxhash.xxh3_64_hexdigest(view[:-CHECKSUM_BYTES]).encode()
        finally:
            view.release()
