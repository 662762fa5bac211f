"""List deployed models, copy or rename one with its content."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

COLUMNS = ("archive", "name", "task", "point", "run", "model", "folds", "classes", "inputs", "size")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=["list", "copy", "rename"], help="what to do")
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH",
        help="list: archives, or directories of some (results); copy, rename: the archive and its new name",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """List, copy or rename."""
    from jetloom.errors import ConfigurationError
    from jetloom.inference.applied.renaming import copy_archive

    if arguments.action == "list":
        sys.stdout.write(_listed(arguments.paths or [Path("results")]))
        return
    if len(arguments.paths) != 2:
        raise ConfigurationError("needs the archive and its new name", where=arguments.action)
    source, target = arguments.paths
    copied = copy_archive(source, target)
    if arguments.action == "rename":
        source.unlink()
    logger.info("%s: its content is called '%s'", copied, copied.stem)


def _listed(places: list[Path]) -> str:
    """Return the table of the archives in some places."""
    from jetloom.errors import MissingFileError

    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise MissingFileError("there is no such file or directory", path=place)
        found += sorted(place.rglob("*.zip")) if place.is_dir() else [place]
    rows = [COLUMNS, *(_row(path) for path in found)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines) + "\n"


def _row(path: Path) -> tuple[str, ...]:
    """Return what is told of an archive; one that cannot be read has its reason there."""
    from jetloom.errors import InputError
    from jetloom.inference.applied.archive import read_archive

    size = f"{path.stat().st_size / 1e6:.2f} MB"
    try:
        archive: Any = read_archive(path)
    except InputError as error:
        return (str(path), "-", error.cause, *["-"] * (len(COLUMNS) - 4), size)
    recipe = archive.recipe
    folds = str(len(archive.stored.models)) if recipe.task.split.folds else "-"
    return (
        str(path), archive.name, recipe.name, recipe.point, recipe.run, recipe.task.model, folds,
        ",".join(recipe.classes), str(len(recipe.task.inputs)), size,
    )  # fmt: skip
