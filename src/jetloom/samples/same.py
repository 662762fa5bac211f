"""Files of equal content: in one sample they are refused, in several samples they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jetloom.errors import ConfigurationError
from jetloom.samples.facts import FileFacts


def refuse_equal(name: str, files: Sequence[FileFacts]) -> None:
    """Refuse two files of a sample that were made from equal bytes, or hold the same events with the same jets.

    Raises
    ------
    ConfigurationError
        If there are such files; both are named.
    """
    seen: dict[str, FileFacts] = {}
    for file in files:
        for digest in _digests(file):
            if digest in seen:
                raise ConfigurationError(
                    f"'{seen[digest].path.stem}' and '{file.path.stem}' have equal content: their events count twice",
                    where=f"samples.{name}.files",
                    advice="take one of them out",
                )
        seen |= dict.fromkeys(_digests(file), file)


def shared_content(samples: Mapping[str, Sequence[FileFacts]]) -> dict[str, list[str]]:
    """Return, by sample, a line for each of its files whose content is that of a file of a sample before."""
    owners: dict[str, tuple[str, FileFacts]] = {}
    lines: dict[str, dict[str, None]] = {}
    for name, files in samples.items():
        for file in files:
            for digest in _digests(file):
                other, first = owners.setdefault(digest, (name, file))
                if other != name:
                    line = f"'{file.path.stem}' has the content of '{first.path.stem}' of sample '{other}'"
                    lines.setdefault(name, {})[line] = None
    return {name: list(found) for name, found in lines.items()}


def _digests(file: FileFacts) -> list[str]:
    """Return what tells the content of a file; what is left of two files without a jet may well agree."""
    if not (file.events or file.bookkeeping):
        return []
    return [digest for digest in (file.source, file.content if file.rows else "") if digest]
