"""Convert a DxAOD to a ROOT ntuple of selected jets.

The ntuple holds flat branches that any ROOT tool reads, and goes on to `jetloom hdf5`. Every event, jet and
constituent that is left out is counted by reason, and the counts go along.
"""

from __future__ import annotations

import argparse

from jetloom.conversion import request


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    request.add_arguments(parser, "ROOT ntuple to write")


def run(arguments: argparse.Namespace) -> None:
    """Run the verb."""
    from jetloom.conversion.convert import summarised, to_ntuple

    task = request.make_task(arguments)
    with summarised(task) as summary:
        summary(to_ntuple(task, arguments.output))
