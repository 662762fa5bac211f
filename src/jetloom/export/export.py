"""Writing a network in several formats: each is compared with Keras before it gets its name."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jetloom.errors import ParityError
from jetloom.export.format import Format
from jetloom.export.parity import Comparison, Rows, compare, hold
from jetloom.export.subject import Subject
from jetloom.io.atomic import make_directory, publishing
from jetloom.provenance import file_digest


def export(subject: Subject, form: Format, rows: Sequence[Rows], path: Path) -> dict[str, Any]:
    """Write a network in a format, compare it with Keras, and publish it if it is the same network.

    Parameters
    ----------
    subject : Subject
        The network.
    form : Format
        The format.
    rows : sequence of Rows
        On which they are compared.
    path : Path
        The file, or the directory of a format that has several files.

    Returns
    -------
    dict
        Name and digest of the file, its tolerance and the comparisons, JSON-like.

    Raises
    ------
    RefusedNetworkError
        If the format does not have what the network is made of.
    ParityError
        If the file says something else than Keras. None is left then.
    """
    found: list[Comparison] = []

    def check(part: Path) -> None:
        for one in rows:
            try:
                comparison = compare(form, subject, part, one)
                hold(form, comparison)
            except ParityError as error:
                raise ParityError(error.cause, path=path, where=error.where, advice=error.advice) from None
            found.append(comparison)

    publish = _publish_directory if form.is_directory else _publish_file
    publish(path, lambda part: form.write(subject, part), check)
    return {
        "file": path.name,
        "digest": {one.relative_to(path.parent).as_posix(): file_digest(one) for one in _files(path)},
        "tolerance": form.tolerance.limit,
        "comparisons": [one.to_json() for one in found],
    }


def _files(path: Path) -> list[Path]:
    return sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]


def _publish_file(path: Path, write: Callable[[Path], None], check: Callable[[Path], None]) -> None:
    with publishing(path, check) as part:
        write(part)


def _publish_directory(path: Path, write: Callable[[Path], None], check: Callable[[Path], None]) -> None:
    """Publish a directory: made and checked beside its name, then put in the place of what is there."""
    make_directory(path.parent)
    part = path.with_name(f".{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        write(part)
        check(part)
        shutil.rmtree(path, ignore_errors=True)
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
