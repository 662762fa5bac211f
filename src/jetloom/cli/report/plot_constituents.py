"""Plot jets and what belongs to them before and after cuts, samples side by side."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--collection", metavar="NAME", help="jets or a collection of conversion.slots; all of them")
    parser.add_argument(
        "--events",
        type=int,
        metavar="N",
        help="events of each sample that are looked at, as the configuration says if not given",
    )
    parser.add_argument(
        "--output", type=Path, help="a directory for each collection goes there; results/<analysis>/diagnostics"
    )


def run(arguments: argparse.Namespace) -> None:
    """Read some events of each sample twice, and draw."""
    from jetloom import paths
    from jetloom.config.load import load_analysis
    from jetloom.errors import ConfigurationError, near_misses
    from jetloom.plots.samples.constituents import draw_collection

    analysis = load_analysis(arguments.config)
    known, asked = paths.shown_collections(analysis), arguments.collection
    if asked is not None and asked not in known:
        advice = near_misses(asked, known)
        raise ConfigurationError(f"no collection '{asked}' is converted", where="--collection", advice=advice)
    output = arguments.output or paths.diagnostics(analysis)
    for name in known if asked is None else [asked]:
        figures = draw_collection(analysis, name, output / name, arguments.events)
        logger.info("%s: %d figures in %s", name, len(figures), output / name)
