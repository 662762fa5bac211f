"""Hold decompressed files against their originals, and the codec against others."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--compression", required=True, help="name of the compression")
    for option, what in (("original", "were compressed"), ("compressed", "they became"), ("decompressed", "came back")):
        parser.add_argument(f"--{option}", nargs="+", type=Path, required=True, help=f"files that {what}, in one order")
    parser.add_argument("--other", nargs="*", type=Path, default=[], help="a file of each of the other samples")
    parser.add_argument("--output", type=Path, help="where the results go; results/<analysis>/compressions/<name>")


def run(arguments: argparse.Namespace) -> None:
    """Read, measure."""
    from jetloom import paths
    from jetloom.cli.compression.compress import find_compression
    from jetloom.compression.comparing.pairs import Triple
    from jetloom.config.load import load_analysis
    from jetloom.errors import ConfigurationError
    from jetloom.report.compression.measure import compare

    analysis, name = load_analysis(arguments.config), arguments.compression
    settings = find_compression(analysis, name)
    columns = arguments.original, arguments.compressed, arguments.decompressed
    if len({len(one) for one in columns}) > 1:
        raise ConfigurationError("there must be as many --original, --compressed and --decompressed files")
    if len(arguments.other) != len(settings.others):
        raise ConfigurationError(f"needs one file of each of {settings.others}", where="--other")
    files = [Triple(*one) for one in zip(*columns, strict=True)]
    others = dict(zip(settings.others, arguments.other, strict=True))
    output = arguments.output or paths.compression(analysis, name)
    results = compare(files, settings, name, others, output)
    for method, row in results["methods"].items():
        logger.info(
            "%-22s ratio %6.2f, %7.0f ns an entry there, %7.0f back, %d outside", method, row["ratio"],
            1e9 * row["encoding_per_entry"], 1e9 * row["decoding_per_entry"], row["outside"],
        )  # fmt: skip
    for method in results["lacking"]:
        logger.warning("%s is not installed (the extra 'peers')", method)
