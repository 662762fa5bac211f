"""jetloom: DxAOD -> ntuple -> HDF5 -> dataset -> one training a point -> ranked scan -> evaluation -> report.

Usual calls, from the checkout:

    snakemake --profile local                                    the analysis of config/config.yaml
    snakemake --profile local --configfile my.yaml               another one
    snakemake --profile local -n                                 what would be done
    snakemake --report report.html                               the report of what was done
"""

from snakemake.utils import min_version

min_version("9.27")


# Snakemake merges configurations; an analysis of one's own must not inherit the samples of the demonstration.
if "samples" not in config:

    configfile: workflow.source_path("config/config.yaml")


include: "workflow/plan.smk"


report: "workflow/report/workflow.rst"


pathvars:
    results=f"results/{ANALYSIS.analysis}",
    logs=f"results/{ANALYSIS.analysis}/logs",
    benchmarks=f"results/{ANALYSIS.analysis}/benchmarks",


wildcard_constraints:
    sample=any_of(ANALYSIS.samples),
    task=any_of(ANALYSIS.tasks),
    comparison=any_of(ANALYSIS.comparisons),
    compression=any_of(ANALYSIS.compressions),
    file=r"[^/]+",
    collection=any_of(paths.shown_collections(ANALYSIS)),
    bundle=membership.PATTERN,


include: "rules/simulate.smk"
include: "rules/convert.smk"
include: "rules/trees.smk"
include: "rules/samples.smk"
include: "rules/dataset.smk"
include: "rules/binning.smk"
include: "rules/scan.smk"
include: "rules/best.smk"
include: "rules/regression.smk"
include: "rules/export.smk"
include: "rules/junipr.smk"
include: "rules/compare.smk"
include: "rules/apply.smk"
include: "rules/compress.smk"


onstart:
    preflight.look_before_submission(workflow, asks)
    driver.begin(workflow, ANALYSIS)


rule all:
    default_target: True
    input:
        hdf5=targets.hdf5(PLAN),
        reports=targets.data_reports(PLAN) + targets.task_reports(PLAN),
        comparisons=targets.comparisons(PLAN),
        compressions=targets.compressions(PLAN),
        junipr=targets.densities(PLAN),
        applied=targets.applied(PLAN),
        runs=targets.runs(PLAN),
        lost=targets.lost_manifests(PLAN),
