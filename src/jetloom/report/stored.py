"""What a page of the report reads: the numbers that its verb left, and what its figures show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from jetloom.io.records import read_record
from jetloom.io.stored import Stored, read_content

Shown = TypeVar("Shown")


@dataclass(frozen=True)
class Left(Generic[Shown]):
    """What a verb leaves in a directory.

    Attributes
    ----------
    verb : str
        Who makes it.
    numbers, figures : str
        The files.
    kind : type
        What the numbers must hold.
    shown : type
        The dataclass of what the figures show.
    """

    verb: str
    numbers: str
    kind: type[Stored]
    figures: str
    shown: type[Shown]

    def read_figures(self, directory: Path) -> Shown:
        """Read what the figures show.

        Raises
        ------
        MissingFileError, CorruptFileError
            If it is not there, damaged, or of another shape.
        """
        return read_record(directory / self.figures, self.shown, *self._advice())

    def read_numbers(self, directory: Path) -> dict[str, Any]:
        """Read the numbers.

        Raises
        ------
        MissingFileError, CorruptFileError
            If they are not there, damaged, or of another shape.
        """
        return read_content(directory / self.numbers, self.kind, *self._advice())

    def _advice(self) -> tuple[str, str]:
        return f"run jetloom {self.verb} again", f"run jetloom {self.verb} first"
