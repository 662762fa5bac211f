"""Write again what was compressed: the same names, types and lists, each value within its bound.

Of a file that is damaged, --skip-damaged saves all blocks but the damaged ones, and says which entries are lost.
"""

from __future__ import annotations

import argparse
import logging
import re
from pathlib import Path

from jetloom.errors import ConfigurationError

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("input", type=Path, metavar="INPUT", help="file of `jetloom compress`")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write, of the original's kind")
    parser.add_argument("--entries", metavar="START:STOP", help="some entries only; no other block is read")
    parser.add_argument("--as", dest="kind", choices=["ttree", "rntuple"],
                        help="what to write of a tree; what it was if not given")  # fmt: skip
    parser.add_argument("--skip-damaged", action="store_true", help="leave out damaged blocks instead of ending")


def run(arguments: argparse.Namespace) -> None:
    """Run the verb."""
    from jetloom.compression.files import decompress

    start, stop = entry_range(arguments.entries)
    summary = decompress(
        arguments.input, arguments.output,
        start=start, stop=stop, as_kind=arguments.kind, skip_damaged=arguments.skip_damaged,
    )  # fmt: skip
    for line in summary.lost:
        logger.warning("%s: lost: %s", arguments.input, line)
    logger.info("%s: %d entries of %d variables", arguments.output, summary.entries, len(summary.contents.columns))


def entry_range(text: str | None) -> tuple[int, int | None]:
    """Return the first entry and the one behind the last; None for all.

    Raises
    ------
    ConfigurationError
        If the text is not START:STOP.
    """
    if text is None:
        return 0, None
    found = re.fullmatch(r"(\d*):(\d*)", text)
    if found is None:
        raise ConfigurationError(f"'{text}' is not START:STOP", where="--entries", advice="write 0:1000")
    return int(found[1] or 0), int(found[2]) if found[2] else None
