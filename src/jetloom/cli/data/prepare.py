"""Run a sample's own command on a file, before the conversion."""

from __future__ import annotations

import argparse
from pathlib import Path

from jetloom.locations import located


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("input", type=located, help="the file that the command takes")
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--sample", required=True, help="name of a sample that has 'prepare'")
    parser.add_argument("--output", type=Path, required=True, help="ROOT file to make")


def run(arguments: argparse.Namespace) -> None:
    """Run it, and check what it made."""
    from jetloom.config.load import load_analysis
    from jetloom.config.schema import find_schema
    from jetloom.conversion.prepare import prepare
    from jetloom.errors import ConfigurationError, near_misses

    analysis = load_analysis(arguments.config)
    if arguments.sample not in analysis.samples:
        advice = near_misses(arguments.sample, analysis.samples)
        raise ConfigurationError(f"no sample '{arguments.sample}'", where="samples", advice=advice)
    sample = analysis.samples[arguments.sample]
    if sample.prepare is None:
        raise ConfigurationError("has no command", where=f"samples.{arguments.sample}.prepare")
    prepare(sample.prepare, arguments.input, arguments.output, find_schema(sample.schema_name))
