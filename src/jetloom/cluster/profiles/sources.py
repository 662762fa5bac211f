"""The profiles of a run with the places of their keys: what mends a finding is a line in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from jetloom.cluster.profiles.profile import profile_files, read_file

COMMAND_LINE = Path("the command line")
"""Stands in the place of a profile's file for what was said there."""
LISTS = ("default-resources", "set-resources")
RESOURCE = re.compile(r"([^=]+)=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Sources:
    """Profiles, merged as Snakemake merges them: by whole keys."""

    files: tuple[Path, ...]
    """In the order in which they are merged; the workflow's own, if there is one, is the last."""
    contents: tuple[dict[str, Any], ...]
    named: int
    """How many of them were named on the command line."""

    @classmethod
    def read(cls, names: Sequence[str], words: Sequence[str] = ()) -> Sources:
        """Read profiles by name or path, and that of the workflow; options among some words win over all of them."""
        files = profile_files(names)
        contents = [read_file(file) for file in files]
        if given := options_among(words):
            files, contents = [*files, COMMAND_LINE], [*contents, given]
        return cls(tuple(files), tuple(contents), len(names))

    @property
    def merged(self) -> dict[str, Any]:
        """What they say together."""
        return {key: value for content in self.contents for key, value in content.items()}

    @property
    def site(self) -> str:
        """The file in which a user would add a key."""
        return shown(self.files[self.named - 1]) if self.named else "your profile"

    def where(self, key: str, also: str = "", file: Path | None = None) -> str:
        """Name file, line and key of what holds; or the file to which it is to be added.

        Parameters
        ----------
        key : str
            The key of the profile.
        also : str
            A word in the value of the key, on the same line or one below.
        file : Path, optional
            One of the files; that which wins if not given.
        """
        for place, content in zip(reversed(self.files), reversed(self.contents), strict=True):
            if key in content and file in (None, place) and place == COMMAND_LINE:
                return f"--{key} on the command line"
            if key in content and file in (None, place):
                return f"{shown(place)}, line {_line(place, key, also)}, {key}"
        return f"{key} in {self.site}"

    def where_resource(self, rule: str, name: str) -> str:
        """Name file, line and key that give a rule a resource."""
        if name in self.resources_of(rule):
            return self.where("set-resources", name)
        if name in self.default_resources():
            return self.where("default-resources", name)
        return f"'{name}' under default-resources or set-resources in {self.site}"

    def default_resources(self) -> dict[str, Any]:
        """Return the resources that every job asks for."""
        return _pairs(self.merged.get("default-resources"))

    def resources_of(self, rule: str) -> dict[str, Any]:
        """Return the resources that a rule asks for instead of its own."""
        given = self.merged.get("set-resources")
        if isinstance(given, Mapping):
            return _pairs(given.get(rule))
        return {
            name.split(":", 1)[1]: value
            for name, value in _pairs(given).items()
            if name.split(":", 1)[0] == rule and ":" in name
        }

    def rules_with_resources(self) -> dict[str, dict[str, Any]]:
        """Return all resources of rules, by the rule's name."""
        given = self.merged.get("set-resources")
        names = given if isinstance(given, Mapping) else {name.split(":", 1)[0] for name in _pairs(given)}
        return {str(rule): self.resources_of(str(rule)) for rule in names}

    def replaced(self) -> Iterator[tuple[str, str, Path, Path]]:
        """Return what a later profile takes away by giving the whole key anew: key, resource, old and new file."""
        for key in ("default-resources", "set-resources"):
            holders = [(file, content[key]) for file, content in zip(self.files, self.contents, strict=True)
                       if key in content]  # fmt: skip
            for (old, before), (new, after) in pairwise(holders):
                for name in _pairs(before).keys() - _pairs(after).keys():
                    yield key, name, old, new


def options_among(words: Sequence[str]) -> dict[str, Any]:
    """Return the long options among the words of a command line of Snakemake, as they would stand in a profile."""
    found: dict[str, Any] = {}
    key = ""
    for word in words:
        if word == "--":
            break
        if word.startswith("--"):
            key, _, value = word.removeprefix("--").partition("=")
            found[key] = [value] if value else []
        elif word.startswith("-") and not re.match(r"-\d", word):
            key = ""
        elif key:
            found[key].append(word)
    return {
        key: values if key in LISTS else values[0] if values else True
        for key, values in found.items()
        if key != "profile"
    }


def _pairs(given: Any) -> dict[str, Any]:
    """Read ``- name=value`` or ``name: value``."""
    if isinstance(given, Mapping):
        return {str(name): literal(value) for name, value in given.items()}
    if isinstance(given, str):
        given = given.split()
    matches = (RESOURCE.fullmatch(str(entry)) for entry in given or [])
    return {match[1].strip(): literal(match[2]) for match in matches if match}


def literal(value: Any) -> Any:
    """Read a resource as Snakemake does: a number, yes or no, or text with or without quotes."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if text in ("True", "False"):
        return text == "True"
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def shown(file: Path) -> str:
    """Return a path as short as it can be."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def _line(file: Path, key: str, also: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        if re.match(rf"['\"]?{re.escape(key)}['\"]?\s*:", line):
            for below, inner in enumerate(lines[number - 1 :], start=number):
                if below > number and re.match(r"\S", inner) and not inner.startswith(("-", "#")):
                    break
                if also and re.search(rf"\b{re.escape(also)}\b", inner):
                    return below
            return number
    return 1
