"""The best point for other programs: one file a format, each held against Keras on the golden ramp and on real rows.

Input: scans/<task>/, datasets/<task>/. Output: best/<task>/export/.
"""


rule export:
    input:
        facts=rules.collect.output.facts,
        table=rules.collect.output.table,
        description=ancient(INPUTS.in_dataset("dataset.json")),
        parts=ancient(INPUTS.in_dataset("parts")),
    output:
        # Which files are in it follows from `tasks.<name>.export`.
        files=report(
            directory("<results>/best/{task}/export"),
            patterns=["{shows}.html"],
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "exported networks against Keras"},
            caption="../workflow/report/export.rst",
        ),
    log:
        "<logs>/export/{task}.log",
    benchmark:
        "<benchmarks>/export/{task}.tsv"
    wildcard_constraints:
        task=PLAN.tasks_of("export"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("export"),
    params:
        config=stored_config,
        code=code_digest("report.exported.measure", "report.exported.description"),
        settings=lookup(dpath="export/{task}", within=PLAN.settings),
    message:
        "Exporting the best point of {wildcards.task}"
    shell:
        "jetloom export --config {params.config:q} --task {wildcards.task} 2> {log:q}"


rule plot_flavours:
    input:
        predictions=rules.evaluate.output.predictions,
    output:
        figures=report(
            directory("<results>/best/{task}/flavours"),
            patterns=["{variable}.png"],
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "{variable} by flavour"},
            caption="../workflow/report/flavours.rst",
        ),
    log:
        "<logs>/plot_flavours/{task}.log",
    wildcard_constraints:
        task=PLAN.tasks_of("plot_flavours"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_flavours"),
    params:
        config=stored_config,
        code=figure_code("plot_flavours"),
        settings=lookup(dpath="flavours/{task}", within=PLAN.settings),
        appearance=lookup(dpath="appearance/{task}", within=PLAN.settings),
    message:
        "Plotting single variables beside the network of {wildcards.task}"
    shell:
        "jetloom plot_flavours --config {params.config:q} --task {wildcards.task} 2> {log:q}"
