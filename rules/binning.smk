"""The bins of a dataset's trees, and the spectra of their energy and mass, for the report.

Input: datasets/<task>/. Output: plots/<task>/trees/.
"""


rule plot_binning:
    input:
        description=rules.dataset.output.description,
        parts=ancient(rules.dataset.output.parts),
    output:
        figure=report(
            "<results>/plots/{task}/trees/binning.png",
            category="2. Cut flow, weights and split",
            subcategory="{task}",
            labels={"shows": "bins of the trees"},
            caption="../workflow/report/binning.rst",
        ),
        table=report(
            "<results>/plots/{task}/trees/binning.html",
            category="2. Cut flow, weights and split",
            subcategory="{task}",
            labels={"shows": "bins of the trees (table)"},
            caption="../workflow/report/binning.rst",
        ),
        seeds=report(
            "<results>/plots/{task}/trees/seeds.png",
            category="2. Cut flow, weights and split",
            subcategory="{task}",
            labels={"shows": "energy and mass of the trees"},
            caption="../workflow/report/seeds.rst",
        ),
    log:
        "<logs>/plot_binning/{task}.log",
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_binning"),
    params:
        config=stored_config,
        code=figure_code("plot_binning"),
        appearance=lookup(dpath="appearance/{task}", within=PLAN.settings),
        output=subpath(output.figure, parent=True),
    message:
        "Plotting the bins of the trees of {wildcards.task}"
    shell:
        "jetloom plot_binning --config {params.config:q} --task {wildcards.task} --output {params.output:q} 2> {log:q}"
