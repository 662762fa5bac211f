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
from jetloom.provenance import code_digest, digest
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
    SETTINGS = settings_digests(ANALYSIS)
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

# The software of trainings, for those who deploy it with conda. That for GPUs works without one as well.
DEVICES = {task.training.device for task in ANALYSIS.tasks.values()}
TRAINING_ENVIRONMENT = "../envs/gpu.yaml" if "gpu" in DEVICES else "../envs/cpu.yaml"

# Several trainings in one job of the cluster are a group of Snakemake.
TRAINING_GROUP = "train" if ANALYSIS.cluster.points_per_job > 1 else None


def stored_config(wildcards, input):
    """The configuration for a job. By taking `input` it is no reason to run a job again: SETTINGS are."""
    return CONFIG


def source_file(wildcards):
    """The DxAOD of a file of a sample."""
    return SOURCES[wildcards.sample][wildcards.file]


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


def task_hdf5(wildcards):
    """The HDF5 files of the samples of a task."""
    return [
        f"<results>/hdf5/{sample}/{file}.h5"
        for sample in ANALYSIS.task_samples(wildcards.task)
        for file in SOURCES[sample]
    ]


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


def all_reports():
    """The plots and tables of all tasks: asking for one file of each kind brings the others of its rule."""
    return [
        path
        for task in ANALYSIS.tasks
        for path in (
            f"<results>/plots/{task}/inputs",
            f"<results>/plots/{task}/scan/learning_curves.png",
            f"<results>/scans/{task}/best.zip",
            f"<results>/best/{task}/metrics.json",
        )
    ]
