"""Sizes of compressed bytes in ROOT files: uproot believes them, here they are held against what there was.

A damaged size of the whole would otherwise leave memory that nobody filled among the data.
"""

from __future__ import annotations

from typing import Any

import uproot

from jetloom.io.integrity.damage import BadBytesError


def watch_sizes() -> None:
    """Let uproot hold the size that a key tells of against the blocks that it decompresses, by a hook of its own."""
    uproot.compression.decompress.hook_after_block = _after


def _after(*, compressed_bytes: int, uncompressed_bytes: int, filled: int, cursor: Any, start: Any, **_: Any) -> None:
    ended = cursor.displacement(start) >= compressed_bytes
    if filled > uncompressed_bytes or (ended and filled != uncompressed_bytes):
        raise BadBytesError(f"is damaged: {filled} bytes were compressed where {uncompressed_bytes} are told of")
