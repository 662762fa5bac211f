"""Good-runs lists of ATLAS: which luminosity blocks of which runs of recorded data may be used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError, MissingFileError, shown

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class GoodRuns:
    """Ranges of luminosity blocks, both ends included, as three arrays of equal length."""

    run: Integers
    first: Integers
    last: Integers

    def contains(
        self, run: npt.NDArray[np.integer], block: npt.NDArray[np.integer | np.floating]
    ) -> npt.NDArray[np.bool_]:
        """Say of each event whether it may be used.

        Parameters
        ----------
        run, block : arrays of shape (n,)
            Run number and luminosity block; NaN, where it is missing, is on no list.
        """
        known_block = np.where(np.isnan(block), -1, block).astype(np.int64)
        # A range is a stretch on one axis (run, block); the last one that begins at or before the event decides.
        begins = self.run << 32 | self.first
        key = run.astype(np.int64) << 32 | known_block
        place = np.searchsorted(begins, key, side="right") - 1
        known = place >= 0
        found = np.zeros(len(key), bool)
        found[known] = key[known] <= (self.run << 32 | self.last)[place[known]]
        return found & (known_block >= 0)


def read_good_runs(path: str | Path) -> GoodRuns:
    """Read a good-runs list, the XML that the data quality groups publish.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, or it is not a good-runs list.
    """
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - the user's own list; it holds no entities to expand
    except FileNotFoundError:
        raise MissingFileError("there is no such file", path=path, where="conversion.good_runs") from None
    except OSError as error:
        raise CorruptFileError(f"cannot be read ({error.strerror})", path=path) from None
    except (ET.ParseError, ValueError, LookupError) as error:  # the latter for encodings that there are not
        raise CorruptFileError(f"is not XML ({error})", path=path) from None
    try:
        ranges = [
            (_number(collection.findtext("Run"), 31), _number(block.get("Start"), 32), _number(block.get("End"), 32))
            for collection in root.iter("LumiBlockCollection")
            for block in collection.iter("LBRange")
        ]
    except ValueError as error:
        raise CorruptFileError(f"is not a good-runs list ({error})", path=path) from None
    if not ranges:
        raise CorruptFileError("has no ranges of luminosity blocks", path=path, advice="is it a good-runs list?")
    columns = np.array(_joined(sorted(ranges)), np.int64).T
    return GoodRuns(columns[0], columns[1], columns[2])


def _number(text: str | None, bits: int) -> int:
    """Read the number of a run or of a block, which has so many bits."""
    if text is None or not text.strip().isdecimal() or len(text) > 20 or int(text) >= 1 << bits:
        raise ValueError(f"{shown(text)} is no number of a run or a block")
    return int(text)


def _joined(ranges: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Join ranges of a run that overlap, so that each event lies in at most one."""
    result: list[tuple[int, int, int]] = []
    for run, first, last in ranges:
        if result and result[-1][0] == run and first <= result[-1][2]:
            result[-1] = (run, result[-1][1], max(last, result[-1][2]))
        else:
            result.append((run, first, last))
    return result
