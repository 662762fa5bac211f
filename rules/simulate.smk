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
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        settings=lookup(dpath="simulate/{sample}", within=SETTINGS),
    message:
        "Simulating {wildcards.sample}, chunk {wildcards.chunk}"
    shell:
        "jetloom simulate --config {CONFIG} --sample {wildcards.sample} --chunk {wildcards.chunk}"
        " --output {output.dxaod} 2> {log}"
