"""What makes a result stale, by stage, as digests that Snakemake compares with those of the last run."""

from __future__ import annotations

from typing import Any

from jetloom.code_digests import COLLECTION, CONVERSION, DATASET, SIMULATION, TREES, code_digest
from jetloom.config.analysis import Analysis
from jetloom.config.compressions import Compression
from jetloom.config.samples import Sample
from jetloom.config.tasks.task import DATA_SETTINGS, Task
from jetloom.config.tasks.training import shaping
from jetloom.data.appearance import appearance
from jetloom.models.registry import task_code
from jetloom.paths import shown_collections
from jetloom.provenance import digest, file_digest
from jetloom.scan.points.space import talos_dictionary
from jetloom.scan.table.ranking import criterion


def settings_digests(analysis: Analysis) -> dict[str, dict[str, str]]:
    """Return, for each stage, the digest of the settings and the code that shape its results.

    Other settings of the same configuration (a title, another task, a new point) leave a stage's digest as it is.

    Returns
    -------
    dict
        ``simulate``, ``convert`` and ``trees`` by sample; ``dataset`` by task that has one of its own; ``train``,
        ``appearance``, ``evaluate``, ``export``, ``flavours``, ``apply`` and ``collect`` by task; ``compare`` and
        ``plot_comparison`` by comparison; ``compress``, ``compare_compression`` and ``plot_compression`` by
        compression; ``diagnostics`` by collection.
    """
    samples, tasks = analysis.samples.items(), analysis.tasks.items()
    code = {
        "simulate": code_digest(*SIMULATION),
        "convert": code_digest(*CONVERSION),
        "trees": code_digest(*TREES),
        "dataset": code_digest(*DATASET),
        "collect": code_digest(*COLLECTION),
    }
    return {
        "simulate": {
            name: digest([code["simulate"], analysis.seed, sample.simulate and sample.simulate.model_dump(mode="json")])
            for name, sample in samples
        },
        "convert": {
            name: digest([code["convert"], _converted(analysis, name), sample.is_data, _good_runs(analysis, sample)])
            for name, sample in samples
        },
        "trees": {
            name: digest([code["trees"], analysis.trees.model_dump(mode="json"), analysis.conversion.compression])
            for name in analysis.samples
        },
        "dataset": {
            name: digest([code["dataset"], _data(analysis, name, task)]) for name, task in tasks if task.dataset is None
        },
        "train": {name: digest([task_code(task), analysis.seed, _training(analysis, task)]) for name, task in tasks},
        "appearance": {name: digest(appearance(analysis, name)) for name in analysis.tasks},
        "evaluate": {name: digest(_evaluated(analysis, name)) for name in analysis.tasks},
        "export": {name: digest(task.export) for name, task in tasks},
        "flavours": {name: digest(task.flavours and task.flavours.model_dump(mode="json")) for name, task in tasks},
        "apply": {name: digest(task.apply.model_dump(mode="json")) for name, task in tasks},
        "diagnostics": {name: digest(_shown(analysis)) for name in [*shown_collections(analysis), "samples"]},
        "collect": {
            name: digest([code["collect"], criterion(task), list(task.scan), talos_dictionary(task)])
            for name, task in tasks
        },
        "compare": {name: digest(_compared(analysis, name)) for name in analysis.comparisons},
        "plot_comparison": {name: digest(_shown_comparison(analysis, name)) for name in analysis.comparisons},
        "compress": {name: digest(_compressed(one)) for name, one in analysis.compressions.items()},
        "compare_compression": {
            name: digest([analysis.seed, one.model_dump(mode="json", exclude={"title"})])
            for name, one in analysis.compressions.items()
        },
        "plot_compression": {name: digest([analysis.label, one.title]) for name, one in analysis.compressions.items()},
    }


def _converted(analysis: Analysis, sample: str) -> dict[str, Any]:
    return analysis.conversion_of(sample).model_dump(mode="json")


def _evaluated(analysis: Analysis, name: str) -> list[Any]:
    """What shapes the evaluation of a model besides its predictions: the classes, and how uncertainties are drawn."""
    return [list(analysis.tasks[name].classes), analysis.seed, analysis.bootstrap]


SHOWN_COMPARISON: Any = {"title": True, "trees": True, "ratios": {"__all__": {"title"}}}
"""What of a comparison shapes its figures alone."""


def _compressed(compression: Compression) -> dict[str, Any]:
    return compression.model_dump(mode="json", exclude={"title", "others", "compared", "scales"})


def _compared(analysis: Analysis, name: str) -> list[Any]:
    """What shapes the numbers of a comparison besides the predictions."""
    numbers = analysis.comparisons[name].model_dump(mode="json", exclude=SHOWN_COMPARISON)
    return [analysis.seed, numbers, list(analysis.tasks[analysis.comparisons[name].tasks[0]].labels)]


def _shown_comparison(analysis: Analysis, name: str) -> list[Any]:
    """What shapes the figures of a comparison besides its numbers: titles, colours, and how many trees are drawn."""
    comparison = analysis.comparisons[name]
    titles = [analysis.tasks[task].title for task in comparison.tasks]
    own = comparison.model_dump(mode="json", include=SHOWN_COMPARISON)
    return [own, titles, appearance(analysis, comparison.tasks[0])]


def _good_runs(analysis: Analysis, sample: Sample) -> str | None:
    """What a good-runs list says, for samples that it is used for; another one shapes other results."""
    listed = analysis.conversion.good_runs
    return file_digest(listed) if listed is not None and sample.is_data else None


def _shown(analysis: Analysis) -> list[Any]:
    """What shapes the figures of samples besides their data: titles, weights, and the classes of the first task."""
    titles = [
        [name, sample.title, analysis.scale_of(name), sample.sum_of_weights]
        for name, sample in analysis.samples.items()
    ]
    tasks = [
        [name, [[key, label.when, label.title, *label.samples] for key, label in task.labels.items()]]
        for name, task in analysis.tasks.items()
    ]
    return [analysis.label, titles, tasks[:1], analysis.trees.collection, analysis.diagnostics]


def _data(analysis: Analysis, name: str, task: Task) -> list[Any]:
    """What shapes a dataset."""
    settings = task.model_dump(mode="json", include=DATA_SETTINGS)
    # A list keeps the order of the classes, which is that of the network's outputs; titles and colours shape no data.
    settings["labels"] = [[key, label.when, *label.samples] for key, label in task.labels.items()]
    if task.rows == "jets":  # tasks of jets keep the digest that they had
        del settings["rows"]
    if settings["split"]["slices"] is None:
        del settings["split"]["slices"]
    for key in ("groups", "repeat_above"):
        if not settings["weights"][key]:
            del settings["weights"][key]
    for key in ("conditions", "operations", "particles"):
        if not settings[key]:
            del settings[key]
    if task.reads == "jets":
        del settings["binning"]
    samples = [
        [
            sample,
            analysis.scale_of(sample),
            analysis.samples[sample].is_data,
            analysis.samples[sample].sum_of_weights,
            analysis.samples[sample].channels,
        ]
        for sample in analysis.task_samples(name)
    ]
    return [settings, samples, analysis.conversion.budget.files]


def _training(analysis: Analysis, task: Task) -> dict[str, Any]:
    """What shapes a training besides the point's parameters and the data."""
    # Tasks without them keep the digest that they had.
    named = {key: value for key in ("classes", "unaries", "start") if (value := getattr(task, key))}
    return (
        shaping(task.training)
        | named
        | ({} if task.control is None else {"control": analysis.tasks[task.control].classes})
    )
