"""List the samples with their files, what is missing, events, jets and cross-sections."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jetloom.conversion.inspection.overview import Overview

HEADS = (
    "sample", "kind", "schema", "files", "missing", "converted", "events", "jets", "expected [pb]", "found [pb]",
    "1/pb", "normalised by",
)  # fmt: skip
"""Expected: the cross-section, which is the yield of all that were generated. Found: that of the events read."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--json", action="store_true", help="print all that is known as JSON")


def run(arguments: argparse.Namespace) -> None:
    """Print a line a sample, then what is missing, bad or absent."""
    from jetloom.config.load import load_analysis
    from jetloom.conversion.inspection.overview import overviews

    analysis = load_analysis(arguments.config)
    found = overviews(analysis)
    if arguments.json:
        facts = [{**asdict(one), "sum_of_weights": one.sum_of_weights, "luminosity": one.luminosity} for one in found]
        sys.stdout.write(json.dumps(facts, indent=2, default=str) + "\n")
        return
    lines = [HEADS, *(_cells(one) for one in found)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADS))]
    for line in lines:
        left = [cell.ljust(width) for cell, width in zip(line[:3], widths[:3], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(line[3:], widths[3:], strict=True)]
        sys.stdout.write("  ".join([*left, *right]).rstrip() + "\n")
    for one in found:
        for path in one.missing:
            sys.stdout.write(f"missing, {one.sample}: {path}\n")
        for path, cause in one.bad.items():
            sys.stdout.write(f"bad, {one.sample}: {path}: {cause}\n")
        for variable, files in one.absent.items():
            sys.stdout.write(f"absent, {one.sample}: {variable}: in {files} of {one.converted} converted files\n")
        if one.processes:
            sys.stdout.write(f"processes, {one.sample}: {one.processes}\n")
        for warning in one.warnings:
            sys.stdout.write(f"warning, {one.sample}: {warning}\n")


def _cells(one: Overview) -> tuple[str, ...]:
    numbers = (one.files, len(one.missing), one.converted, one.events, one.jets)
    luminosity = "-" if one.luminosity is None else f"{one.luminosity:.4g}"
    texts = (f"{number:,}" for number in numbers)
    facts = one.normalisation or {}
    expected = "-" if one.kind == "data" or one.cross_section is None else f"{one.cross_section:g}"
    found = "-" if facts.get("found") is None else f"{facts['found']:.4g}"
    source = facts.get("source", "-") + (f", {facts['share']:.3g} read" if facts.get("share", 1.0) < 1.0 else "")
    return (one.sample, one.kind, one.schema, *texts, expected, found, luminosity, source)
