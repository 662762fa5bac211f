"""A task's dataset, and the plots of what goes into it. A task that uses another's dataset has none of its own.

Input: the HDF5 files of the task's samples, or those of trees. Output: datasets/<task>/, plots/<task>/inputs/ and
bookkeeping/.
"""


rule dataset:
    input:
        files=INPUTS.of_dataset,
    output:
        description="<results>/datasets/{task}/dataset.json",
        fingerprint="<results>/datasets/{task}/fingerprint.txt",
        parts=directory("<results>/datasets/{task}/parts"),
    log:
        "<logs>/dataset/{task}.log",
    benchmark:
        "<benchmarks>/dataset/{task}.tsv"
    wildcard_constraints:
        task=PLAN.tasks_of("dataset"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("dataset"),
    params:
        config=stored_config,
        settings=lookup(dpath="dataset/{task}", within=PLAN.settings),
    message:
        "Building the dataset of {wildcards.task}"
    shell:
        "jetloom dataset --config {params.config:q} --task {wildcards.task} 2> {log:q}"


rule plot_inputs:
    input:
        description=rules.dataset.output.description,
        parts=ancient(rules.dataset.output.parts),
        hdf5=INPUTS.hdf5_of_task,
    output:
        inputs=report(
            directory("<results>/plots/{task}/inputs"),
            patterns=["{variable}.png"],
            category="1. Inputs",
            subcategory="{task}",
            labels={"variable": "{variable}"},
            caption="../workflow/report/inputs.rst",
        ),
        cut_flow=report(
            "<results>/plots/{task}/bookkeeping/cut_flow.png",
            category="2. Cut flow, weights and split",
            subcategory="{task}",
            labels={"shows": "cut flow and losses"},
            caption="../workflow/report/cut_flow.rst",
        ),
        cut_flow_table=report(
            "<results>/plots/{task}/bookkeeping/cut_flow.html",
            category="2. Cut flow, weights and split",
            subcategory="{task}",
            labels={"shows": "cut flow and losses (table)"},
            caption="../workflow/report/cut_flow.rst",
        ),
        weights=report(
            "<results>/plots/{task}/bookkeeping/weights.png",
            category="2. Cut flow, weights and split",
            subcategory="{task}",
            labels={"shows": "weights"},
            caption="../workflow/report/weights.rst",
        ),
        spectra=report(
            "<results>/plots/{task}/bookkeeping/spectra.png",
            category="2. Cut flow, weights and split",
            subcategory="{task}",
            labels={"shows": "spectra of the classes"},
            caption="../workflow/report/spectra.rst",
        ),
        split=report(
            "<results>/plots/{task}/bookkeeping/split.png",
            category="2. Cut flow, weights and split",
            subcategory="{task}",
            labels={"shows": "split"},
            caption="../workflow/report/split.rst",
        ),
        summary=report(
            "<results>/plots/{task}/bookkeeping/summary.html",
            category="2. Cut flow, weights and split",
            subcategory="{task}",
            labels={"shows": "weights and split (table)"},
            caption="../workflow/report/split.rst",
        ),
    log:
        "<logs>/plot_inputs/{task}.log",
    benchmark:
        "<benchmarks>/plot_inputs/{task}.tsv"
    wildcard_constraints:
        task=PLAN.tasks_of("plot_inputs"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_inputs"),
    params:
        config=stored_config,
        code=figure_code("plot_inputs"),
        appearance=lookup(dpath="appearance/{task}", within=PLAN.settings),
        output=subpath(output.inputs, parent=True),
    message:
        "Plotting the inputs of {wildcards.task}"
    shell:
        "jetloom plot_inputs --config {params.config:q} --task {wildcards.task} --output {params.output:q} 2> {log:q}"
