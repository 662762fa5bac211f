"""How many columns a table can have: HDF5 describes the type of a compound dataset in one message of its header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jetloom.errors import ConfigurationError

LARGEST = 65_535
"""Bytes of a message: its length is stored in 16 bits, in every version of the format. Compression or newer layouts of
the file change nothing about it."""

_OWN = 8
_KINDS = {"f": 20, "i": 12, "u": 12, "b": 33}


def described_bytes(dtype: np.dtype[Any]) -> int:
    """Return the size of HDF5's description of a compound type: of each column its name, its offset and its type."""
    offset = max(1, -(-dtype.itemsize.bit_length() // 8))
    return _OWN + sum(len(name.encode()) + 1 + offset + _KINDS[dtype[name].kind] for name in dtype.names or ())


def require_width(tables: Mapping[str, np.dtype[Any]]) -> None:
    """Refuse tables of more columns than HDF5 can describe.

    Raises
    ------
    ConfigurationError
        With the numbers, and what makes a table smaller.
    """
    for table, dtype in tables.items():
        needed = described_bytes(dtype)
        if needed > LARGEST:
            names = dtype.names or ()
            letters = sum(map(len, names)) / len(names)
            raise ConfigurationError(
                f"{len(names)} columns with names of {letters:.0f} letters on average take {needed} bytes to describe, "
                f"and HDF5 has {LARGEST} for a table",
                where=f"table '{table}'",
                advice="name those that you need in conversion.variables, mark others 'internal: true' in the schema, "
                "or give them shorter names",
            )
