"""Fetch a data set or submit to the grid with a command of the site; printed, unless it is to run."""

from __future__ import annotations

import argparse
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=["fetch", "submit"], help="which of the site's commands")
    parser.add_argument("dataset", nargs="+", help="names of data sets")
    parser.add_argument(
        "--template",
        required=True,
        metavar="COMMAND",
        help="the site's command with {dataset}, {number}, {user}, {tag}, as 'rucio get {dataset}'",
    )
    parser.add_argument("--number", default=r"[._](\d{6,8})[._]", help="where the sample's number stands in a name")
    parser.add_argument("--user", default="", help="fills {user}")
    parser.add_argument("--tag", default="", help="fills {tag}")
    parser.add_argument(
        "--run", dest="really", action="store_true", help="run the commands; otherwise they are printed"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print, or run."""
    import subprocess

    from jetloom.errors import InputError
    from jetloom.export.dumps.commands import commands

    fills = {"user": arguments.user, "tag": arguments.tag}
    for command in commands(arguments.template, arguments.dataset, arguments.number, fills):
        sys.stdout.write(" ".join(command) + "\n")
        if arguments.really:
            try:
                done = subprocess.run(command, check=False)  # noqa: S603 - a list of words, no shell
            except OSError as error:
                raise InputError(f"'{command[0]}' cannot be run ({error.strerror})") from None
            if done.returncode:
                raise InputError(f"'{command[0]}' failed with code {done.returncode}", where=arguments.action)
