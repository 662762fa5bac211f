"""What code asks of tables that it does not read itself: their columns, their slots, what their input lacked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np


class Described(Protocol):
    """Tables of rows and of what belongs to them: an open HDF5 file, or a ROOT file that is read without one."""

    @property
    def path(self) -> Path:
        """The file, for messages."""
        ...

    @property
    def rows(self) -> Mapping[str, int]:
        """The tables that there are, each with a number of rows."""
        ...

    def dtype(self, table: str) -> np.dtype[Any]:
        """Return the compound type of a table."""
        ...

    def slots(self, table: str) -> int | None:
        """Return the number of places of a table of slots, None for another one."""
        ...

    def has_attribute(self, key: str) -> bool:
        """Say whether there is an attribute."""
        ...

    def attribute(self, key: str, kind: Any = Any) -> Any:
        """Return an attribute, which must be of a kind."""
        ...
