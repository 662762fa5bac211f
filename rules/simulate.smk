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
        mem_mb=memory_of("simulate", "simulate"),
        htcondor_request_mem_mb=memory_of("simulate", "simulate"),
        runtime=minutes_of("simulate", "simulate"),
        allowed_job_duration=seconds_of("simulate", "simulate"),
    params:
        config=stored_config,
        settings=lookup(dpath="simulate/{sample}", within=SETTINGS),
    message:
        "Simulating {wildcards.sample}, chunk {wildcards.chunk}"
    shell:
        "jetloom simulate --config {params.config:q} --sample {wildcards.sample} --chunk {wildcards.chunk}"
        " --output {output.dxaod:q} 2> {log:q}"
