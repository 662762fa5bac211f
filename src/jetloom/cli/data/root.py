"""Look into ROOT files: branches, entries after a cut, sums; copy one with branches added or renamed."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=["list", "count", "copy"], help="branches; entries and sums; a copy")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="ROOT files; one of them for list and copy")
    parser.add_argument("--tree", help="the tree, by its path in the file; the only one")
    parser.add_argument("--cut", help="entries that count, e.g. 'met > 20 && abs(lep.eta) < 2.5'")
    parser.add_argument("--sum", nargs="+", default=[], metavar="EXPRESSION", help="count: sums over these entries")
    parser.add_argument("--keep", nargs="+", default=["*"], metavar="BRANCH", help="copy: branches, with stars")
    parser.add_argument("--rename", nargs="+", default=[], metavar="OLD=NEW", help="copy: branches with other names")
    parser.add_argument("--append", type=Path, metavar="FILE", help="copy: a file whose --branches are added")
    parser.add_argument("--branches", nargs="+", default=[], metavar="BRANCH", help="copy: what is added of it")
    parser.add_argument("--by", nargs="+", default=[], metavar="BRANCH", help="copy: branches that entries match by")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="copy: the file")


def run(arguments: argparse.Namespace) -> None:
    """Look, or copy."""
    from jetloom.conversion.inspection import root_tools
    from jetloom.errors import ConfigurationError

    if arguments.action == "count":
        found = root_tools.count(arguments.files, arguments.tree, arguments.cut, arguments.sum)
        sys.stdout.write(f"entries {found.entries}\n")
        if arguments.cut:
            sys.stdout.write(f"passed {found.passed}\n")
        for text, value in found.sums.items():
            sys.stdout.write(f"sum {text} {value!r}\n")
        return
    if len(arguments.files) != 1:
        raise ConfigurationError(f"takes one file, and {len(arguments.files)} are given", where=arguments.action)
    (path,) = arguments.files
    if arguments.action == "list":
        for name, kind in root_tools.list_branches(path, arguments.tree):
            sys.stdout.write(f"{name}  {kind}\n")
        return
    if arguments.output is None:
        raise ConfigurationError("say where the copy goes", where="--output")
    if arguments.append is not None and not (arguments.branches and arguments.by):
        raise ConfigurationError("needs --branches, and --by the branches that entries match by", where="--append")
    added = {}
    if arguments.append is not None:
        other = arguments.append
        added = root_tools.matched(path, arguments.tree, other, arguments.tree, arguments.branches, arguments.by)
    pairs = [text.partition("=") for text in arguments.rename]
    renamed = {old: new for old, _, new in pairs}
    if any(not new for new in renamed.values()):
        raise ConfigurationError("is of the form OLD=NEW", where="--rename")
    written = root_tools.copy_tree(
        path, arguments.tree, arguments.output, arguments.keep, renamed, added, arguments.cut
    )
    logger.info("%s: %d entries", arguments.output, written)
