"""A conversion as asked for on the command line: a configuration, and options on top of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jetloom.errors import ConfigurationError, near_misses
from jetloom.locations import located

if TYPE_CHECKING:
    from jetloom.conversion.task import Task
    from jetloom.samples.processes import Allowed


def add_arguments(parser: argparse.ArgumentParser, output: str) -> None:
    """Add the arguments of a conversion to a parser.

    Parameters
    ----------
    parser : ArgumentParser
        Parser of the verb.
    output : str
        What the output is, for the help.
    """
    parser.add_argument("input", metavar="INPUT", type=located, help="ROOT file, or its URL (root://, https://)")
    parser.add_argument("--output", "-o", metavar="FILE", type=Path, required=True, help=output)
    parser.add_argument("--config", metavar="YAML", type=Path, help="configuration of an analysis")
    parser.add_argument("--sample", metavar="NAME", help="sample of the configuration that INPUT belongs to")
    parser.add_argument("--schema", metavar="NAME", help="input schema: a name in config/schemas, or a YAML file")
    parser.add_argument("--data", action="store_true", default=None, help="recorded data: every event has weight 1")
    parser.add_argument(
        "--channels", metavar="N,N", type=_channels, help="processes that INPUT is meant to hold; or 'any'"
    )
    parser.add_argument(
        "--collection", metavar="NAME", help="jet collection instead of the schema's, e.g. AnalysisLargeRJets"
    )
    parser.add_argument("--jets", choices=["all", "leading", "hardest"], help="which of an event's jets")
    for level in ("events", "jets"):
        parser.add_argument(
            f"--select-{level}", metavar="CUT", action="append", help=f"cut on {level}, e.g. 'pt > 20'; repeatable"
        )
    parser.add_argument(
        "--select",
        metavar="NAME=CUT",
        action="append",
        type=_pair,
        help="cut on a collection: 'tracks=pt > 0.5'; repeatable",
    )
    parser.add_argument(
        "--variables",
        metavar="NAME=A,B",
        action="append",
        type=_pair,
        help="variables to keep: 'jets=pt,eta,phi'; repeatable",
    )
    parser.add_argument(
        "--slots", metavar="NAME=N", action="append", type=_pair, help="places a jet has: 'tracks=20'; repeatable"
    )
    parser.add_argument("--compression", choices=["lz4", "zstd", "gzip", "none"], help="HDF5 filter")
    parser.add_argument(
        "--budget",
        metavar="WHAT=SHARE",
        action="append",
        type=_pair,
        help="tolerated losses: files=, jets=, constituents=",
    )


def make_task(arguments: argparse.Namespace) -> Task:
    """Turn arguments into a conversion.

    Raises
    ------
    ConfigurationError
        If the configuration, the sample, the schema or an option is wrong.
    """
    from jetloom.config.conversion import Conversion
    from jetloom.config.load import checked
    from jetloom.config.schema import find_schema, sample_schema
    from jetloom.conversion.task import Task

    schema, is_data, sample = arguments.schema, bool(arguments.data), None
    content: dict[str, Any] = {}
    channels = arguments.channels
    if arguments.config is not None:
        sample, content = _from_config(arguments.config, arguments.sample)
        sample = sample.model_copy(update={"schema_name": schema or sample.schema_name})
        is_data, channels = is_data or sample.is_data, channels or sample.channels
    elif arguments.sample is not None:
        raise ConfigurationError("needs --config", where="--sample")
    if sample is None and schema is None and any((arguments.select_events, arguments.select_jets, arguments.select)):
        raise ConfigurationError(
            "cuts are made when a DxAOD is read", where="--select-...", advice="give --schema, or make the ntuple anew"
        )
    conversion = checked(Conversion, _with_options(content, arguments), arguments.config)
    found = sample_schema(sample) if sample is not None else find_schema(schema) if schema else None
    return Task(arguments.input, found, conversion, is_data, channels)


def _from_config(path: Path, name: str | None) -> tuple[Any, dict[str, Any]]:
    from jetloom.config.load import load_analysis

    analysis = load_analysis(path)
    if name is None and len(analysis.samples) == 1:
        name = next(iter(analysis.samples))
    if name is None:
        raise ConfigurationError(
            "say which one with --sample", path=path, where="samples", advice=near_misses("", analysis.samples)
        )
    if name not in analysis.samples:
        advice = near_misses(name, analysis.samples)
        raise ConfigurationError(f"no sample '{name}'", path=path, where="samples", advice=advice)
    return analysis.samples[name], analysis.conversion_of(name).model_dump()


def _with_options(content: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Put the options over the configuration; what is not given stays."""
    for key in ("collection", "jets", "compression"):
        if getattr(arguments, key) is not None:
            content[key] = getattr(arguments, key)
    selection = content.setdefault("select", {})
    for level in ("events", "jets"):
        if (cuts := getattr(arguments, f"select_{level}")) is not None:
            selection[level] = cuts
    for name, cut in arguments.select or ():
        selection.setdefault("constituents", {}).setdefault(name, []).append(cut)
    for name, variables in arguments.variables or ():
        content.setdefault("variables", {})[name] = [part.strip() for part in variables.split(",")]
    for name, slots in arguments.slots or ():
        content.setdefault("slots", {})[name] = slots
    for name, share in arguments.budget or ():
        content.setdefault("budget", {})[name] = share
    return content


def _channels(text: str) -> Allowed:
    """Read ``any`` or a list of channel numbers."""
    try:
        return "any" if text == "any" else [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not 'any' or a list of numbers") from None


def _pair(text: str) -> tuple[str, str]:
    """Read ``name=value``."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form NAME=VALUE")
    return name.strip(), value.strip()
