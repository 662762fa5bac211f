"""Take variables of jets from a DxAOD as they are, by the name of a set, to HDF5.

Nothing is normalised and no unit is changed. With --pair, jets that a second file has, too (the same events, stored
with fewer bits), stand beside them.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from jetloom.errors import ConfigurationError

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    from jetloom.compression.jets.filters import FILTERS
    from jetloom.config.jet_variables import SETS

    parser.add_argument("input", type=Path, metavar="INPUT", help="ROOT file")
    parser.add_argument("-o", "--output", type=Path, required=True, help="HDF5 file to write, with the table jets")
    parser.add_argument("--set", dest="variables", default="27", choices=list(SETS), help="which variables; 27")
    parser.add_argument("--prefix", default="AnalysisJets", help="container of the jets; AnalysisJets")
    parser.add_argument("--rows", default="all", choices=["all", "leading", "events"],
                        help="all jets, the first of each event, or one row an event")  # fmt: skip
    parser.add_argument("--jets", type=int, default=2, help="with --rows events: how many jets of an event; 2")
    parser.add_argument("--filter", default="none", choices=list(FILTERS), help="cuts on the quality of jets; none")
    parser.add_argument("--tree", help="which tree of a ROOT file with several")
    parser.add_argument("--pair", type=Path, metavar="FILE", help="a second file of the same events")
    parser.add_argument("--pair-prefix", help="its container of jets; the same")
    parser.add_argument("--dr", type=float, default=0.05, help="largest distance of jets of a pair; 0.05")


def run(arguments: argparse.Namespace) -> None:
    """Run the verb."""
    from jetloom.compression.sources.root import tree_of

    if arguments.jets < 1:
        raise ConfigurationError(f"{arguments.jets} jets of an event are none", where="--jets")
    if arguments.dr <= 0:
        raise ConfigurationError(f"a distance of {arguments.dr:g} is none", where="--dr")
    tree = tree_of(arguments.input, arguments.tree)
    if arguments.pair is not None:
        _pair(arguments, tree)
        return
    from jetloom.compression.jets.extraction import Request, extract

    request = Request(arguments.variables, arguments.prefix, arguments.rows, arguments.jets, arguments.filter)
    found = extract(arguments.input, tree, arguments.output, request)
    _tell_missing(found.missing)
    for cut, lack in found.not_applied.items():
        logger.warning("not applied: %s (there is no %s)", cut, lack)
    for step in found.flow.as_json():
        logger.info("%-8s %9d -> %9d  %s", step["level"], step["before"], step["after"], step["reason"])
    logger.info("%s: %d rows", arguments.output, found.rows)


def _pair(arguments: argparse.Namespace, tree: str) -> None:
    from jetloom.compression.jets.pairs import pair
    from jetloom.compression.sources.root import tree_of

    if (arguments.rows, arguments.filter) != ("all", "none"):
        raise ConfigurationError("has all jets, unfiltered", where="--pair", advice="leave out --rows and --filter")
    found = pair(
        (arguments.input, arguments.pair), (tree, tree_of(arguments.pair, arguments.tree)), arguments.output,
        arguments.variables, (arguments.prefix, arguments.pair_prefix or arguments.prefix), arguments.dr,
    )  # fmt: skip
    _tell_missing(found.missing)
    logger.info("events: %d in both, %d and %d in one file only", found.events, found.events_alone,
                found.other_events_alone)  # fmt: skip
    logger.info("jets of these: %d pairs, %d and %d without their like", found.jets, found.jets_alone,
                found.other_jets_alone)  # fmt: skip


def _tell_missing(missing: dict[str, str]) -> None:
    for name, reason in missing.items():
        logger.warning("left out: %s: %s", name, reason)
