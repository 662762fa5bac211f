"""The files that a verb is given to read: none of them may be what its output replaces."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jetloom.errors import JetloomError

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis


def keeping_inputs(options: argparse.Namespace) -> AbstractContextManager[None]:
    """Refuse, while a verb with ``--output`` runs, to replace a file that it was given to read."""
    if getattr(options, "output", None) is None:
        return nullcontext()
    from jetloom.io.atomic import keeping

    return keeping(lambda: given_files(options))


def given_files(options: argparse.Namespace) -> Iterator[Path]:
    """Return the files that a command line names, and those that its configuration names; some may not exist."""
    for name, value in vars(options).items():
        if name in ("output", "verb"):
            continue
        for part in value if isinstance(value, list | tuple) else [value]:
            if isinstance(part, str | Path):
                yield Path(part)
                yield Path(str(part).partition("=")[2])  # SAMPLE=FILE
    if getattr(options, "config", None) is not None:
        from jetloom.config.load import load_analysis

        try:
            analysis = load_analysis(options.config)
        except JetloomError:  # the verb will say so
            return
        yield from _configured_files(analysis)
    from jetloom.config.schema import schema_directories

    for directory in schema_directories():
        yield from directory.glob("*.yaml")


def _configured_files(analysis: Analysis) -> Iterator[Path]:
    """Return the samples' own files, schemas, the good-runs list, and models of the user's own."""
    from jetloom.paths import expand, source_files

    if analysis.conversion.good_runs is not None:
        yield Path(analysis.conversion.good_runs)
    for name, sample in analysis.samples.items():
        yield Path(sample.schema_name)
        # Verbs that read only results still replace them when the samples' files are gone, or cannot be named.
        for pattern in sample.files:
            with suppress(JetloomError):
                yield from expand(Path(analysis.data), pattern, f"samples.{name}.files")  # a list of files, too
        if sample.files:
            with suppress(JetloomError):
                yield from (path for path in source_files(analysis, name).values() if isinstance(path, Path))
    for task in analysis.tasks.values():
        yield Path(task.model)
