"""DxAOD -> ntuple -> HDF5; with `conversion.route: direct` the DxAOD goes to HDF5 in one pass.

A sample's own command (`prepare`) comes before. A remote file is no input of Snakemake: it is a parameter, `url`, which
is empty where the input is not.

Input: the DxAODs of the samples. Output: prepared/<sample>/<file>.root, ntuple/<sample>/<file>.root, hdf5/<sample>/<file>.h5.
"""


rule prepare:
    input:
        original=INPUTS.original,
    output:
        prepared="<results>/prepared/{sample}/{file}.root",
    log:
        "<logs>/prepare/{sample}/{file}.log",
    benchmark:
        "<benchmarks>/prepare/{sample}/{file}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("prepare"),
    params:
        config=stored_config,
        command=INPUTS.prepare_command,
        state=INPUTS.state_of_original,
        url=unnoticed(INPUTS.remote_original),
    message:
        "Preparing {wildcards.file} of {wildcards.sample}: {params.command}"
    shell:
        "jetloom prepare --config {params.config:q} --sample {wildcards.sample} {input.original:q} {params.url:q}"
        " --output {output.prepared:q} 2> {log:q}"


rule ntuple:
    input:
        dxaod=INPUTS.dxaod,
    output:
        ntuple="<results>/ntuple/{sample}/{file}.root",
    log:
        "<logs>/ntuple/{sample}/{file}.log",
    benchmark:
        "<benchmarks>/ntuple/{sample}/{file}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("ntuple"),
    params:
        config=stored_config,
        settings=lookup(dpath="convert/{sample}", within=PLAN.settings),
        schema=lookup(dpath="{sample}", within=PLAN.schemas),
        state=INPUTS.state_of_dxaod,
        url=unnoticed(INPUTS.remote_dxaod),
    message:
        "Converting {wildcards.file} of {wildcards.sample} to an ntuple"
    shell:
        "jetloom ntuple --config {params.config:q} --sample {wildcards.sample} {input.dxaod:q} {params.url:q}"
        " --output {output.ntuple:q} 2> {log:q}"


rule hdf5:
    input:
        source=INPUTS.of_hdf5,
    output:
        hdf5="<results>/hdf5/{sample}/{file}.h5",
    log:
        "<logs>/hdf5/{sample}/{file}.log",
    benchmark:
        "<benchmarks>/hdf5/{sample}/{file}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("hdf5"),
    params:
        config=stored_config,
        settings=lookup(dpath="convert/{sample}", within=PLAN.settings),
        schema=lookup(dpath="{sample}", within=PLAN.schemas),
        state=INPUTS.state_of_hdf5_source,
        url=unnoticed(INPUTS.remote_hdf5_source),
    message:
        "Converting {wildcards.file} of {wildcards.sample} to HDF5"
    shell:
        "jetloom hdf5 --config {params.config:q} --sample {wildcards.sample} {input.source:q} {params.url:q}"
        " --output {output.hdf5:q} 2> {log:q}"
