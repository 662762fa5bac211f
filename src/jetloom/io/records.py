"""Numbers that are made once and shown often: dataclasses of arrays, numbers and texts as sealed JSON.

The annotations of a dataclass are its schema, when it is written and when it is read. JSON has no NaN and no infinity:
NaN is null, infinities are the texts ``inf`` and ``-inf``. Numbers have the digits that give the same ones back.
"""

from __future__ import annotations

import dataclasses
import math
import types
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError, shown
from jetloom.io.sealed import read_json, write_json

Kind = TypeVar("Kind")
INFINITIES = {"inf": math.inf, "-inf": -math.inf}


class _WrongError(Exception):
    """What a value is not, and under which keys it stands, the innermost last."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.keys: list[str] = []


def write_record(path: str | Path, record: Any) -> None:
    """Publish a dataclass as sealed JSON in one line.

    Parameters
    ----------
    path : path-like
        The final name.
    record : dataclass
        Of numbers, texts, arrays, and of lists, tuples, mappings with texts as keys, and dataclasses of these.
    """
    write_json(path, _written(record), indent=None)


def read_record(path: Path, kind: type[Kind], advice: str, absent: str) -> Kind:
    """Read what :func:`write_record` wrote, and hold it against the dataclass that it must be.

    Parameters
    ----------
    path : Path
        The file.
    kind : type
        The dataclass. Keys beyond its fields are passed over, so that a newer file can be read.
    advice, absent : str
        What to do about a damaged file, and about one that is not there.

    Raises
    ------
    MissingFileError
        If there is no such file.
    CorruptFileError
        If it is damaged, cut short, or of another shape; one line with the key.
    """
    content = read_json(path, advice, absent)
    try:
        found: Kind = _read(kind, content)
    except _WrongError as error:
        raise CorruptFileError(error.cause, path=path, where=".".join(error.keys), advice=advice) from None
    return found


def _written(value: Any) -> Any:
    """Turn a value into what JSON has."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _written(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        listed = value.tolist()
        return listed if value.dtype.kind != "f" or np.isfinite(value).all() else _written(listed)
    if isinstance(value, np.generic):
        return _written(value.item())
    if isinstance(value, dict):
        return {key: _written(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else next(text for text, number in INFINITIES.items() if number == value)
    return value


def _read(kind: Any, value: Any) -> Any:
    """Turn what JSON had into a value of a kind."""
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value)
    if origin is np.ndarray:
        return _array(kind, value)
    if origin in (Union, types.UnionType):
        inner = [each for each in get_args(kind) if each is not type(None)]
        return None if value is None else _read(inner[0], value)
    if origin is list:
        return [_inside(place, get_args(kind)[0], each) for place, each in enumerate(_held(value, list))]
    if origin is tuple:
        kinds = get_args(kind)
        if len(_held(value, list)) != len(kinds):
            raise _WrongError(f"{len(value)} values, not {len(kinds)}")
        return tuple(_inside(place, each, value[place]) for place, each in enumerate(kinds))
    if origin is dict:
        return {key: _inside(key, get_args(kind)[1], each) for key, each in _held(value, dict).items()}
    if kind is float:
        return _number(value)
    if kind is Any:
        return value
    return _held(value, kind)


def _dataclass(kind: Any, value: Any) -> Any:
    content, hints = _held(value, dict), _hints(kind)
    for name in hints:
        if name not in content:
            wrong = _WrongError("is missing")
            wrong.keys.insert(0, name)
            raise wrong
    return kind(**{name: _inside(name, hint, content[name]) for name, hint in hints.items()})


@cache
def _hints(kind: type) -> dict[str, Any]:
    """Return the kinds of the fields of a dataclass."""
    known = get_type_hints(kind)
    return {field.name: known[field.name] for field in dataclasses.fields(kind)}


def _inside(key: object, kind: Any, value: Any) -> Any:
    try:
        return _read(kind, value)
    except _WrongError as error:
        error.keys.insert(0, str(key))
        raise


def _held(value: Any, kind: type) -> Any:
    """Return a value that is of a kind; yes and no are no numbers."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        _refuse(value, kind.__name__)
    return value


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str) and value in INFINITIES:
        return INFINITIES[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(value, "float")
    return float(value)


def _array(kind: Any, value: Any) -> npt.NDArray[Any]:
    """Read an array of the annotated type, from lists within lists of equal lengths."""
    dtype = np.dtype(get_args(get_args(kind)[1])[0])
    _require_elements(_held(value, list), dtype.kind)
    try:
        return np.array(value, dtype)
    except (ValueError, TypeError, OverflowError):
        _refuse(value, f"array of {dtype}")


def _require_elements(value: list[Any], kind: str) -> None:
    """Refuse what would become an element of an array but is none: a text, a yes among numbers, a broken number."""
    for each in value:
        if isinstance(each, list):
            _require_elements(each, kind)
        elif kind == "f":
            _number(each)
        else:
            _held(each, bool if kind == "b" else int)


def _refuse(value: Any, kind: str) -> NoReturn:
    raise _WrongError(f"is {shown(value)}, not {kind}")
