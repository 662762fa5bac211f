"""Look at a site before the first submission, and say what is wrong and which line mends it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--profile", action="append", required=True, metavar="NAME",
        help="profile of Snakemake, by name or path; again for a site's own on top of it",
    )  # fmt: skip
    parser.add_argument("--config", default="config/config.yaml", help="configuration (default: config/config.yaml)")
    parser.add_argument("--no-probe", action="store_true", help="send no job that looks whether files are shared")
    parser.add_argument(
        "--timeout", type=float, default=120, metavar="SECONDS", help="how long to wait for that job (default: 120)"
    )
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="first write a profile of this site, to come after --profile's"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the findings, one a line."""
    from jetloom.cluster.site.doctor import examine, write
    from jetloom.cluster.site.findings import Level
    from jetloom.config.load import load_analysis
    from jetloom.errors import ConfigurationError

    analysis = load_analysis(arguments.config)
    if arguments.write:
        write(arguments.write, arguments.profile, analysis, arguments.config)
        sys.stdout.write(f"{arguments.write} is written; this is what the doctor says of it:\n")
        arguments.profile.append(str(arguments.write))
    levels: list[Level] = []
    timeout = None if arguments.no_probe else arguments.timeout
    for finding in examine(arguments.profile, analysis, arguments.config, timeout):
        sys.stdout.write(finding.line() + "\n")
        sys.stdout.flush()
        levels.append(finding.level)
    if count := levels.count(Level.WRONG):
        raise ConfigurationError(
            f"{count} thing{'s are' if count > 1 else ' is'} wrong",
            where=" ".join(f"--profile {name}" for name in arguments.profile),
            advice="the lines marked WRONG say what mends them",
        )
    warnings = levels.count(Level.WARNING)
    words = f", {warnings} warning{'s' if warnings > 1 else ''}" if warnings else ""
    sys.stdout.write(f"nothing is wrong{words}\n")
