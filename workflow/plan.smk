"""What the rules ask of the configuration: it is read and checked here, once, before any rule.

Input: `config`, as Snakemake merged it from configfile and command line.
Output: ANALYSIS, CONFIG (the checked configuration as a file, for the verbs), and functions that rules use.
"""

import re
import sys

from jetloom import paths
from jetloom.cluster.attempts import requests
from jetloom.cluster.driving import driver
from jetloom.cluster.site import preflight
from jetloom.config.load import load_merged
from jetloom.scan.stored import store
from jetloom.config.schema import find_schema
from jetloom.errors import JetloomError
from jetloom.models.registry import find_model
from jetloom.provenance import code_digest, digest, figure_code
from jetloom.scan import space
from jetloom.scan.ledger import read as read_ledger
from jetloom.scan.preflight import check_analysis
from jetloom.scan.settings import settings_digests

try:
    ANALYSIS = load_merged(config)
    check_analysis(ANALYSIS)
    # Jobs read a copy that never changes: an edit of the configuration disturbs nothing that runs.
    CONFIG = store(ANALYSIS, paths.results(ANALYSIS) / "config")
    SOURCES = {
        sample: paths.source_files(ANALYSIS, sample) for sample in ANALYSIS.samples
    }
    POINTS = {
        task: [point.name for point in space.points(ANALYSIS.tasks[task])]
        for task in ANALYSIS.tasks
    }
    RUNS = {task: space.runs(ANALYSIS.tasks[task]) for task in ANALYSIS.tasks}
    STARTS = {
        name: [f"<results>/scans/{unary}/scan.json" for unary in task.starts.values()]
        for name, task in ANALYSIS.tasks.items()
    }
    SHOWN = {
        sample: paths.shown_files(paths.converted_files(ANALYSIS, sample))
        for sample in ANALYSIS.samples
    }
    SETTINGS = settings_digests(ANALYSIS)
    DATASETS = {task: ANALYSIS.dataset_of(task) for task in ANALYSIS.tasks}
    OBJECTIVES = {
        task: find_model(settings.model).objective
        for task, settings in ANALYSIS.tasks.items()
    }
    SCHEMAS = {
        sample: digest(find_schema(settings.schema_name).model_dump(mode="json"))
        for sample, settings in ANALYSIS.samples.items()
    }
except JetloomError as error:
    sys.stderr.write(f"jetloom: error: {error.line()}\n")
    sys.exit(int(error.exit_code))

# Failures are judged by their cause, and signals reach the verbs.
driver.attach(workflow, ANALYSIS, CONFIG)
driver.give_to_jobs(workflow, CONFIG)

# The tasks that have a dataset of their own, as a pattern.
OWNERS = "|".join(map(re.escape, dict.fromkeys(DATASETS.values()))) or "none"


def tasks_of(objective):
    """The tasks whose model has an objective, as a pattern."""
    found = [task for task, known in OBJECTIVES.items() if known == objective]
    return "|".join(map(re.escape, found)) or "none"


# The software of trainings, for those who deploy it with conda. That for GPUs works without one as well.
DEVICES = {task.training.device for task in ANALYSIS.tasks.values()}
TRAINING_ENVIRONMENT = "../envs/gpu.yaml" if "gpu" in DEVICES else "../envs/cpu.yaml"

# Several trainings in one job of the cluster are a group of Snakemake.
TRAINING_GROUP = "train" if ANALYSIS.cluster.points_per_job > 1 else None


def stored_config(wildcards, input):
    """The configuration for a job. By taking `input` it is no reason to run a job again: SETTINGS are."""
    return CONFIG


def original_file(wildcards):
    """The file of a sample as the user names it."""
    return SOURCES[wildcards.sample][wildcards.file]


def prepare_command(wildcards):
    """A sample's own command before the conversion."""
    return ANALYSIS.samples[wildcards.sample].prepare


def source_file(wildcards):
    """What the conversion of a file reads: the DxAOD itself, or what the sample's own command made of it."""
    if prepare_command(wildcards) is None:
        return original_file(wildcards)
    return f"<results>/prepared/{wildcards.sample}/{wildcards.file}.root"


def hdf5_source(wildcards):
    """What the HDF5 file is made from: the ntuple, or the DxAOD on the direct route."""
    if ANALYSIS.conversion.route == "direct":
        return source_file(wildcards)
    return f"<results>/ntuple/{wildcards.sample}/{wildcards.file}.root"


def all_hdf5():
    """The HDF5 files of all samples."""
    return [
        f"<results>/hdf5/{sample}/{file}.h5"
        for sample, files in SOURCES.items()
        for file in files
    ]


def all_trees():
    """The files of trees of all samples that have some."""
    return [
        f"<results>/trees/{sample}/{path.name}"
        for sample, files in paths.all_tree_files(ANALYSIS).items()
        for path in files
    ]


def shown_dxaod(wildcards):
    """The DxAODs of which some events are drawn before cuts."""
    return [path for files in SHOWN.values() for path in files.values()]


def shown_hdf5(wildcards):
    """The HDF5 files made of them."""
    return [
        f"<results>/hdf5/{sample}/{file}.h5"
        for sample, files in SHOWN.items()
        for file in files
    ]


def task_hdf5(wildcards):
    """The HDF5 files of the samples of a task."""
    return [
        f"<results>/hdf5/{sample}/{file}.h5"
        for sample in ANALYSIS.task_samples(wildcards.task)
        for file in SOURCES[sample]
    ]


