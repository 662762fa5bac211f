"""Convert a DxAOD, or the ntuple made of it, to HDF5.

One row a jet in the table `jets`, and a table of (rows, slots) for each collection that belongs to the jets. INPUT is a
DxAOD or an ntuple of `jetloom ntuple`, recognised by its content; both give the same bytes.
"""

from __future__ import annotations

import argparse

from jetloom.conversion import request


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    request.add_arguments(parser, "HDF5 file to write")


def run(arguments: argparse.Namespace) -> None:
    """Run the verb."""
    from jetloom.conversion.convert import summarised, to_hdf5

    task = request.make_task(arguments)
    with summarised(task) as summary:
        summary(to_hdf5(task, arguments.output))
