"""Export the best network of a task, or any of Keras, for ONNX Runtime, lwtnn, frugally-deep."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from jetloom.export.formats import FORMATS


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", help="configuration of the analysis")
    parser.add_argument("--task", help="name of the task whose best point is exported")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--scan", type=Path, help="directory of the scan; results/<analysis>/scans/<task>")
    parser.add_argument("--network", type=Path, help="a .keras file, in the place of a task")
    parser.add_argument("--architecture", type=Path, help="an architecture of Keras 1 or 2, with --weights: for lwtnn")
    parser.add_argument("--weights", type=Path, help="its weights as HDF5")
    parser.add_argument("--variables", type=Path, help="names of inputs and outputs; --skeleton writes some to fill in")
    parser.add_argument("--skeleton", action="store_true", help="print the variables of a network, and do no more")
    parser.add_argument("--formats", nargs="+", metavar="FORMAT", help=f"{', '.join(FORMATS)}; those of the task")
    parser.add_argument("--frugally-version", help="version of frugally-deep that is to read the file")
    parser.add_argument("--backend", default="tensorflow", help="that reads a .keras file: tensorflow or jax")
    parser.add_argument("--output", type=Path, help="directory of the files; results/<analysis>/best/<task>/export")


def run(arguments: argparse.Namespace) -> None:
    """Export."""
    from jetloom.errors import ConfigurationError

    given = [name for name in ("config", "network", "architecture") if getattr(arguments, name) is not None]
    if len(given) != 1 or (arguments.task is None) != (given[0] != "config"):
        raise ConfigurationError("give --config with --task, --network, or --architecture with --weights")
    if given[0] == "config":
        _export_best(arguments)
    elif given[0] == "network":
        _export_file(arguments)
    else:
        _convert_old(arguments)


def _formats(arguments: argparse.Namespace, configured: list[str]) -> list[Any]:
    from jetloom.errors import ConfigurationError
    from jetloom.export.formats import find_format
    from jetloom.export.frugally.format import FrugallyDeep
    from jetloom.export.frugally.writer import check_version

    names = arguments.formats or configured
    if not names:
        raise ConfigurationError("no format is asked for", where="export", advice=f"name some of {', '.join(FORMATS)}")
    found = [find_format(name) for name in dict.fromkeys(names)]
    if arguments.frugally_version is not None:
        check_version(arguments.frugally_version)
        found = [FrugallyDeep(arguments.frugally_version) if isinstance(one, FrugallyDeep) else one for one in found]
    return found


def _export_best(arguments: argparse.Namespace) -> None:
    from jetloom import paths
    from jetloom.cli.best_point import open_best
    from jetloom.errors import ConfigurationError
    from jetloom.report.exported.description import describe
    from jetloom.report.exported.measure import best_names, export_all, rows_of_test_part, subjects_of

    best = open_best(arguments)
    if best.model.trainer != "network":
        raise ConfigurationError(
            "its model is no network but boosted trees",
            where=f"tasks.{arguments.task}.export",
            advice="its best.zip holds the trees as JSON",
        )
    formats = _formats(arguments, list(best.task.export))
    view = best.dataset.view(best.facts["fold"])
    description = describe(best.analysis, arguments.task, best.dataset, best.facts)
    subjects = subjects_of(best.network, description, best_names(best.network, view))
    rows = rows_of_test_part(best.network, best.model, view) if "" in subjects else None
    export_all(subjects, formats, rows, arguments.output or paths.exported(best.analysis, arguments.task))


def _export_file(arguments: argparse.Namespace) -> None:
    from jetloom.errors import ConfigurationError
    from jetloom.export.lwtnn.variables import read_variables
    from jetloom.training.backends.backend import use_backend

    variables = None if arguments.variables is None else read_variables(arguments.variables)
    formats = [] if arguments.skeleton else _formats(arguments, [])
    use_backend(arguments.backend, 1)
    from jetloom.inference.prediction import load_model
    from jetloom.provenance import file_digest
    from jetloom.report.exported.measure import export_all, subjects_of

    network = load_model(arguments.network)
    subjects = subjects_of(network, {"network": file_digest(arguments.network)}, variables)
    if arguments.skeleton:
        for subject in subjects.values():
            sys.stdout.write(json.dumps(subject.names.to_json(), indent=1) + "\n")
        return
    if arguments.output is None:
        raise ConfigurationError("give --output, the directory of the files")
    export_all(subjects, formats, None, arguments.output)


def _convert_old(arguments: argparse.Namespace) -> None:
    from jetloom.errors import ConfigurationError
    from jetloom.export.lwtnn.convert import convert_old
    from jetloom.export.lwtnn.old_keras import read_old
    from jetloom.export.lwtnn.variables import read_variables, skeleton

    if arguments.weights is None or arguments.formats not in (None, ["lwtnn"]):
        raise ConfigurationError("networks of Keras 1 and 2 need --weights, and become lwtnn alone")
    graph = read_old(arguments.architecture, arguments.weights)
    if arguments.skeleton:
        sys.stdout.write(json.dumps(skeleton(graph).to_json(), indent=1) + "\n")
        return
    if arguments.output is None:
        raise ConfigurationError("give --output, the JSON file")
    variables = None if arguments.variables is None else read_variables(arguments.variables)
    convert_old(graph, variables, arguments.output)
