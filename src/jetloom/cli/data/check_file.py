"""Hold a ROOT file against an input schema: what is missing or empty, and all ranges."""

from __future__ import annotations

import argparse
import sys

from jetloom.locations import located


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("input", type=located, help="a ROOT file, or its URL (root://, https://)")
    parser.add_argument("--schema", required=True, help="input schema: a name in config/schemas, or a YAML file")
    parser.add_argument("--collection", help="jet collection, if not that of the schema")
    parser.add_argument("--events", type=int, default=1000, metavar="N", help="events to read (default: 1000)")


def run(arguments: argparse.Namespace) -> None:
    """Read some events and print a line for each variable."""
    from jetloom.config.schema import find_schema
    from jetloom.conversion.inspection.inspect import NEEDED, inspect_file
    from jetloom.errors import MissingObjectError
    from jetloom.io.root.branches import UNREADABLE

    schema = find_schema(arguments.schema)
    lines = inspect_file(arguments.input, schema, arguments.collection, arguments.events)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        sys.stdout.write("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() + "\n")
    for remark, words in ((NEEDED, "lacks"), (UNREADABLE, "cannot give")):
        if found := [line[0] for line in lines if line[-1].startswith(remark)]:
            raise MissingObjectError(f"{words} {', '.join(found)}", path=arguments.input, where=arguments.schema)
