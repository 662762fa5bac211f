"""Compress variables of a ROOT, HDF5 or NumPy file, none further off than its bound allows.

A bound is a part of the value (0.1%), a difference in its unit (0.001), or 0 for bit for bit; what has none is kept
bit for bit. Before the file gets its name, each block is decoded and held against what was encoded.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from jetloom.errors import ConfigurationError

if TYPE_CHECKING:
    from jetloom.compression.bounds import Bound

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("input", type=Path, metavar="INPUT", help="ROOT file, HDF5 file of jetloom, or .npz")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write; its usual ending is .jlc")
    parser.add_argument("-b", "--bound", action="append", default=[], metavar="NAME=BOUND",
                        help="how far a variable, or all of a pattern (*pt), may lie off: 0.1%%, 0.001, 0")  # fmt: skip
    parser.add_argument("--branches", nargs="+", default=[], metavar="NAME",
                        help="variables or patterns; all if not given")  # fmt: skip
    parser.add_argument("--tree", help="which tree of a ROOT file with several")
    parser.add_argument("--entries", type=int, help="entries of a block, which is what is read for one of them; 20000")


def run(arguments: argparse.Namespace) -> None:
    """Run the verb."""
    from jetloom.compression.files import ENTRIES, compress

    if arguments.entries is not None and arguments.entries < 1:
        raise ConfigurationError(f"a block of {arguments.entries} entries is none", where="--entries")
    summary = compress(
        arguments.input, arguments.output, bounds_of(arguments.bound),
        patterns=arguments.branches, tree=arguments.tree, entries=arguments.entries or ENTRIES,
    )  # fmt: skip
    for name, reason in summary.contents.left_out.items():
        logger.warning("%s: left out: %s", name, reason)
    logger.info(
        "%s: %d variables of %d entries, %d bytes (%.2f of their %d bytes in memory; the original file has %d)",
        arguments.output, len(summary.contents.columns), summary.entries, summary.after,
        summary.after / max(1, summary.raw), summary.raw, summary.before,
    )  # fmt: skip


def bounds_of(given: list[str]) -> dict[str, Bound]:
    """Return bounds by name.

    Raises
    ------
    ConfigurationError
        If one is not NAME=BOUND, or a name has two.
    """
    from jetloom.compression.bounds import parse_bound

    bounds: dict[str, Bound] = {}
    for text in given:
        name, equals, bound = text.partition("=")
        if not (name and equals):
            advice = "write pt=0.1% or eta=0.001"
            raise ConfigurationError(f"'{text}' is not NAME=BOUND", where="--bound", advice=advice)
        if name in bounds:
            raise ConfigurationError("has two bounds", where=f"--bound {name}", advice="leave one")
        bounds[name] = parse_bound(bound)
    return bounds
