"""The checks before anything runs: whatever the configuration names must exist, as far as it can be known by now."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.config.schema import Container, Schema, sample_schema
from jetloom.config.tasks.task import Task
from jetloom.conversion.good_runs import read_good_runs
from jetloom.errors import ConfigurationError, DiskFullError, near_misses
from jetloom.expressions import column_name, names_in
from jetloom.io.layout import kept_columns, make_layout
from jetloom.io.trees import JET_TREE
from jetloom.scan.collected import check_sources, entry_expressions
from jetloom.scan.compatibility import check_models
from jetloom.scan.points.space import points, runs
from jetloom.scan.table.ranking import check_metrics


def check_analysis(analysis: Analysis) -> None:
    """Check schemas, variables, files and points of an analysis.

    Raises
    ------
    ConfigurationError, MissingFileError
        For the first thing that does not exist: where it is named, and the near misses.
    DiskFullError
        If results cannot be written where they shall lie.
    """
    _check_output(paths.results(analysis))
    _check_absent("conversion.select.absent", analysis.conversion.select.absent, analysis, list(analysis.samples))
    for name, task in analysis.tasks.items():
        _check_absent(f"tasks.{name}.absent", task.absent, analysis, analysis.task_samples(name))
    for sample, settings in analysis.samples.items():
        schema = sample_schema(settings)
        _check_conversion(analysis, sample, schema)
        make_layout(schema, analysis.conversion)
        paths.source_files(analysis, sample)
    for name, task in analysis.tasks.items():
        _check_columns(name, task)
        with _within(name):
            points(task)
        check_metrics(name, task)
        check_sources(analysis, name, task)
        for sample in analysis.task_samples(name):
            if task.reads == "trees":
                _check_trees(analysis, sample)
            schema = sample_schema(analysis.samples[sample])
            _check_rows(name, task, sample, "events" if analysis.conversion.rows == "events" else schema.unit)
            known = _variables(analysis, schema)
            for expressions, variables in entry_expressions(analysis, name, task, schema, known):
                _require(expressions, variables, sample)
            known += task.conditions
            known += JET_TREE.names or () if task.reads == "trees" else ()
            _require(_task_expressions(name, task), known, sample)
    check_models(analysis)
    _check_share(analysis)


def large_bundles(analysis: Analysis) -> Iterator[str]:
    """Say of which scans all trainings go into one job, because a job might have more than there are."""
    most = analysis.cluster.points_per_job
    for name, task in analysis.tasks.items():
        if 1 < (number := len(points(task)) * len(runs(task))) < most:
            yield f"cluster.points_per_job is {most}: all {number} trainings of {name} are one job"


def _check_share(analysis: Analysis) -> None:
    """Refuse trainings that share a card, if none trains on one."""
    if analysis.cluster.share > 1 and all(task.training.device != "gpu" for task in analysis.tasks.values()):
        raise ConfigurationError(
            f"is {analysis.cluster.share}, and no task has 'device: gpu': they would share a card",
            where="cluster.share",
            advice="leave it out; on CPUs more jobs with fewer trainings are done at a time",
        )


def _check_output(directory: Path) -> None:
    """Refuse a directory of results that cannot be made or written, as far as that can be seen without writing."""
    there = next((place for place in (directory, *directory.parents) if os.path.lexists(place)), Path())
    if not there.is_dir():
        raise DiskFullError("is no directory, and results shall lie there", path=there, advice="move it away")
    if not os.access(there, os.W_OK | os.X_OK):
        raise DiskFullError("cannot be written", path=there, advice="snakemake --directory names another place")


@contextmanager
def _within(task: str) -> Iterator[None]:
    """Say of which task it is that a model, a parameter or a scan is wrong."""
    try:
        yield
    except ConfigurationError as error:
        if error.path is not None:  # a file of the user's own, which says where
            raise
        where = f"tasks.{task}.{error.where}"
        raise ConfigurationError(error.cause, where=where, advice=error.advice) from None


def _check_absent(where: str, named: Collection[str], analysis: Analysis, samples: list[str]) -> None:
    """Refuse a variable that no file of these samples can lack, because no schema has it."""
    if not named:
        return
    known = {
        *(f"n_{collection}" for collection in analysis.conversion.slots),
        *(
            variable
            for sample in samples
            for group in _groups(sample_schema(analysis.samples[sample]))
            for variable in group.fields
        ),
    }
    for name in named:
        if name not in known:
            raise ConfigurationError(f"no schema has a variable '{name}'", where=where, advice=near_misses(name, known))


def _groups(schema: Schema) -> list[Container]:
    return [schema.events, schema.jets, *schema.collections.values()]


def _check_good_runs(analysis: Analysis, sample: str, schema: Schema) -> None:
    listed = analysis.conversion.good_runs
    if listed is None or not analysis.samples[sample].is_data:
        return
    read_good_runs(listed)
    if "lumi_block" not in schema.events.fields:
        raise ConfigurationError(
            f"the schema of sample '{sample}' has no event variable 'lumi_block'",
            where="conversion.good_runs",
            advice="add it to the schema's events",
        )


def _check_conversion(analysis: Analysis, sample: str, schema: Schema) -> None:
    conversion = analysis.conversion_of(sample)
    select = conversion.select
    _check_good_runs(analysis, sample, schema)
    for where, named in (
        ("slots", conversion.slots),
        ("variables", conversion.variables),
        ("select.constituents", select.constituents),
    ):
        for collection in set(named) - {"events", "jets"}:
            if collection not in schema.collections:
                raise ConfigurationError(
                    f"the schema of sample '{sample}' has no collection '{collection}'",
                    where=f"conversion.{where}",
                    advice=near_misses(collection, schema.collections),
                )
    for collection in set(select.constituents) - set(conversion.slots):
        raise ConfigurationError(
            f"'{collection}' is not written, so its cuts select nothing",
            where="conversion.select.constituents",
            advice=f"give it places: slots: {{{collection}: 40}}",
        )
    for group, wanted in conversion.variables.items():
        known = schema.group(group).kept()
        _require([(f"conversion.variables.{group}", name) for name in wanted], known, sample)
    # Cuts see what is not kept, too.
    events = [*schema.events.fields, "mc_event_weight"]
    _require([("conversion.select.events", text) for text in select.events], events, sample)
    if schema.unit == "jets":
        _require([("conversion.select.jets", text) for text in select.jets], [*events, *schema.jets.fields], sample)
    for collection, texts in select.constituents.items():
        known = list(schema.group(collection).fields)
        _require([(f"conversion.select.constituents.{collection}", text) for text in texts], known, sample)


def _check_rows(name: str, task: Task, sample: str, unit: str) -> None:
    """Refuse events where a task has jets, and jets where it has events."""
    if unit != task.rows:
        raise ConfigurationError(
            f"are {task.rows}, and a row of sample '{sample}' is {'a jet' if unit == 'jets' else 'an event'}",
            where=f"tasks.{name}.rows",
            advice=f"write 'rows: {unit}', name other samples, or see conversion.rows",
        )


def _check_trees(analysis: Analysis, sample: str) -> None:
    collection, conversion = analysis.trees.collection, analysis.conversion
    if collection not in conversion.slots:
        raise ConfigurationError(
            f"'{collection}' is not converted, and trees are made of it",
            where="trees.collection",
            advice=f"give it places: slots: {{{collection}: 100}}; or {near_misses(collection, conversion.slots)}",
        )
    known = kept_columns(sample_schema(analysis.samples[sample]), conversion, collection)
    _require([("trees.collection", name) for name in ("pt", "eta", "phi", "m")], known, sample)


def _check_columns(name: str, task: Task) -> None:
    columns = [column_name(text) for text in task.inputs]
    for column in columns:
        if columns.count(column) > 1:
            raise ConfigurationError(f"two inputs have the column name '{column}'", where=f"tasks.{name}.inputs")


def _variables(analysis: Analysis, schema: Schema) -> list[str]:
    """Return the variables that the rows of the HDF5 files will have."""
    limited = analysis.conversion.variables
    return [
        *limited.get("events", schema.events.kept()),
        *(limited.get("jets", schema.jets.kept()) if analysis.conversion.rows == "jets" else ()),
        *analysis.conversion.event_variables,
        "run_number",
        "event_number",
        "mc_event_weight",
        *(f"n_{collection}" for collection in analysis.conversion.slots),
    ]


def _task_expressions(name: str, task: Task) -> list[tuple[str, str]]:
    """Return every expression of a task with the key that it stands under."""
    found = [(f"tasks.{name}.labels.{key}", label.when) for key, label in task.labels.items()]
    found += [(f"tasks.{name}.inputs", text) for text in task.inputs]
    found += [(f"tasks.{name}.select", text) for text in task.select]
    found += [(f"tasks.{name}.target", task.target)] if task.target is not None else []
    found += [(f"tasks.{name}.spectators", text) for text in task.spectators]
    columns = {column_name(text) for text in task.inputs}
    return found + [(f"tasks.{name}.weights", text) for text in task.weights.variables if text not in columns]


def _require(expressions: Iterable[tuple[str, str]], known: Iterable[str], sample: str) -> None:
    choices = set(known)
    for where, text in expressions:
        for name in sorted(names_in(text) - choices):
            raise ConfigurationError(
                f"'{text}': sample '{sample}' has no variable '{name}'", where=where, advice=near_misses(name, choices)
            )
