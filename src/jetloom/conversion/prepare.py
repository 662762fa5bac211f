"""A site's own program before the conversion: an event loop of the experiment's framework, say, that writes ntuples."""

from __future__ import annotations

import logging
import shlex
import subprocess
from pathlib import Path

from jetloom.config.schema import Schema
from jetloom.errors import JetloomError
from jetloom.io.atomic import publishing
from jetloom.io.root.files import open_source
from jetloom.locations import Location, Remote

logger = logging.getLogger(__name__)

LAST = 400
"""Characters of the command's last words that an error repeats."""


def command_line(command: str, source: Location, output: Path) -> str:
    """Return the command for one file, with its path or URL in the place of ``{input}``, and that of ``{output}``."""
    named = source.url if isinstance(source, Remote) else str(source)
    return command.replace("{input}", shlex.quote(named)).replace("{output}", shlex.quote(str(output)))


def prepare(command: str, source: Location, output: Path, schema: Schema) -> None:
    """Run a sample's ``prepare`` for one file; the result appears whole, with a tree that the schema knows, or not.

    Raises
    ------
    JetloomError
        If the command fails; with its exit code and last words.
    CorruptFileError, MissingObjectError, MissingFileError
        If it wrote no file, or one that cannot be read or has no such tree.
    """

    def check(part: Path) -> None:
        with open_source(part, schema.trees) as found:
            logger.info("%s: %d events", output, found.entries)

    with publishing(output, check) as part:
        line = command_line(command, source, part)
        logger.info("%s", line)
        # A shell, because such commands begin with setting up a release: source setup.sh && run ...
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)  # noqa: S603, S607
        for text in (done.stdout, done.stderr):
            if text.strip():
                logger.info("%s", text.rstrip())
        if done.returncode:
            words = (done.stderr.strip() or done.stdout.strip())[-LAST:]
            raise JetloomError(
                f"the command ended with exit code {done.returncode}: {words}",
                path=source,
                where="prepare",
                advice="try it by hand",
            )