def dataset_sources(wildcards):
    """The files that a dataset is built from: those of trees, if its task reads them."""
    stage = "trees" if ANALYSIS.tasks[wildcards.task].reads == "trees" else "hdf5"
    return [
        f"<results>/{stage}/{sample}/{file}.h5"
        for sample in ANALYSIS.task_samples(wildcards.task)
        for file in SOURCES[sample]
    ]


def dataset_file(name):
    """A file of the dataset that a task uses, its own or another task's, as a function of wildcards."""

    def path(wildcards):
        return f"<results>/datasets/{DATASETS[wildcards.task]}/{name}"

    return path


def sampled(wildcards):
    """The number of jets that are drawn from a task's best model."""
    return ANALYSIS.tasks[wildcards.task].sampled


def drawings(wildcards):
    """The number of trees that are drawn of a task's best model."""
    return ANALYSIS.tasks[wildcards.task].drawings


def starting_scans(wildcards):
    """The scans whose best models a training starts from; none for most tasks."""
    return STARTS[wildcards.task]


def training_settings(wildcards):
    """What makes a training stale besides its data; a plain function, because `lookup` costs more for 10,000 points."""
    return SETTINGS["train"][wildcards.task]


def training_threads(wildcards):
    """The CPU threads of a training."""
    return ANALYSIS.tasks[wildcards.task].training.threads


def training_gpus(wildcards):
    """The GPUs of a training: none, unless its task says `device: gpu`."""
    on_gpu = ANALYSIS.tasks[wildcards.task].training.device == "gpu"
    return ANALYSIS.cluster.gpus if on_gpu else 0


def memory_of(stage, rule):
    """The memory (MB) of a rule's next attempt, a function of wildcards."""
    start = getattr(ANALYSIS.cluster.stages, stage).memory

    def memory(wildcards):
        ledger = paths.attempts(ANALYSIS, rule, dict(wildcards.items()))
        return requests.memory(start, ANALYSIS.cluster.growth, read_ledger(ledger))

    return memory


def minutes_of(stage, rule):
    """The wall time (minutes) of a rule's next attempt, a function of wildcards."""
    start = getattr(ANALYSIS.cluster.stages, stage).minutes

    def minutes(wildcards):
        ledger = paths.attempts(ANALYSIS, rule, dict(wildcards.items()))
        return requests.minutes(start, ANALYSIS.cluster.growth, read_ledger(ledger))

    return minutes


def seconds_of(stage, rule):
    """The wall time in seconds, as HTCondor takes it."""
    minutes = minutes_of(stage, rule)

    def seconds(wildcards):
        return 60 * minutes(wildcards)

    return seconds


def scan_results(wildcards):
    """The results of all trainings of a scan."""
    return [
        f"<results>/scans/{wildcards.task}/{point}/{run}/result.json"
        for point in POINTS[wildcards.task]
        for run in RUNS[wildcards.task]
    ]


def data_reports():
    """The plots and tables of all samples and datasets."""
    samples = [
        f"<results>/diagnostics/{collection}"
        for collection in paths.shown_collections(ANALYSIS)
    ]
    if samples:
        samples.append("<results>/diagnostics/samples/spectra.png")
    owners = list(dict.fromkeys(DATASETS.values()))
    inputs = [f"<results>/plots/{owner}/inputs" for owner in owners]
    bins = [
        f"<results>/plots/{owner}/trees/binning.png"
        for owner in owners
        if ANALYSIS.tasks[owner].reads == "trees"
    ]
    return samples + inputs + bins


def compared_tasks(name):
    """The tasks whose models a comparison compares, those of ratios too."""
    comparison = ANALYSIS.comparisons[name]
    pairs = [
        task
        for ratio in comparison.ratios.values()
        for task in (ratio.signal, ratio.background)
    ]
    return list(dict.fromkeys([*comparison.tasks, *pairs]))


def compared_predictions(wildcards):
    """The predictions of the models of a comparison."""
    tasks = compared_tasks(wildcards.comparison)
    return [f"<results>/best/{task}/predictions.h5" for task in tasks]


def compared_dataset(name):
    """A file of the dataset that the tasks of a comparison share, as a function of wildcards."""

    def path(wildcards):
        first = ANALYSIS.comparisons[wildcards.comparison].tasks[0]
        return f"<results>/datasets/{DATASETS[first]}/{name}"

    return path


def all_comparisons():
    """The comparisons: asking for the numbers brings the figures."""
    return [
        f"<results>/comparisons/{name}/comparison.json" for name in ANALYSIS.comparisons
    ]


def all_runs():
    """The table of all trainings."""
    return ["<results>/runs.html"] if ANALYSIS.tasks else []


def all_reports():
    """The plots and tables of all tasks: asking for one file of each kind brings the others of its rule."""
    return data_reports() + [
        path
        for task in ANALYSIS.tasks
        for path in (
            f"<results>/plots/{task}/scan/learning_curves.png",
            f"<results>/scans/{task}/best.zip",
            f"<results>/best/{task}/metrics.json",
        )
    ]


def all_junipr():
    """Jets drawn from density models, and reweighted jets."""
    samples = [
        f"<results>/best/{task}/sampled.h5"
        for task, settings in ANALYSIS.tasks.items()
        if settings.model == "junipr" and settings.sampled
    ]
    return samples + [
        f"<results>/comparisons/{name}/reweighting/{ratio}/weights.h5"
        for name, comparison in ANALYSIS.comparisons.items()
        for ratio, pair in comparison.pairs.items()
        # A class becomes another one: each model must have learnt one.
        if len(ANALYSIS.tasks[pair.signal].classes) == 1
        and len(ANALYSIS.tasks[pair.background].classes) == 1
    ]
