"""Jets as text: ``J <index>``, ``N <n>``, and n lines of px py pz E (GeV)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jetloom.errors import CorruptFileError, MissingFileError

Jet = tuple[int, list[list[float]]]


def read_raw(path: Path) -> Iterator[Jet]:
    """Read the jets of a file.

    Yields
    ------
    index : int
        The number that the file gives the jet.
    constituents : list of [px, py, pz, E]

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, or a line is not what it should be: names file, jet and line.
    """
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path)
    if path.stat().st_size == 0:
        raise CorruptFileError("is empty (0 bytes)", path=path)
    with path.open(encoding="utf-8", errors="replace") as file:
        number, jet = 0, None
        for number, line in enumerate(file, start=1):
            words = line.split()
            if not words:
                continue
            if jet is None:
                jet, waiting = _head(words, "J", path, None, number), -1
                constituents: list[list[float]] = []
            elif waiting < 0:
                waiting = _head(words, "N", path, jet, number)
            else:
                constituents.append(_momentum(words, path, jet, number, waiting))
                waiting -= 1
            if waiting == 0:
                yield jet, constituents
                jet = None
        if jet is not None:
            raise _broken(f"the file ends where {max(waiting, 0)} more constituents should be", path, jet, number)


def _head(words: list[str], letter: str, path: Path, jet: int | None, number: int) -> int:
    if len(words) == 2 and words[0] == letter and words[1].isdigit():
        return int(words[1])
    raise _broken(f"expected '{letter} <number>', not '{' '.join(words)[:40]}'", path, jet, number)


def _momentum(words: list[str], path: Path, jet: int, number: int, waiting: int) -> list[float]:
    if words[0] == "J":
        raise _broken(f"the next jet begins where {waiting} more constituents should be", path, jet, number)
    try:
        momentum = [float(word) for word in words]
    except ValueError:
        raise _broken(f"'{' '.join(words)[:40]}' is not four numbers", path, jet, number) from None
    if len(momentum) != 4:
        raise _broken(f"has {len(momentum)} numbers where px py pz E are expected", path, jet, number)
    return momentum


def _broken(cause: str, path: Path, jet: int | None, number: int) -> CorruptFileError:
    where = f"line {number}" if jet is None else f"jet {jet}, line {number}"
    return CorruptFileError(cause, path=path, where=where)
