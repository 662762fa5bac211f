"""Apply a trained model to files: all columns plus its outputs, to ROOT or HDF5."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis
    from jetloom.inference.applied.files import Given
    from jetloom.inference.applied.recipe import Recipe

logger = logging.getLogger(__name__)

ROWS = 100_000
"""Rows that a network is given at once."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "inputs", nargs="*", metavar="[SAMPLE=]FILE", help="converted files (.h5), or ROOT files, which a schema reads"
    )
    parser.add_argument("--model", type=Path, metavar="ZIP", help="an archive of jetloom deploy, without the analysis")
    parser.add_argument("--old", type=Path, metavar="YAML", help="of an old archive: its inputs, classes, mean, scale")
    parser.add_argument("--config", type=Path, help="configuration of the analysis that trained the model")
    parser.add_argument("--task", help="name of the task")
    parser.add_argument("--point", help="a point of the scan; the best one")
    parser.add_argument("--piece", help="a job of the workflow, as SAMPLE/FILE: all as tasks.<name>.apply says")
    parser.add_argument("--samples", nargs="+", default=[], metavar="NAME", help="all files of samples of --config")
    parser.add_argument("--originals", action="store_true", help="of --samples: their own files and not converted ones")
    parser.add_argument("--schema", help="what the branches of ROOT files mean; that of the sample, or of the training")
    parser.add_argument("--data", action="store_true", help="recorded data: every event has weight 1")
    parser.add_argument(
        "--trees", nargs="+", default=[], metavar="NAME", help="trees of ROOT files, such as 'JET_*'; the schema's"
    )
    parser.add_argument(
        "--part", choices=["unseen", "test", "train", "all"], default="unseen",
        help="unseen (default): refuse what trained; test: the test part; train; all. Marked by output_part",
    )  # fmt: skip
    parser.add_argument(
        "--by", choices=["input", "class", "sample"], default="input", help="one file an input, a class or a sample"
    )
    parser.add_argument("--format", choices=["root", "rntuple", "hdf5"], default="root", help="what is written")
    parser.add_argument("--friend", action="store_true", help="only the new columns, for each entry of the input")
    parser.add_argument(
        "--condition", action="append", default=[], type=_condition, metavar="NAME=VALUE",
        help="value of an input that parametrises, for samples without one of their own",
    )  # fmt: skip
    parser.add_argument("--rows", type=int, default=ROWS, help=f"rows that a network is given at once; {ROWS}")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--scan", type=Path, help="directory of the scan; results/<analysis>/scans/<task>")
    parser.add_argument(
        "--output", "-o", type=Path, metavar="DIRECTORY", help="where the files go; results/<analysis>/applied/<task>"
    )
    parser.add_argument("--record", type=Path, help="a JSON file of what was written and what was lost")


def run(arguments: argparse.Namespace) -> None:
    """Apply."""
    from jetloom.cutflow import CutFlow
    from jetloom.errors import ConfigurationError
    from jetloom.inference.applied.apply import apply
    from jetloom.inference.applied.files import Wanted
    from jetloom.inference.applied.networks import Networks
    from jetloom.io.sealed import write_json

    if arguments.rows < 1:
        raise ConfigurationError("must be at least 1", where="--rows")
    analysis, recipe, networks, seen = _from_analysis(arguments)
    named = (
        _of_piece(arguments, analysis)
        if analysis is not None and arguments.piece is not None
        else _named(arguments, analysis, recipe)
    )
    if not named:
        raise ConfigurationError("no file is given", advice="name files, or samples with --samples")
    given = [_opened(arguments, analysis, recipe, *one) for one in named]
    if arguments.output is None:
        raise ConfigurationError("say where the files go", where="--output")
    wanted = Wanted(arguments.part, arguments.by, arguments.format, arguments.friend, dict(arguments.condition))
    record = apply(Networks(recipe, networks, arguments.rows), seen, given, wanted, arguments.output)
    if arguments.record is not None:
        write_json(arguments.record, record)
    for name, entries in record["files"].items():
        logger.info(
            "%s: %s", arguments.output / name, ", ".join(f"{n} entries of {tree}" for tree, n in entries.items())
        )
    for entry in record["inputs"]:
        flow = CutFlow(entry["counts"])
        unit = entry["unit"]
        logger.info("%s: %d of %d %s", entry["file"], flow.left(unit), flow.found(unit), unit)


def _from_analysis(arguments: argparse.Namespace) -> tuple[Analysis | None, Recipe, dict[int | None, Any], Any]:
    """Return the analysis, and the recipe, the networks and the events that trained them, of a task."""
    from jetloom.config.load import find_task, load_analysis
    from jetloom.errors import ConfigurationError
    from jetloom.inference.prediction import load_model
    from jetloom.scan.chosen import choose, seen
    from jetloom.training.backends.backend import use_backend

    if arguments.model is not None:
        return _from_archive(arguments)
    if arguments.config is None or arguments.task is None:
        raise ConfigurationError("say which model: --config and --task, or --model")
    analysis = load_analysis(arguments.config)
    task = find_task(analysis, arguments.task)
    chosen = choose(analysis, arguments.task, arguments.point, arguments.scan, arguments.dataset)
    if chosen.recipe.model.trainer == "network":
        use_backend(task.training.backend, task.training.threads)
    networks = {fold: load_model(path) for fold, path in chosen.files.items()}
    return analysis, chosen.recipe, networks, seen(analysis, arguments.task, chosen.dataset)


