"""The configuration as the rules see it: read and checked here, once, before any rule.

Input: `config`, as Snakemake merged it from configfile and command line.
Output: PLAN (the analysis, its files, points and settings), INPUTS (functions of wildcards), `asks` (resources).
"""

import sys

from jetloom import paths
from jetloom.cluster.attempts.asking import Asking, memory_per_cpu, tells_runtime
from jetloom.cluster.driving import driver
from jetloom.cluster.site import preflight
from jetloom.config.yaml_text import read_yaml
from jetloom.errors import JetloomError
from jetloom.planning import targets
from jetloom.planning.inputs import Inputs
from jetloom.planning.plan import Plan, any_of
from jetloom.scan.bundles import membership
from jetloom.code_digests import code_digest, figure_code, numbers_code

try:
    for file in workflow.configfiles:
        read_yaml(file)  # Snakemake keeps one of two equal keys without a word
    PLAN = Plan.of(config)
except JetloomError as error:
    sys.stderr.write(f"jetloom: error: {error.line()}\n")
    sys.exit(int(error.exit_code))

ANALYSIS = PLAN.analysis
INPUTS = Inputs(PLAN)
asks = Asking(ANALYSIS, PLAN.bundles, memory_per_cpu(workflow), tells_runtime(workflow))

# Failures are judged by their cause, and signals reach the verbs.
driver.attach(workflow, ANALYSIS, PLAN.config, asks.forget)
driver.give_to_jobs(workflow, PLAN.config)

# The software of trainings, for those who deploy it with conda. That for GPUs works without one as well.
TRAINING_ENVIRONMENT = "../envs/gpu.yaml" if PLAN.uses_gpus else "../envs/cpu.yaml"


def stored_config(wildcards, input):
    """The configuration for a job. By taking `input` it is no reason to run a job again: the settings are."""
    return PLAN.config


def unnoticed(value):
    """A parameter, as a function of wildcards, whose change is no reason to run a job again: it takes `input`."""

    def parameter(wildcards, input):
        return value(wildcards)

    return parameter
