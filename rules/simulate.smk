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
        mem_mb=1500,
        runtime=60,
    params:
        config=stored_config,
        settings=lookup(dpath="simulate/{sample}", within=SETTINGS),
    message:
        "Simulating {wildcards.sample}, chunk {wildcards.chunk}"
    shell:
        "jetloom simulate --config {params.config:q} --sample {wildcards.sample} --chunk {wildcards.chunk}"
        " --output {output.dxaod:q} 2> {log:q}"
