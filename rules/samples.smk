"""Figures of the samples themselves, before and after cuts.

Input: some DxAODs of each sample and the HDF5 files made of them. Output: diagnostics/<collection>/.
"""


rule plot_constituents:
    input:
        dxaod=shown_dxaod,
        hdf5=shown_hdf5,
    output:
        figures=report(
            directory("<results>/diagnostics/{collection}"),
            patterns=["{variable}.png"],
            category="1. Inputs",
            subcategory="{collection} before and after cuts",
            labels={"variable": "{variable}"},
            caption="../workflow/report/constituents.rst",
        ),
    log:
        "<logs>/plot_constituents/{collection}.log",
    benchmark:
        "<benchmarks>/plot_constituents/{collection}.tsv"
    # Trainings wait for nothing of it.
    priority: -1
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=memory_of("plot", "plot_constituents"),
        htcondor_request_mem_mb=memory_of("plot", "plot_constituents"),
        runtime=minutes_of("plot", "plot_constituents"),
        allowed_job_duration=seconds_of("plot", "plot_constituents"),
    params:
        config=stored_config,
        code=figure_code("plot_constituents"),
        settings=lookup(dpath="diagnostics/{collection}", within=SETTINGS),
        output=subpath(output.figures, parent=True),
    message:
        "Plotting {wildcards.collection} before and after cuts"
    shell:
        "jetloom plot_constituents --config {params.config:q} --collection {wildcards.collection}"
        " --output {params.output:q} 2> {log:q}"


rule plot_samples:
    input:
        hdf5=all_hdf5(),
        trees=all_trees(),
    output:
        spectra=report(
            "<results>/diagnostics/samples/spectra.png",
            category="1. Inputs",
            subcategory="samples",
            labels={"variable": "spectra of all samples"},
            caption="../workflow/report/slices.rst",
        ),
        quarantine=report(
            "<results>/diagnostics/samples/quarantine.png",
            category="1. Inputs",
            subcategory="samples",
            labels={"variable": "jets in the quarantine"},
            caption="../workflow/report/quarantine.rst",
        ),
        quarantine_table=report(
            "<results>/diagnostics/samples/quarantine.html",
            category="1. Inputs",
            subcategory="samples",
            labels={"variable": "jets in the quarantine (table)"},
            caption="../workflow/report/quarantine.rst",
        ),
    log:
        "<logs>/plot_samples/samples.log",
    benchmark:
        "<benchmarks>/plot_samples/samples.tsv"
    # Trainings wait for nothing of it.
    priority: -1
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=memory_of("plot", "plot_samples"),
        htcondor_request_mem_mb=memory_of("plot", "plot_samples"),
        runtime=minutes_of("plot", "plot_samples"),
        allowed_job_duration=seconds_of("plot", "plot_samples"),
    params:
        config=stored_config,
        code=figure_code("plot_samples"),
        settings=lookup(dpath="diagnostics/samples", within=SETTINGS),
        output=subpath(output.spectra, parent=True),
    message:
        "Plotting the spectra of all samples, and the quarantine"
    shell:
        "jetloom plot_samples --config {params.config:q} --output {params.output:q} 2> {log:q}"
