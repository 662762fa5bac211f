"""What the rules ask of the configuration: it is read and checked here, once, before any rule.

Input: `config`, as Snakemake merged it from configfile and command line.
Output: ANALYSIS, CONFIG (the checked configuration as a file, for the verbs), and functions that rules use.
"""

import re
import sys

from jetloom import paths
from jetloom.config.load import load_merged
from jetloom.scan.stored import store
from jetloom.config.schema import find_schema
from jetloom.errors import JetloomError
from jetloom.provenance import code_digest, digest
from jetloom.scan import space
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


def training_threads(wildcards):
    """The CPU threads of a training."""
    return ANALYSIS.tasks[wildcards.task].training.threads


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
