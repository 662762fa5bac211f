"""Simulated samples.

Output: dxaod/<sample>/<file>.root, one a chunk.
"""


rule simulate:
    output:
        dxaod="<results>/dxaod/{sample}/chunk{chunk}.root",
    log:
        "<logs>/simulate/{sample}/chunk{chunk}.log",
    benchmark:
        "<benchmarks>/simulate/{sample}/chunk{chunk}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("simulate"),
    params:
        config=stored_config,
        settings=lookup(dpath="simulate/{sample}", within=PLAN.settings),
    message:
        "Simulating {wildcards.sample}, chunk {wildcards.chunk}"
    shell:
        "jetloom simulate --config {params.config:q} --sample {wildcards.sample} --chunk {wildcards.chunk}"
        " --output {output.dxaod:q} 2> {log:q}"
