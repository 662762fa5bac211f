"""Plot inputs, cut flow, weights and split of a dataset."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument(
        "--hdf5",
        nargs="+",
        metavar="FILE",
        help="HDF5 files, each SAMPLE=FILE or in a directory named as its sample; results/<analysis>/hdf5/*/*.h5",
    )
    parser.add_argument(
        "--output", type=Path, help="where inputs/ and bookkeeping/ go; results/<analysis>/plots/<task>"
    )


def run(arguments: argparse.Namespace) -> None:
    """Fill the histograms, draw, write the tables."""
    from jetloom import paths
    from jetloom.config.load import find_owner, load_analysis
    from jetloom.data.appearance import with_appearance
    from jetloom.data.dataset import Dataset
    from jetloom.errors import StaleError
    from jetloom.plots.dataset import bookkeeping, cut_flow, distributions, spectra
    from jetloom.plots.dataset.inputs import draw_input
    from jetloom.plots.style import class_styles, dataset_title
    from jetloom.scan.points.space import points

    analysis = load_analysis(arguments.config)
    task = find_owner(analysis, arguments.task)
    stored = Dataset.open(arguments.dataset or paths.dataset(analysis, arguments.task))
    stored.verify()
    dataset = with_appearance(stored, analysis, arguments.task)
    if list(task.labels) != dataset.classes:
        classes_then = ", ".join(dataset.classes)
        raise StaleError(f"was built for the classes {classes_then}", path=dataset.directory, advice="build it again")
    files = _files(analysis, arguments.task, arguments.hdf5)
    output = arguments.output or paths.results(analysis) / "plots" / arguments.task
    facts = dataset.description
    classes, look = class_styles(facts["classes"]), (facts["label"], dataset_title(arguments.task))
    bins = distributions.input_edges(dataset, files)
    before = distributions.before_selection(analysis, task, dataset, files, bins)
    after = distributions.after_selection(dataset, bins)
    for entry in facts["inputs"]:
        column = entry["column"]
        histograms = before[column], after[column]
        draw_input(output / "inputs", column, entry["title"], classes, *histograms, *look)
        logger.info("drew %s", column)
    books = output / "bookkeeping"
    cut_flow.draw_cut_flow(books / "cut_flow", facts)
    cut_flow.write_cut_flow(books / "cut_flow.html", facts)
    weights = distributions.weight_histograms(dataset, "Event weight [pb]" if task.weights.event else "Event weight")
    bookkeeping.draw_weights(books / "weights", classes, weights, *look)
    reference = dataset.classes.index(task.weights.flatten.to) if task.weights.flatten else 0
    shown = spectra.fill_spectra(dataset, task.weights)
    spectra.draw_spectra(books / "spectra", shown, classes, reference, *look)
    bookkeeping.draw_split(books / "split", classes, facts)
    sizes = sorted({point.parameters["batch_size"] for point in points(task) if "batch_size" in point.parameters})
    bookkeeping.write_summary(books / "summary.html", classes, facts, sizes)
    logger.info("drew cut flow, weights and split")


def _files(analysis: Analysis, task: str, given: list[str] | None) -> dict[str, list[Path]]:
    """Return the HDF5 files by sample: those of the command line, or all of the task's samples."""
    from jetloom import paths
    from jetloom.errors import ConfigurationError, near_misses

    if not given:
        return paths.hdf5_files(analysis, task)
    files: dict[str, list[Path]] = {name: [] for name in analysis.task_samples(task)}
    for entry in given:
        sample, _, path = entry.rpartition("=")
        sample = sample or Path(path).parent.name
        if sample not in files:
            raise ConfigurationError(f"no sample '{sample}'", where=entry, advice=near_misses(sample, files))
        files[sample].append(Path(path))
    return files
