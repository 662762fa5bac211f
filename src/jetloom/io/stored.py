"""Files that jetloom wrote and reads again: sealed JSON of a known shape, told in one line where it is another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from jetloom.errors import CorruptFileError, shown
from jetloom.io.sealed import read_json

AGAIN = "remove it and run again"


class Stored(BaseModel):
    """What a stored file must hold. Keys beyond it are passed over, so that a newer file can be read."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)


Kind = TypeVar("Kind", bound=Stored)


def read_stored(path: Path, kind: type[Kind], advice: str = AGAIN, absent: str = AGAIN) -> Kind:
    """Read a sealed JSON file and hold it against what it must be.

    Parameters
    ----------
    path : Path
        The file.
    kind : type
        What it must hold.
    advice, absent : str
        What to do about a damaged file, and about one that is not there.

    Raises
    ------
    MissingFileError
        If there is no such file.
    CorruptFileError
        If it is damaged, cut short, or of another shape; one line with the key.
    """
    return _checked(path, kind, read_json(path, advice, absent), advice)


def read_content(path: Path, kind: type[Stored], advice: str = AGAIN, absent: str = AGAIN) -> dict[str, Any]:
    """Read a sealed JSON file as :func:`read_stored` does, and give all that it holds."""
    content = read_json(path, advice, absent)
    _checked(path, kind, content, advice)
    return content


def _checked(path: Path, kind: type[Kind], content: dict[str, Any], advice: str) -> Kind:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        cause = "is missing" if first["type"] == "missing" else f"{first['msg'].lower()}, not {shown(first['input'])}"
        raise CorruptFileError(cause, path=path, where=where, advice=advice) from None
