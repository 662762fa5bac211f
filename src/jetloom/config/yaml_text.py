"""YAML and JSON text in, plain values out. What cannot be meant is refused with its line before it costs anything.

A few hundred bytes of YAML can stand for a billion values, and YAML makes dates and sets where a person wrote words.
So the text is gone through three times: its events are counted, its nodes are looked at, and then values are made.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from jetloom.errors import ConfigurationError, CorruptFileError, MissingFileError, shown
from jetloom.provenance import is_stored_under

try:  # libyaml reads a large scan ten times faster than the Python loader
    from yaml import CSafeLoader as _Loader
except ImportError:  # pragma: no cover - a PyYAML that was built without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

LARGEST = 4 << 20
"""Bytes of a file at most."""
MOST = 50_000
"""Values at most, those that stand for an alias counted each time."""
DEEPEST = 50
"""Mappings and lists inside of each other at most."""

_TAG = "tag:yaml.org,2002:"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_PLAIN = {_TAG + name for name in ("str", "int", "float", "bool", "null", "merge", "map", "seq")}


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML (or JSON) file that holds a mapping.

    Returns
    -------
    dict
        Mappings, lists, text, numbers, true, false and null. No key was given twice.

    Raises
    ------
    MissingFileError, ConfigurationError
        If the file is not there, is not YAML, is not a mapping, or is larger than any configuration is.
    CorruptFileError
        If it was stored under the digest of its content and no longer has it.
    """
    content = _parse(_text(Path(path)), path)
    if not isinstance(content, dict):
        raise ConfigurationError("must hold keys and values, as in 'analysis: demo'", path=path)
    return content


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise MissingFileError("there is no such file", path=path) from None
    except OSError as error:
        raise ConfigurationError(f"cannot be read as text ({error.strerror})", path=path) from None
    if len(data) > LARGEST:
        raise ConfigurationError(f"is larger than {LARGEST >> 20} MB: it is no configuration", path=path)
    if not is_stored_under(path, data):
        raise CorruptFileError(
            "is not what was stored under this name", path=path, advice="remove it and start Snakemake again"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"cannot be read as text ({error})", path=path) from None


def _parse(text: str, path: str | Path) -> Any:
    try:
        _count(text, path)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _Look(loader, path).at(node)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else None
        cause = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        raise ConfigurationError(f"is not YAML ({cause})", path=path, where=line) from None


def _count(text: str, path: str | Path) -> None:
    """Refuse what is too deep or too much, from the events alone: they cost no memory."""
    sizes: dict[str, int] = {}
    begun: list[tuple[str | None, int]] = []
    count = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            anchor = str(event.anchor)
            if any(anchor == outer for outer, _ in begun):
                raise _refused(f"'*{anchor}' stands inside of itself", event, path)
            count += sizes.get(anchor, 1)
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            sizes |= {event.anchor: 1} if event.anchor else {}
        elif isinstance(event, yaml.CollectionStartEvent):
            begun.append((event.anchor, count))
            count += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            name, before = begun.pop()
            sizes |= {name: count - before} if name else {}
        if len(begun) > DEEPEST:
            raise _refused(f"more than {DEEPEST} mappings or lists inside of each other", event, path)
        if count > MOST:
            raise _refused(f"more than {MOST} values, those of aliases counted each time", event, path)


class _Look:
    """A look at all nodes of a text: no key twice, no tag and no value that a configuration has not."""

    def __init__(self, loader: Any, path: str | Path) -> None:
        self._loader = loader
        self._path = path
        self._seen: set[int] = set()

    def at(self, node: yaml.Node) -> None:
        if id(node) in self._seen:  # by an alias
            return
        self._seen.add(id(node))
        if node.tag not in _PLAIN:
            kind = node.tag.removeprefix(_TAG)
            advice = "put it in quotes" if kind == "timestamp" else "take the tag out"
            raise _refused(f"{'a date' if kind == 'timestamp' else kind} is no value here", node, self._path, advice)
        if isinstance(node, yaml.MappingNode):
            self._keys(node)
            for _, value in node.value:
                self.at(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                self.at(value)
        else:
            self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        """Make the value of a scalar, which the loader keeps."""
        if _CONTROL.search(node.value):
            raise _refused(f"{shown(node.value)} holds a control character", node, self._path)
        try:
            return self._loader.construct_object(node)
        except (ValueError, OverflowError, KeyError):  # '!!int abc', '!!bool 3', 5,000 digits
            kind = node.tag.removeprefix(_TAG)
            raise _refused(f"{shown(node.value)} is no {kind}", node, self._path) from None

    def _keys(self, node: yaml.MappingNode) -> None:
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("a key must be a word, not a list or a mapping", key, self._path)
            if key.tag == _TAG + "merge":
                continue
            self.at(key)
            value, line = self._scalar(key), key.start_mark.line + 1
            if value in lines:
                raise ConfigurationError(
                    f"the key {shown(value)} stands twice in one mapping",
                    path=self._path,
                    where=f"lines {lines[value]} and {line}",
                    advice="the first one would be lost",
                )
            lines[value] = line


def _refused(cause: str, place: Any, path: str | Path, advice: str | None = None) -> ConfigurationError:
    return ConfigurationError(cause, path=path, where=f"line {place.start_mark.line + 1}", advice=advice)
