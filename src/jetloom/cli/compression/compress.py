"""Compress variables of a ROOT, HDF5 or NumPy file, none further off than its bound allows.

A bound is a part of the value (0.1%), a difference in its unit (0.001), or 0 for bit for bit; what has none is kept
bit for bit. Before the file gets its name, each block is decoded and held against what was encoded.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from jetloom.errors import ConfigurationError, near_misses

if TYPE_CHECKING:
    from jetloom.compression.bounds import Bound
    from jetloom.config.analysis import Analysis
    from jetloom.config.compressions import Compression

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("input", type=Path, metavar="INPUT", help="ROOT file, HDF5 file of jetloom, or .npz")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write; its usual ending is .jlc")
    parser.add_argument("-b", "--bound", action="append", default=[], metavar="NAME=BOUND",
                        help="how far a variable, or all of a pattern (*pt), may lie off: 0.1%%, 0.001, 0")  # fmt: skip
    parser.add_argument("--branches", nargs="+", default=[], metavar="NAME",
                        help="variables or patterns; all if not given")  # fmt: skip
    parser.add_argument("--set", dest="variables", help="variables of jets by the name of a set: 4, 16, 19, 24, 25, 27")
    parser.add_argument("--prefix", default="AnalysisJets", help="with --set: container of the jets; AnalysisJets")
    parser.add_argument("--tree", help="which tree of a ROOT file with several")
    parser.add_argument("--entries", type=int, help="entries of a block, which is what is read for one of them; 20000")
    parser.add_argument("--config", help="configuration of an analysis, with --compression")
    parser.add_argument("--compression", metavar="NAME", help="take all of this from one of its compressions")


def run(arguments: argparse.Namespace) -> None:
    """Run the verb."""
    from jetloom.compression.files import compress

    settings = _settings(arguments)
    patterns, tree = columns(arguments.input, settings)
    summary = compress(
        arguments.input, arguments.output, parsed(settings.bounds),
        patterns=patterns, tree=tree, entries=settings.entries,
    )  # fmt: skip
    for name, reason in summary.contents.left_out.items():
        logger.warning("%s: left out: %s", name, reason)
    logger.info(
        "%s: %d variables of %d entries, %d bytes (%.2f of their %d bytes in memory; the original file has %d)",
        arguments.output, len(summary.contents.columns), summary.entries, summary.after,
        summary.after / max(1, summary.raw), summary.raw, summary.before,
    )  # fmt: skip


def columns(path: Path, settings: Compression) -> tuple[list[str], str | None]:
    """Return the columns of a file that settings mean, all if none, and its tree; those that it has not are told."""
    from jetloom.compression.files import kind_of
    from jetloom.compression.sources.root import tree_of

    kind, patterns = kind_of(path), list(settings.branches)
    tree = tree_of(path, settings.tree) if kind == "root" else settings.tree
    if settings.variables is not None:
        from jetloom.compression.wanted import columns_of_set

        if kind == "npz":
            raise ConfigurationError("sets of variables are those of ROOT and HDF5 files", path=path, where="--set")
        names, missing = columns_of_set(path, kind, settings.variables, settings.prefix, tree or "")
        for name, reason in missing.items():
            logger.warning("%s: left out: %s", name, reason)
        patterns += names
    return patterns, tree


def parsed(bounds: dict[str, str]) -> dict[str, Bound]:
    """Return the bounds that texts mean."""
    from jetloom.compression.bounds import parse_bound

    return {name: parse_bound(text) for name, text in bounds.items()}


def _settings(arguments: argparse.Namespace) -> Compression:
    """Return what the command line says, or the compression of a configuration that it names."""
    from pydantic import ValidationError

    from jetloom.config.compressions import Compression

    if (arguments.config is None) != (arguments.compression is None):
        raise ConfigurationError("--config and --compression go together")
    if arguments.config is not None:
        if arguments.bound or arguments.branches or arguments.variables or arguments.tree or arguments.entries:
            raise ConfigurationError(
                "the compression of a configuration says all that there is to say", where="--compression",
                advice="leave out --bound, --branches, --set, --tree and --entries",
            )  # fmt: skip
        from jetloom.config.load import load_analysis

        return find_compression(load_analysis(arguments.config), arguments.compression)
    if arguments.entries is not None and arguments.entries < 1:
        raise ConfigurationError(f"a block of {arguments.entries} entries is none", where="--entries")
    given = {"sample": "none", "tree": arguments.tree, "variables": arguments.variables, "prefix": arguments.prefix}
    given |= {"branches": arguments.branches, "bounds": bounds_of(arguments.bound)}
    given |= {} if arguments.entries is None else {"entries": arguments.entries}
    try:
        return Compression.model_validate(given)
    except ValidationError as error:
        raise ConfigurationError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def find_compression(analysis: Analysis, name: str) -> Compression:
    """Return a compression of a configuration.

    Raises
    ------
    ConfigurationError
        If there is none of that name.
    """
    if name not in analysis.compressions:
        advice = near_misses(name, analysis.compressions)
        raise ConfigurationError(f"no compression '{name}'", where="compressions", advice=advice)
    return analysis.compressions[name]


def bounds_of(given: list[str]) -> dict[str, str]:
    """Return bounds by name, as they are written.

    Raises
    ------
    ConfigurationError
        If one is not NAME=BOUND, or a name has two.
    """
    from jetloom.compression.bounds import parse_bound

    bounds: dict[str, str] = {}
    for text in given:
        name, equals, bound = text.partition("=")
        if not (name and equals):
            advice = "write pt=0.1% or eta=0.001"
            raise ConfigurationError(f"'{text}' is not NAME=BOUND", where="--bound", advice=advice)
        if name in bounds:
            raise ConfigurationError("has two bounds", where=f"--bound {name}", advice="leave one")
        parse_bound(bound)
        bounds[name] = bound
    return bounds
