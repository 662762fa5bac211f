"""Clustering trees of jets, for tasks with `reads: trees`.

Input: hdf5/<sample>/<file>.h5. Output: trees/<sample>/<file>.h5.
"""


rule trees:
    input:
        hdf5="<results>/hdf5/{sample}/{file}.h5",
    output:
        trees="<results>/trees/{sample}/{file}.h5",
    log:
        "<logs>/trees/{sample}/{file}.log",
    benchmark:
        "<benchmarks>/trees/{sample}/{file}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("trees"),
    params:
        config=stored_config,
        settings=lookup(dpath="trees/{sample}", within=PLAN.settings),
    message:
        "Making the trees of {wildcards.file} of {wildcards.sample}"
    shell:
        "jetloom trees --config {params.config:q} --sample {wildcards.sample} {input.hdf5:q}"
        " --output {output.trees:q} 2> {log:q}"
