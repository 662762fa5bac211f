"""DxAOD -> ntuple -> HDF5; with `conversion.route: direct` the DxAOD goes to HDF5 in one pass.

A sample's own command (`prepare`) comes before.

Input: the DxAODs of the samples. Output: prepared/<sample>/<file>.root, ntuple/<sample>/<file>.root, hdf5/<sample>/<file>.h5.
"""


rule prepare:
    input:
        original=original_file,
    output:
        prepared="<results>/prepared/{sample}/{file}.root",
    log:
        "<logs>/prepare/{sample}/{file}.log",
    benchmark:
        "<benchmarks>/prepare/{sample}/{file}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=memory_of("convert", "prepare"),
        htcondor_request_mem_mb=memory_of("convert", "prepare"),
        runtime=minutes_of("convert", "prepare"),
        allowed_job_duration=seconds_of("convert", "prepare"),
    params:
        config=stored_config,
        command=prepare_command,
    message:
        "Preparing {wildcards.file} of {wildcards.sample}: {params.command}"
    shell:
        "jetloom prepare --config {params.config:q} --sample {wildcards.sample} {input.original:q}"
        " --output {output.prepared:q} 2> {log:q}"


rule ntuple:
    input:
        dxaod=source_file,
    output:
        ntuple="<results>/ntuple/{sample}/{file}.root",
    log:
        "<logs>/ntuple/{sample}/{file}.log",
    benchmark:
        "<benchmarks>/ntuple/{sample}/{file}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=memory_of("convert", "ntuple"),
        htcondor_request_mem_mb=memory_of("convert", "ntuple"),
        runtime=minutes_of("convert", "ntuple"),
        allowed_job_duration=seconds_of("convert", "ntuple"),
    params:
        config=stored_config,
        settings=lookup(dpath="convert/{sample}", within=SETTINGS),
        schema=lookup(dpath="{sample}", within=SCHEMAS),
    message:
        "Converting {wildcards.file} of {wildcards.sample} to an ntuple"
    shell:
        "jetloom ntuple --config {params.config:q} --sample {wildcards.sample} {input.dxaod:q}"
        " --output {output.ntuple:q} 2> {log:q}"


rule hdf5:
    input:
        source=hdf5_source,
    output:
        hdf5="<results>/hdf5/{sample}/{file}.h5",
    log:
        "<logs>/hdf5/{sample}/{file}.log",
    benchmark:
        "<benchmarks>/hdf5/{sample}/{file}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=memory_of("convert", "hdf5"),
        htcondor_request_mem_mb=memory_of("convert", "hdf5"),
        runtime=minutes_of("convert", "hdf5"),
        allowed_job_duration=seconds_of("convert", "hdf5"),
    params:
        config=stored_config,
        settings=lookup(dpath="convert/{sample}", within=SETTINGS),
        schema=lookup(dpath="{sample}", within=SCHEMAS),
    message:
        "Converting {wildcards.file} of {wildcards.sample} to HDF5"
    shell:
        "jetloom hdf5 --config {params.config:q} --sample {wildcards.sample} {input.source:q}"
        " --output {output.hdf5:q} 2> {log:q}"
