"""Compressions: files of a sample in few bytes, decoded again, and held against their originals.

Input: a sample's own files, or hdf5/<sample>/. Output: compressed/<name>/, decompressed/<name>/, compressions/<name>/.
"""


rule compress:
    input:
        original=INPUTS.uncompressed,
    output:
        packed="<results>/compressed/{compression}/{file}.jlc",
    log:
        "<logs>/compress/{compression}/{file}.log",
    benchmark:
        "<benchmarks>/compress/{compression}/{file}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("compress"),
    params:
        config=stored_config,
        code=code_digest("compression.files", "compression.wanted"),
        settings=lookup(dpath="compress/{compression}", within=PLAN.settings),
        state=INPUTS.state_of_uncompressed,
    message:
        "Compressing {wildcards.file} as {wildcards.compression} says"
    shell:
        "jetloom compress {input.original:q} --output {output.packed:q} --config {params.config:q}"
        " --compression {wildcards.compression} 2> {log:q}"


rule decompress:
    input:
        packed="<results>/compressed/{compression}/{file}.jlc",
    output:
        restored="<results>/decompressed/{compression}/{file}.{ending}",
    log:
        "<logs>/decompress/{compression}/{file}.{ending}.log",
    benchmark:
        "<benchmarks>/decompress/{compression}/{file}.{ending}.tsv"
    wildcard_constraints:
        ending="root|h5",
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("decompress"),
    params:
        code=code_digest("compression.files"),
    message:
        "Decompressing {wildcards.file} of {wildcards.compression}"
    shell:
        "jetloom decompress {input.packed:q} --output {output.restored:q} 2> {log:q}"


rule compare_compression:
    input:
        original=INPUTS.all_uncompressed,
        packed=INPUTS.all_compressed("compressed"),
        restored=INPUTS.all_compressed("decompressed"),
        others=INPUTS.other_uncompressed,
    output:
        numbers="<results>/compressions/{compression}/compression.json",
        figures="<results>/compressions/{compression}/figures.json",
    log:
        "<logs>/compare_compression/{compression}.log",
    benchmark:
        "<benchmarks>/compare_compression/{compression}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("compare_compression"),
    params:
        config=stored_config,
        code=code_digest("report.compression.measure"),
        settings=lookup(dpath="compare_compression/{compression}", within=PLAN.settings),
    message:
        "Holding the files of {wildcards.compression} against their originals"
    shell:
        "jetloom compare_compression --config {params.config:q} --compression {wildcards.compression}"
        " --original {input.original:q} --compressed {input.packed:q} --decompressed {input.restored:q}"
        " --other {input.others:q} 2> {log:q}"


rule plot_compression:
    input:
        numbers=rules.compare_compression.output.numbers,
        figures=rules.compare_compression.output.figures,
    output:
        page=report(
            "<results>/compressions/{compression}/compression.html",
            category="6. Compression",
            subcategory="{compression}",
            labels={"shows": "ratios, times and residuals (tables)"},
            caption="../workflow/report/compression.rst",
        ),
        methods=report(
            "<results>/compressions/{compression}/methods.png",
            category="6. Compression",
            subcategory="{compression}",
            labels={"shows": "beside other compressors"},
            caption="../workflow/report/compression_methods.rst",
        ),
        curves=report(
            "<results>/compressions/{compression}/curves.png",
            category="6. Compression",
            subcategory="{compression}",
            labels={"shows": "rate and distortion"},
            caption="../workflow/report/compression_curves.rst",
        ),
        response=report(
            "<results>/compressions/{compression}/response.png",
            category="6. Compression",
            subcategory="{compression}",
            labels={"shows": "response"},
            caption="../workflow/report/compression_response.rst",
        ),
        correlation=report(
            "<results>/compressions/{compression}/correlation.png",
            category="6. Compression",
            subcategory="{compression}",
            labels={"shows": "correlation of residuals"},
            caption="../workflow/report/compression_correlation.rst",
        ),
        variables=report(
            directory("<results>/compressions/{compression}/variables"),
            patterns=["{variable}.png"],
            category="6. Compression",
            subcategory="{compression}",
            labels={"shows": "{variable} before and after"},
            caption="../workflow/report/compression_variables.rst",
        ),
        corners=report(
            directory("<results>/compressions/{compression}/corners"),
            patterns=["{group}.png"],
            category="6. Compression",
            subcategory="{compression}",
            labels={"shows": "residuals two by two, {group}"},
            caption="../workflow/report/compression_corners.rst",
        ),
    log:
        "<logs>/plot_compression/{compression}.log",
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_compression"),
    params:
        config=stored_config,
        code=code_digest("report.compression.figures"),
        settings=lookup(dpath="plot_compression/{compression}", within=PLAN.settings),
    message:
        "Plotting the compression {wildcards.compression}"
    shell:
        "jetloom plot_compression --config {params.config:q} --compression {wildcards.compression} 2> {log:q}"
