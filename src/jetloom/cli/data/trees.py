"""Make the clustering trees of jets, or exchange them with JUNIPR.

INPUT is an HDF5 file of `jetloom hdf5`; jets as text (`J`, `N` and px py pz E), which become trees as well; or trees
as JuniprJets JSON or as text of seven lines a jet. FILE is a file of trees (.h5), or JuniprJets JSON (.json), then
INPUT can be a file of trees too. How trees are made stands under `trees` in the configuration; options go before it.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jetloom.errors import ConfigurationError, near_misses

if TYPE_CHECKING:
    from jetloom.config.tasks.trees import Trees

logger = logging.getLogger(__name__)

NAMED = ("cambridge_aachen", "anti_kt", "kt")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("input", metavar="INPUT", type=Path, help="jets with constituents, or trees")
    parser.add_argument("--output", "-o", metavar="FILE", type=Path, required=True, help="what to write: .h5 or .json")
    parser.add_argument("--config", metavar="YAML", type=Path, help="configuration of an analysis")
    parser.add_argument("--sample", metavar="NAME", help="sample of the configuration that INPUT belongs to")
    parser.add_argument("--collection", metavar="NAME", help="what is clustered: the name of a collection")
    parser.add_argument("--algorithm", metavar="NAME", help=f"{', '.join(NAMED)}, or an exponent p of generalised kt")
    parser.add_argument("--radius", metavar="R", help="limit of the radius; without one there is one tree a jet")
    parser.add_argument("--split-jets", choices=["largest", "drop", "recluster"], help="with a radius: jets in pieces")
    parser.add_argument("--min-constituents", metavar="N", help="jets with fewer are dropped")
    parser.add_argument("--max-constituents", metavar="N", help="jets with more are treated as --too-long says")
    parser.add_argument("--too-long", choices=["drop", "truncate"], help="drop such jets, or keep the hardest")
    parser.add_argument("--min-energy", metavar="GEV", help="constituents with no more energy are bad")
    parser.add_argument(
        "--bad-constituents", choices=["drop_jet", "drop_constituent"], help="what a bad constituent takes away"
    )
    parser.add_argument("--label", metavar="EXPRESSION", help="class of the jets in .json; of jets of text: a number")
    parser.add_argument("--dialect", choices=["reference", "atlas"], default="reference", help="names in .json")
    parser.add_argument("--compression", choices=["lz4", "zstd", "gzip", "none"], help="HDF5 filter")


OPTIONS = (
    "collection", "algorithm", "radius", "split_jets", "min_constituents", "max_constituents", "too_long", "min_energy",
    "bad_constituents",
)  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Run the verb."""
    from jetloom.trees.convert import file_to_trees, hdf5_to_trees, summarised
    from jetloom.trees.exports import to_json

    settings, compression = make_settings(arguments)
    source, output = arguments.input, arguments.output
    for path, known in ((source, (".h5", ".dat", ".txt", ".json")), (output, (".h5", ".json"))):
        if path.suffix not in known:
            raise ConfigurationError(f"the name must end in {' or '.join(known)}", path=path)
    if output.suffix == ".json":
        number = to_json(source, output, arguments.dialect, arguments.label, settings)
        logger.info("%s: %d trees", output, number)
        return
    with summarised(source) as done:
        if source.suffix == ".h5":
            done.append(hdf5_to_trees(source, output, settings, compression))
        else:
            done.append(file_to_trees(source, output, settings, _class(arguments.label), compression))


def _class(text: str | None) -> int:
    """Return the class of jets that do not say it themselves."""
    try:
        return -1 if text is None else int(text)
    except ValueError:
        raise ConfigurationError(f"'{text}' is no number, and these jets have no variables", where="--label") from None


def make_settings(arguments: argparse.Namespace) -> tuple[Trees, str]:
    """Return the settings of the trees, and the name of the filter.

    Raises
    ------
    ConfigurationError
        If the configuration, the sample or an option is wrong.
    """
    from jetloom.config.load import checked, load_analysis
    from jetloom.config.tasks.trees import Trees

    content: dict[str, Any] = {}
    compression = "lz4"
    if arguments.config is not None:
        analysis = load_analysis(arguments.config)
        if arguments.sample is not None and arguments.sample not in analysis.samples:
            advice = near_misses(arguments.sample, analysis.samples)
            raise ConfigurationError(
                f"no sample '{arguments.sample}'", path=arguments.config, where="samples", advice=advice
            )
        content, compression = analysis.trees.model_dump(), analysis.conversion.compression
    content |= {name: given for name in OPTIONS if (given := getattr(arguments, name)) is not None}
    return checked(Trees, content, arguments.config), arguments.compression or compression