def _from_archive(arguments: argparse.Namespace) -> tuple[None, Recipe, dict[int | None, Any], Any]:
    """Return the same of an archive, which needs no analysis."""
    from jetloom.errors import ConfigurationError
    from jetloom.inference.applied.archive import read_archive
    from jetloom.training.backends.backend import use_backend

    for name in ("config", "task", "point", "piece", "samples"):
        if getattr(arguments, name):
            raise ConfigurationError("belongs to an analysis, and --model is without one", where=f"--{name}")
    if arguments.old is not None:
        from jetloom.export.old_archive import open_old

        recipe, network = open_old(arguments.model, arguments.old)
        logger.warning("%s: does not say what trained it: nothing that did is refused", arguments.model)
        return None, recipe, {None: network}, None
    archive = read_archive(arguments.model)
    if archive.recipe.model.trainer == "network":
        use_backend("tensorflow", 1)
    return None, archive.recipe, archive.networks(), archive.seen


def _of_piece(arguments: argparse.Namespace, analysis: Analysis) -> list[tuple[str, str, str]]:
    """Take the options of a job of the workflow from the configuration; return sample, name and path of its files.

    Raises
    ------
    ConfigurationError
        If there is no such job.
    """
    from jetloom import paths
    from jetloom.errors import ConfigurationError, near_misses
    from jetloom.planning.applied import pieces, source_of

    settings, known = analysis.tasks[arguments.task].apply, pieces(analysis, arguments.task)
    if arguments.piece not in known:
        advice = near_misses(arguments.piece, known)
        raise ConfigurationError("is no job of tasks.<name>.apply", where=f"--piece {arguments.piece}", advice=advice)
    arguments.condition = list(settings.conditions.items())
    for name in ("part", "by", "format", "friend", "trees", "rows"):
        setattr(arguments, name, getattr(settings, name))
    record = paths.applied(analysis, arguments.task) / f"{arguments.piece}.json"
    arguments.record, arguments.output = record, record.parent
    files = known[arguments.piece]
    return [(sample, name, str(source_of(analysis, arguments.task, sample, name))) for sample, name in files]


def _named(arguments: argparse.Namespace, analysis: Analysis | None, recipe: Recipe) -> list[tuple[str, str, str]]:
    """Return sample, name and path of the files that a command line names."""
    from jetloom import paths
    from jetloom.errors import ConfigurationError, near_misses

    named = [_pair(text) for text in arguments.inputs]
    for sample in arguments.samples:
        if analysis is None or sample not in analysis.samples:
            known = [] if analysis is None else list(analysis.samples)
            raise ConfigurationError(f"no sample '{sample}'", where="--samples", advice=near_misses(sample, known))
        originals = paths.converted_files(analysis, sample)
        room = "trees" if recipe.task.reads == "trees" else "hdf5"
        made = {name: paths.results(analysis) / room / sample / f"{name}.h5" for name in originals}
        files: dict[str, Any] = {**originals} if arguments.originals or arguments.trees else {**made}
        named += [(sample, name, str(path)) for name, path in files.items()]
    return named


def _condition(text: str) -> tuple[str, float]:
    """Read ``mass=500``."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form NAME=NUMBER") from None


def _pair(text: str) -> tuple[str, str, str]:
    """Read ``SAMPLE=FILE`` or ``FILE``."""
    sample, equals, path = text.partition("=")
    return (sample, "", path) if equals and "/" not in sample else ("", "", text)


def _opened(
    arguments: argparse.Namespace, analysis: Analysis | None, recipe: Recipe, sample: str, name: str, path: str
) -> Given:
    from jetloom.config.schema import find_schema
    from jetloom.errors import ConfigurationError
    from jetloom.inference.applied.opening import HDF5, converted, original
    from jetloom.locations import located

    if path.endswith(HDF5):
        return converted(recipe, Path(path), sample, name)
    settings = None if analysis is None else analysis.samples.get(sample)
    schemas = {schema.model_dump_json(): schema for schema in recipe.schemas.values()}
    if arguments.schema is not None:
        schema = find_schema(arguments.schema)
    elif settings is not None:
        schema = find_schema(settings.schema_name)
    elif len(schemas) == 1:
        schema = next(iter(schemas.values()))
    else:
        raise ConfigurationError(
            f"the model was trained on files of {len(schemas)} schemas", where=path, advice="say which with --schema"
        )
    is_data = arguments.data or (settings is not None and settings.is_data)
    channels = None if settings is None else settings.channels
    return original(recipe, located(path), schema, sample, name, arguments.trees, is_data, channels)
