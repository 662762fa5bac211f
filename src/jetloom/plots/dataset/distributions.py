"""Histograms of inputs and weights by class, filled block by block from the dataset and the converted files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.data.block import BLOCK_ROWS
from jetloom.data.building.absence import absent_variables, input_values
from jetloom.data.building.labels import assign_labels, of_other_samples
from jetloom.data.fitting.weights import event_weights
from jetloom.evaluation.statistics.histogram import Histogram
from jetloom.expressions import names_in
from jetloom.io.hdf5.tables import TableReader
from jetloom.plots.dataset.inputs import edges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set
    from pathlib import Path

    import numpy.typing as npt

    from jetloom.config.analysis import Analysis
    from jetloom.config.tasks.task import Task
    from jetloom.data.dataset import Dataset

    Array = npt.NDArray[Any]
    Files = Mapping[str, Sequence[Path]]

BINS = 40
SAMPLED = 20_000
"""Jets before the selection from which the ranges of the axes are taken."""

By = dict[str, list[Histogram]]
"""Input column -> one histogram a class."""


def input_edges(dataset: Dataset, files: Files) -> dict[str, Array]:
    """Choose the bins of each input, from the range of the training part and a sample of jets before the selection."""
    sample: list[tuple[Array, Set[str]]] = []
    number = sum(len(paths) for paths in files.values())
    for _, block, lacking in _before(files, max(1, SAMPLED // max(1, number))):
        sample.append((block[: max(1, SAMPLED // max(1, number))], lacking))
    view = dataset.description["views"][0]
    found = {}
    for entry, low, high in zip(dataset.description["inputs"], view["low"], view["high"], strict=True):
        values = [_values(entry["expression"], block, lacking) for block, lacking in sample]
        found[entry["column"]] = edges(low, high, np.concatenate(values) if values else np.zeros(0))
    return found


def before_selection(analysis: Analysis, task: Task, dataset: Dataset, files: Files, bins: Mapping[str, Array]) -> By:
    """Fill the inputs of jets before any selection, by class.

    Parameters
    ----------
    analysis, task : the configuration
        The task's label expressions decide the class; the first that holds wins, and jets of no class are left out.
    dataset : Dataset
        Names the inputs and the sums of weights of the samples.
    files : mapping of str to sequence of Path
        HDF5 files of each sample.
    bins : mapping of str to array
        Edges by input column.
    """
    found = _empty(dataset, bins)
    for sample, block, lacking in _before(files, BLOCK_ROWS):
        columns = {name: block[name] for name in block.dtype.names or ()}
        unknown = {name for name, label in task.labels.items() if names_in(label.when) & lacking}
        unknown |= of_other_samples(task.labels, sample)
        labels = assign_labels(task.labels, columns, len(block), unknown)
        settings, facts = analysis.samples[sample], dataset.description["samples"][sample]
        weights = event_weights(
            task.weights, block["mc_event_weight"], analysis.scale_of(sample), facts["sum_of_weights"], settings.is_data
        )
        for entry in dataset.description["inputs"]:
            _fill(found[entry["column"]], _values(entry["expression"], block, lacking), labels, weights)
    return found


def after_selection(dataset: Dataset, bins: Mapping[str, Array]) -> By:
    """Fill the inputs of the dataset's jets, all parts together, by class; weighted as events, not as for training."""
    found = _empty(dataset, bins)
    for _, block in dataset_blocks(dataset):
        for column in bins:
            _fill(found[column], block[column], block["label"], block["event_weight"])
    return found


def weight_histograms(dataset: Dataset, event_title: str) -> dict[str, list[Histogram]]:
    """Fill the distributions of event weights and training weights by class, by title of the axis."""
    shown = {event_title: "event_weight", "Training weight": dataset.description["views"][0]["weight"]}
    ends = dict.fromkeys(shown.values(), (np.inf, -np.inf))
    for _, block in dataset_blocks(dataset):
        for column, (low, high) in ends.items():
            if len(block):
                ends[column] = (min(low, float(block[column].min())), max(high, float(block[column].max())))
    found = {column: [Histogram(_weight_edges(*ends[column])) for _ in dataset.classes] for column in shown.values()}
    for _, block in dataset_blocks(dataset):
        for column, histograms in found.items():
            _fill(histograms, block[column], block["label"], np.ones(len(block)))
    return {title: found[column] for title, column in shown.items()}


def _weight_edges(low: float, high: float) -> Array:
    if not np.isfinite([low, high]).all():
        return np.array([0.0, 1.0])
    # Weights of a few values lie at the ends: with room beside them, they are not taken for the frame.
    margin = 0.1 * (high - low) or 0.5 * abs(high) or 1.0
    return np.linspace(low - margin, high + margin, BINS + 1)


def dataset_blocks(dataset: Dataset) -> Iterator[tuple[str, Array]]:
    """Read all parts of a dataset in blocks, with the name of the part."""
    for part, names in dataset.description["parts"].items():
        for name in names:
            with TableReader(dataset.directory / name) as reader:
                for block in reader.blocks("jets", BLOCK_ROWS):
                    yield part, block


def _before(files: Files, rows: int) -> Iterator[tuple[str, Array, Set[str]]]:
    """Read the jets before the selection, and the names of what they lack; files that were skipped have none."""
    for sample, paths in files.items():
        for path in paths:
            with TableReader(path) as reader:
                if "before" in reader.rows:
                    lacking = set(absent_variables(reader))
                    for block in reader.blocks("before", rows):
                        yield sample, block, lacking
                        if rows < BLOCK_ROWS:
                            break


def _empty(dataset: Dataset, bins: Mapping[str, Array]) -> By:
    return {column: [Histogram(found) for _ in dataset.classes] for column, found in bins.items()}


def _fill(histograms: Sequence[Histogram], values: Array, labels: Array, weights: Array) -> None:
    for index, histogram in enumerate(histograms):
        chosen = labels == index
        histogram.fill(values[chosen], weights[chosen])


def _values(expression: str, block: Array, lacking: Set[str]) -> Array:
    """Evaluate an input in float32, as the dataset does, one value a jet; NaN of what jets lack or get later."""
    if not names_in(expression) <= set(block.dtype.names or ()) - lacking:
        return np.full(len(block), np.nan, np.float32)
    columns = {name: block[name] for name in block.dtype.names or ()}
    return input_values(expression, columns, len(block))
