"""Put weights of the old tagger of displaced jets, of Keras 2, into a network of Keras 3."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("weights", type=Path, metavar="WEIGHTS", help="what save_weights wrote, HDF5")
    parser.add_argument("--output", type=Path, required=True, metavar="KERAS", help="the network, <name>.keras")


def run(arguments: argparse.Namespace) -> None:
    """Build, fill, save."""
    from jetloom.errors import ConfigurationError, MissingFileError
    from jetloom.io import atomic
    from jetloom.models.stored_network import load_network
    from jetloom.training.backends.backend import use_backend

    if arguments.output.suffix != ".keras":
        raise ConfigurationError("its name ends with .keras", where="--output")
    if not arguments.weights.is_file():
        raise MissingFileError("there is no such file", path=arguments.weights)
    use_backend("tensorflow", 1)
    from jetloom.models.displaced.old_weights import published_tagger

    network = published_tagger(arguments.weights)
    with atomic.publishing(arguments.output, load_network) as part:
        network.save(part)
