"""Building a dataset: HDF5 files of samples in; parts with inputs, labels and weights out.

Two streams: the first labels, weighs and splits the rows of all samples into the parts; the second, over the smaller
parts, fits what is fitted on training data alone and writes the final weights. Memory does not grow with the rows.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jetloom import provenance
from jetloom.config.analysis import Analysis
from jetloom.config.tasks.collected import Collected
from jetloom.config.tasks.task import DATA_SETTINGS, Task
from jetloom.cutflow import CutFlow
from jetloom.data.appearance import appearance
from jetloom.data.building import split as splitting
from jetloom.data.building.collected import source_of
from jetloom.data.building.conditions import Conditions
from jetloom.data.building.matching import match_parts
from jetloom.data.building.parts import write_parts
from jetloom.data.building.sample_facts import sample_facts
from jetloom.data.building.staging import stage_rows
from jetloom.data.dataset import DESCRIPTION
from jetloom.data.fitting.view_fit import PARTS, fit_view
from jetloom.errors import ConfigurationError, DiskFullError
from jetloom.expressions import column_name
from jetloom.io import atomic, sealed
from jetloom.io.hdf5.tables import TableReader

logger = logging.getLogger(__name__)


def build(analysis: Analysis, task_name: str, files: dict[str, list[Path]], directory: Path) -> dict[str, Any]:
    """Build the dataset of a task.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    task_name : str
        The task.
    files : dict of str to list of Path
        HDF5 files of each sample that takes part.
    directory : Path
        Where the parts and ``dataset.json`` go.

    Returns
    -------
    dict
        The description, as written to ``dataset.json``.

    Raises
    ------
    BudgetError, EmptySampleError, ConfigurationError, CorruptFileError
        If too many files are bad, a sample or a class is empty, a variable does not exist, or a file cannot be read.
    """
    task = analysis.tasks[task_name]
    parts = [directory / PARTS / f"{name}.h5" for name in splitting.part_names(task.split)]
    for replaced in (directory / DESCRIPTION, directory / "fingerprint.txt", *parts):
        atomic.refuse_kept(replaced)
    samples = sample_facts(analysis, {name: files[name] for name in analysis.task_samples(task_name)})
    trees = _tree_settings(files) if task.reads == "trees" else {}
    losses = CutFlow()
    with _staging(directory) as staging:
        staged = {name: staging / f"{name}.h5" for name in splitting.part_names(task.split)}
        stage_rows(analysis, task, files, samples, staged, losses)
        matching = match_parts(task, staged, losses) if task.weights.match else None
        views = [fit_view(task, fold, staged, trees) for fold in splitting.folds(task.split)]
        for stale in (DESCRIPTION, "fingerprint.txt"):  # nothing must describe parts that are being replaced
            (directory / stale).unlink(missing_ok=True)
        fingerprint, summary = write_parts(task, views, staged, directory)
    digests = {name: provenance.file_digest(directory / PARTS / f"{name}.h5") for name in staged}
    description = {
        **_described(analysis, task_name, samples, files),
        "parts": {name: [f"{PARTS}/{name}.h5"] for name in staged},
        "views": [view.description for view in views],
        "counts": losses.as_json(),
        "matching": matching,
        "summary": summary,
        "fingerprint": fingerprint,
        "digests": digests,
    }
    sealed.write_json(directory / DESCRIPTION, description)
    atomic.write_text(directory / "fingerprint.txt", fingerprint + "\n")
    return description


@contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """Make a directory for files that are needed while the dataset is built; what a killed build left is removed.

    Raises
    ------
    DiskFullError
        If there is no room for what is written within.
    """
    for left in directory.glob(".staging.*"):
        shutil.rmtree(left, ignore_errors=True)
    staging = directory / f".staging.{os.getpid()}"
    atomic.make_directory(staging)
    try:
        yield staging
    except OSError as error:
        if atomic.no_room(error):
            raise DiskFullError("cannot be written (no room)", path=directory) from error
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _tree_settings(files: dict[str, list[Path]]) -> dict[str, Any]:
    """Return the settings that the trees of all files were made with.

    Raises
    ------
    ConfigurationError
        If they differ, or a file has no trees.
    """
    found: dict[str, Any] | None = None
    for path in (path for paths in files.values() for path in paths):
        with TableReader(path) as reader:
            if reader.attribute("status") == "skipped":
                continue
            if "branchings" not in reader.rows:
                raise ConfigurationError(
                    "holds no trees, which the task reads", path=path, advice="name files that jetloom trees made"
                )
            settings = reader.attribute("trees")
        if found is not None and settings != found:
            other = ", ".join(key for key in settings if settings[key] != found.get(key))
            raise ConfigurationError(
                f"its trees were made with other settings than those of other files ({other})",
                path=path,
                advice="make them again with jetloom trees",
            )
        found = settings
    return found or {}


def _input_digests(files: dict[str, list[Path]]) -> dict[str, str]:
    return {f"{sample}/{path.name}": provenance.file_digest(path) for sample, paths in files.items() for path in paths}


def _sources(files: dict[str, list[Path]]) -> list[str]:
    """Return the digests of what the files were made from, by which a model knows them again when it is applied."""
    found = set[str]()
    for path in (path for paths in files.values() for path in paths):
        with TableReader(path) as reader:
            found.add(reader.attribute("source") if reader.has_attribute("source") else "")
    return sorted(found - {""})


def _described_columns(task: Task, files: dict[str, list[Path]]) -> dict[str, Any]:
    """Return the inputs and spectators with their titles, and the collections, if there are some."""
    titles = _titles(files)
    inputs = _inputs(task.inputs, titles)
    found: dict[str, Any] = {
        "inputs": inputs,
        "spectators": [{"column": n, "title": titles.get(n, n)} for n in task.spectators],
    }
    if task.target is not None:
        found["target"] = {"expression": task.target, "title": titles.get(task.target, task.target)}
    if task.particles:
        found["particles"] = [[column_name(text) for text in particle] for particle in task.particles]
    return found | ({"collections": _described_collections(task, files)} if task.collections else {})


def _described(analysis: Analysis, name: str, samples: dict[str, Any], files: dict[str, list[Path]]) -> dict[str, Any]:
    """Return what is known of a dataset before it is made: how it looks, its columns, rows and samples, its origin."""
    task = analysis.tasks[name]
    return {
        "task": name,
        **appearance(analysis, name),
        **_described_columns(task, files),
        **_described_rows(analysis, task, samples),
        # JSON sorts the keys of `samples`; the column `sample` counts in the order of the configuration.
        "sample_names": list(samples),
        "samples": samples,
        "unlabelled": task.unlabelled,
        "sources": _sources(files),
        "origin": provenance.origin(task.model_dump(mode="json", include=DATA_SETTINGS), _input_digests(files)),
    }


def _described_rows(analysis: Analysis, task: Task, samples: dict[str, Any]) -> dict[str, Any]:
    """Return what the rows are, whether they are weighed with a luminosity, and the conditions."""
    found: dict[str, Any] = {"rows": task.rows, "luminosity": analysis.luminosity is not None}
    if task.conditions:
        values = Conditions(task, {name: facts["rows"] for name, facts in samples.items()}).described()
        first = next(iter(next(iter(task.conditions.values()))))
        signal = next((key for key, label in task.labels.items() if first in label.samples), next(iter(task.labels)))
        found["conditions"] = {"values": values, "signal": signal}
    return found


def _described_collections(task: Task, files: dict[str, list[Path]]) -> dict[str, Any]:
    """Return the collections with what they are in the files, their inputs with titles, and their slots."""
    return {
        name: {
            "of": source_of(name, settings),
            "inputs": _inputs(settings.inputs, _titles(files, source_of(name, settings))),
            "slots": settings.slots,
            "select": settings.select,
            "sort": settings.sort,
            **({"transforms": _described_transforms(settings, files, name)} if settings.transforms else {}),
        }
        for name, settings in task.collections.items()
    }


def _described_transforms(settings: Collected, files: dict[str, list[Path]], name: str) -> list[dict[str, Any]]:
    """Return the transforms as they are configured, and as formulas with units and inverses."""
    with TableReader(next(iter(files.values()))[0]) as reader:
        units: dict[str, str] = reader.attribute("units", dict[str, dict[str, str]]).get(source_of(name, settings), {})
    return [{**one.model_dump(), **one.text(units)} for one in settings.transforms]


def _inputs(texts: list[str], titles: dict[str, str]) -> list[dict[str, str]]:
    return [{"column": column_name(text), "expression": text, "title": titles.get(text, text)} for text in texts]


def _titles(files: dict[str, list[Path]], table: str = "jets") -> dict[str, str]:
    """Return the axis titles of the variables of a table, from the first file."""
    with TableReader(next(iter(files.values()))[0]) as reader:
        titles: dict[str, str] = reader.attribute("titles", dict[str, dict[str, str]]).get(table, {})
    return titles
