"""Files of JuniprJets records, read and written record by record, so that memory does not grow with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from jetloom.errors import CorruptFileError, MissingFileError

PIECE = 1 << 20
"""Characters that are read at a time."""
LONGEST = 1 << 28
"""No record is longer than this; one that has no end is broken."""


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Read the records of a file.

    Yields
    ------
    dict
        A record. The ``nan`` and ``inf`` that the reference writes are read as such.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, or a record is broken: names file and jet.
    """
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path)
    with path.open(encoding="utf-8", errors="replace") as file:
        text = _Text(file)
        if not re.fullmatch(r'\s*\{\s*"JuniprJets"\s*:\s*\[', text.through("[") or ""):
            raise CorruptFileError('does not begin with {"JuniprJets": [', path=path)
        jet, separator = 0, text.next() if text.peek() == "]" else ","
        while separator == ",":
            if text.peek() != "{":
                raise CorruptFileError(f"'{text.peek()}' where a record should be", path=path, where=f"jet {jet}")
            record = text.through("}")
            if record is None:
                raise CorruptFileError("the record has no end", path=path, where=f"jet {jet}")
            yield _parsed(record, path, jet)
            jet, separator = jet + 1, text.next()
        if separator != "]":
            raise CorruptFileError("neither ',' nor ']' after the record", path=path, where=f"jet {jet - 1}")


class _Text:
    """A text that is read piece by piece."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text, self._start = "", 0

    def _more(self) -> bool:
        piece = self._file.read(PIECE)
        self._text, self._start = self._text[self._start :] + piece, 0
        return bool(piece)

    def peek(self) -> str:
        """Return the next character that is no space, without taking it; nothing at the end."""
        while True:
            while self._start < len(self._text) and self._text[self._start].isspace():
                self._start += 1
            if self._start < len(self._text):
                return self._text[self._start]
            if not self._more():
                return ""

    def next(self) -> str:
        """Take the next character that is no space."""
        character = self.peek()
        self._start += len(character)
        return character

    def through(self, last: str) -> str | None:
        """Take what there is up to a character, and that; None if it does not come."""
        end = self._text.find(last, self._start)
        while end < 0 and len(self._text) < LONGEST:
            known = len(self._text) - self._start
            if not self._more():
                return None
            end = self._text.find(last, known)
        if end < 0:
            return None
        start, self._start = self._start, end + 1
        return self._text[start : self._start]


def _parsed(text: str, path: Path, jet: int) -> dict[str, Any]:
    """Parse one record."""
    try:
        record: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        text = re.sub(r"-?\bnan\b", "NaN", re.sub(r"\binf\b", "Infinity", text))
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CorruptFileError(f"the record is no JSON ({error})", path=path, where=f"jet {jet}") from None
    return record


def write_records(path: Path, records: Iterable[dict[str, Any]]) -> int:
    """Write records to a file, one a line; give their number.

    Numbers have as many digits (up to 17) as it takes to read the same ones back.
    """
    number = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"JuniprJets": [')
        for number, record in enumerate(records, start=1):
            file.write("\n" if number == 1 else ",\n")
            file.write(json.dumps(record, allow_nan=False))
        file.write("\n]}\n")
    return number
