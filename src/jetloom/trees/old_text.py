"""The oldest form of JUNIPR's records, text of seven lines a jet, as that of the first TensorFlow implementation.

The lines are: ``J <number>``; the seed (px py pz E); n; the n ranks of the mothers; z theta phi delta of the
branchings; E theta phi m of the harder and the softer daughter of each; E theta phi m of the mothers. It does not say
which constituent is which: they are numbered by falling energy.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.io.trees import BRANCHING_VARIABLES, MOMENTUM
from jetloom.physics.kinematics import signed_mass
from jetloom.trees.states import replay

LINES = 7
Rows = npt.NDArray[np.void]


def is_old_text(path: Path) -> bool:
    """Say whether a text file has this form: its second line is a seed, not ``N <n>``."""
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path)
    with path.open(encoding="utf-8", errors="replace") as file:
        first, second = file.readline().split(), file.readline().split()
    return len(second) == 4 and (len(first) == 1 or first[:1] == ["J"])


def read_old_text(path: Path, dtype: np.dtype[Any]) -> Iterator[tuple[Rows, list[float], int]]:
    """Read the jets of a file.

    Yields
    ------
    branchings : structured array of ``dtype``
    seed : energy and signed mass of the root
    number : that of the file

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, or a line is not what it should be: names file, jet and line.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        start = 1
        while lines := list(islice(file, LINES)):
            if not "".join(lines).strip():
                return
            yield _jet(lines, path, start, dtype)
            start += LINES


def _jet(lines: list[str], path: Path, start: int, dtype: np.dtype[Any]) -> tuple[Rows, list[float], int]:
    head = lines[0].removeprefix("J").strip()
    if not head.isdigit():
        found = lines[0].strip()[:40]
        raise CorruptFileError(f"expected 'J <number>', not '{found}'", path=path, where=f"line {start}")

    def numbers(line: int, count: int, meaning: str) -> npt.NDArray[np.float64]:
        where = f"jet {head}, line {start + line}"
        if line >= len(lines):
            raise CorruptFileError(f"the file ends where {meaning} should be", path=path, where=where)
        try:
            found = np.array([float(word) for word in lines[line].split()])
        except ValueError:
            raise CorruptFileError(f"holds what is no number, in {meaning}", path=path, where=where) from None
        if len(found) != count:
            raise CorruptFileError(f"has {len(found)} numbers, {meaning} are {count}", path=path, where=where)
        return found

    px, py, pz, energy = numbers(1, 4, "px py pz E of the seed")
    (length,) = numbers(2, 1, "the number of branchings")
    n = max(int(length), 0)
    ranks = numbers(3, n, "the ranks of the mothers").astype(np.int64)
    values = numbers(4, 4 * n, "z theta phi delta").reshape(n, 4)
    daughters = numbers(5, 8 * n, "E theta phi m of the daughters").reshape(n, 2, 4)
    numbers(6, 4 * n, "E theta phi m of the mothers")
    if ((ranks < 0) | (ranks > np.arange(n))).any():
        where = f"jet {head}, line {start + 3}"
        raise CorruptFileError("a rank is beyond the particles that there are", path=path, where=where)
    return _rows(ranks, values, daughters, dtype), [energy, signed_mass(px, py, pz, energy)], int(head)


def _rows(
    ranks: npt.NDArray[np.int64], values: npt.NDArray[np.float64], daughters: npt.NDArray[np.float64],
    dtype: np.dtype[Any],
) -> Rows:  # fmt: skip
    """Put the numbers into rows, and number the nodes: mothers as the walk goes back, constituents by energy."""
    n = len(ranks)
    mother = np.full(n, -1, np.int64)
    states = replay(daughters[:, 0, 0].copy(), daughters[:, 1, 0].copy(), ranks, mother)
    node = np.full(2 * n + 1, -1, np.int64)
    node[states[n]] = np.arange(n + 1)
    node[mother] = 2 * n - np.arange(n)
    rows = np.zeros(n, dtype)
    for column, name in enumerate(BRANCHING_VARIABLES):
        rows[name] = values[:, column]
    for side, axis in (("hard", 0), ("soft", 1)):
        rows[f"{side}_node"] = node[1 + axis :: 2]
        for column, name in enumerate(MOMENTUM):
            rows[f"{side}_{name}"] = daughters[:, axis, column]
    rows["mother"], rows["mother_rank"] = mother, ranks
    return rows
