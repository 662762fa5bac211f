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
    sample="|".join(map(re.escape, ANALYSIS.samples)),
    task="|".join(map(re.escape, ANALYSIS.tasks)) or "none",
    comparison="|".join(map(re.escape, ANALYSIS.comparisons)) or "none",
    file=r"[^/]+",
    collection="|".join(map(re.escape, paths.shown_collections(ANALYSIS))) or "none",
    point="p[0-9a-f]{12}",
    run=r"r\d+(f\d+)?",


include: "rules/simulate.smk"
include: "rules/convert.smk"
include: "rules/trees.smk"
include: "rules/samples.smk"
include: "rules/dataset.smk"
include: "rules/binning.smk"
include: "rules/scan.smk"
include: "rules/best.smk"
include: "rules/junipr.smk"
include: "rules/compare.smk"


onstart:
    preflight.look_before_submission(workflow)
    driver.begin(workflow, ANALYSIS)


rule all:
    default_target: True
    input:
        hdf5=all_hdf5(),
        reports=all_reports(),
        comparisons=all_comparisons(),
        junipr=all_junipr(),
        runs=all_runs(),
