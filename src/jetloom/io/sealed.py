"""JSON files that hold a checksum of their own content: a file that was damaged or cut is told from a whole one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import xxhash

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.io.atomic import publishing
from jetloom.provenance import canonical_json

CHECKSUM = "checksum"
"""Key of the checksum: XXH3 (64 bits) of the other keys in canonical JSON, as 16 hexadecimal digits."""

MOST_BYTES = 1 << 30
"""A JSON file that is larger is none of ours: it is not read into memory."""

AGAIN = "remove it and make it again"


def checksum(content: Mapping[str, Any]) -> str:
    """Return the checksum of an object without its checksum."""
    bare = {key: value for key, value in content.items() if key != CHECKSUM}
    return str(xxhash.xxh3_64_hexdigest(canonical_json(bare).encode()))


def write_json(path: str | Path, content: Mapping[str, Any], indent: int | None = 1) -> None:
    """Publish an object with its checksum as JSON: sorted keys, no NaN, readable by people.

    Parameters
    ----------
    path : path-like
        The final name.
    content : mapping
        JSON-like; keys are text.
    indent : int or None
        Spaces a level; None writes one line, for large arrays.
    """
    sealed = dict(content) | {CHECKSUM: checksum(content)}
    with publishing(path, read_json) as part:
        part.write_text(json.dumps(sealed, indent=indent, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: str | Path, advice: str = AGAIN, absent: str = AGAIN) -> dict[str, Any]:
    """Read an object that :func:`write_json` published; its checksum is verified and left out.

    Parameters
    ----------
    path : path-like
        The file.
    advice, absent : str
        What to do about a damaged file, and about one that is not there.

    Raises
    ------
    MissingFileError
        If there is no such file.
    CorruptFileError
        If it is empty, no JSON object, without a checksum, or not as it was written.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path, advice=absent)

    def refuse(cause: str) -> NoReturn:
        raise CorruptFileError(cause, path=path, advice=advice)

    content = _parsed(path, refuse)
    if CHECKSUM not in content:
        refuse("has no checksum: it is damaged, or of an older jetloom")
    if content[CHECKSUM] != checksum(content):
        refuse("is not as it was written (its checksum differs)")
    del content[CHECKSUM]
    return content


def _parsed(path: Path, refuse: Callable[[str], NoReturn]) -> dict[str, Any]:
    """Parse a file that should hold one object."""
    size = path.stat().st_size
    if not size:
        refuse("is empty (0 bytes)")
    if size > MOST_BYTES:
        refuse(f"is damaged ({size} bytes)")
    try:
        content = json.loads(path.read_bytes().decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        refuse(f"is not JSON ({error})")
    if not isinstance(content, dict):
        refuse(f"holds no JSON object but {type(content).__name__}")
    return content


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
