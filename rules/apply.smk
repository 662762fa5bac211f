"""Best models applied to files of samples: one job a file, a sample, or one for all where files are by class.

Input: scans/<task>/, and hdf5/<sample>/<file>.h5 (or trees/, or the samples' own files).
Output: applied/<task>/<piece>.json, a record with the names of the files beside it.
"""


rule apply:
    input:
        facts=rules.collect.output.facts,
        table=rules.collect.output.table,
        description=ancient(INPUTS.in_dataset("dataset.json")),
        parts=ancient(INPUTS.in_dataset("parts")),
        files=INPUTS.applied_files,
    output:
        record="<results>/applied/{task}/{piece}.json",
    log:
        "<logs>/apply/{task}/{piece}.log",
    benchmark:
        "<benchmarks>/apply/{task}/{piece}.tsv"
    wildcard_constraints:
        task=PLAN.tasks_of("apply"),
        piece=r"[^/]+(/[^/]+)?",
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("apply"),
    params:
        config=stored_config,
        code=code_digest("inference.applied.apply", "inference.applied.opening"),
        settings=lookup(dpath="apply/{task}", within=PLAN.settings),
        state=INPUTS.state_of_applied,
    message:
        "Applying the best model of {wildcards.task} to {wildcards.piece}"
    shell:
        "jetloom apply --config {params.config:q} --task {wildcards.task} --piece {wildcards.piece:q} 2> {log:q}"
