"""A block of a compressed file: some entries, each column in streams of its own, a digest of what they decode to."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import xxhash
import zstandard

from jetloom.compression.columns import decode_column, encode_column
from jetloom.compression.pieces import Contents, Piece, Values
from jetloom.compression.streams import DamageError, pack_integers, unpack_integers

_SIZE = struct.Struct("<I")


def encode_block(piece: Piece, contents: Contents) -> bytes:
    """Return the bytes of some entries."""
    streams, columns, digest = [], {}, xxhash.xxh3_128()
    counts = {}
    for group in contents.groups:
        stream = pack_integers(piece.counts[group])
        counts[group] = len(stream)
        streams.append(stream)
        digest.update(piece.counts[group].tobytes())
    for name, column in contents.columns.items():
        encoded = encode_column(piece.values[name], column.bound)
        columns[name] = encoded.facts
        streams.append(encoded.data)
        digest.update(np.ascontiguousarray(encoded.decoded).tobytes())
    head = {"entries": piece.entries, "counts": counts, "columns": columns, "decoded": digest.hexdigest()}
    packed = zstandard.ZstdCompressor().compress(json.dumps(head, sort_keys=True).encode())
    return b"".join([_SIZE.pack(len(packed)), packed, *streams])


def decode_block(data: bytes, contents: Contents) -> Piece:
    """Return the entries of a block.

    Raises
    ------
    DamageError
        If the bytes are not those of a block of this file, or decode to something else than they did when they were
        written.
    """
    head, place = _head(data)
    values: dict[str, Values] = {}
    counts, digest = {}, xxhash.xxh3_128()
    for group in contents.groups:
        size = head["counts"][group]
        counts[group] = unpack_integers(data[place : place + size], head["entries"])
        place += size
        digest.update(counts[group].tobytes())
    for name, column in contents.columns.items():
        facts = head["columns"][name]
        size = sum(facts["streams"])
        values[name] = decode_column(facts, data[place : place + size], column.kind)
        place += size
        digest.update(values[name].tobytes())
    if digest.hexdigest() != head["decoded"]:
        raise DamageError("decodes to other values here than where it was written")
    return Piece(head["entries"], values, counts)


def entries_of(data: bytes) -> int:
    """Return the number of entries of a block."""
    return int(_head(data)[0]["entries"])


def facts_of(data: bytes) -> dict[str, Any]:
    """Return the head of a block: ``entries``, and by column the number of values, streams and values kept exactly."""
    return _head(data)[0]


def _head(data: bytes) -> tuple[dict[str, Any], int]:
    if len(data) < _SIZE.size:
        raise DamageError("ends too early")
    (size,) = _SIZE.unpack_from(data)
    try:
        text = zstandard.ZstdDecompressor().decompress(data[_SIZE.size : _SIZE.size + size])
    except zstandard.ZstdError as error:
        raise DamageError(f"its head cannot be inflated ({error})") from None
    return json.loads(text), _SIZE.size + size
