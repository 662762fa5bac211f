"""Figures of the samples themselves, before and after cuts.

Input: some DxAODs of each sample and the HDF5 files made of them. Output: diagnostics/<collection>/.
"""


rule plot_constituents:
    input:
        dxaod=INPUTS.shown_dxaods,
        hdf5=INPUTS.shown_hdf5,
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
        **asks("plot_constituents"),
    params:
        config=stored_config,
        code=figure_code("plot_constituents"),
        settings=lookup(dpath="diagnostics/{collection}", within=PLAN.settings),
        output=subpath(output.figures, parent=True),
    message:
        "Plotting {wildcards.collection} before and after cuts"
    shell:
        "jetloom plot_constituents --config {params.config:q} --collection {wildcards.collection}"
        " --output {params.output:q} 2> {log:q}"


rule plot_samples:
    input:
        hdf5=targets.hdf5(PLAN),
        trees=targets.trees(PLAN),
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
        **asks("plot_samples"),
    params:
        config=stored_config,
        code=figure_code("plot_samples"),
        settings=lookup(dpath="diagnostics/samples", within=PLAN.settings),
        output=subpath(output.spectra, parent=True),
    message:
        "Plotting the spectra of all samples, and the quarantine"
    shell:
        "jetloom plot_samples --config {params.config:q} --output {params.output:q} 2> {log:q}"
