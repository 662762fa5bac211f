"""The best point of a task that learns a variable: evaluated on the test part, and drawn.

Input: scans/<task>/, datasets/<task>/. Output: best/<task>/.
"""


rule evaluate_regression:
    input:
        facts=rules.collect.output.facts,
        table=rules.collect.output.table,
        description=ancient(INPUTS.in_dataset("dataset.json")),
        parts=ancient(INPUTS.in_dataset("parts")),
    output:
        metrics="<results>/best/{task}/metrics.json",
        predictions="<results>/best/{task}/predictions.h5",
        figures="<results>/best/{task}/figures.json",
    log:
        "<logs>/evaluate_regression/{task}.log",
    benchmark:
        "<benchmarks>/evaluate_regression/{task}.tsv"
    wildcard_constraints:
        task=PLAN.tasks_of("evaluate_regression"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("evaluate_regression"),
    params:
        config=stored_config,
        code=numbers_code("evaluate", "regression"),
        settings=lookup(dpath="evaluate/{task}", within=PLAN.settings),
    message:
        "Evaluating the best point of {wildcards.task}"
    shell:
        "jetloom evaluate --config {params.config:q} --task {wildcards.task} 2> {log:q}"


rule plot_best_regression:
    input:
        metrics=rules.evaluate_regression.output.metrics,
        figures=rules.evaluate_regression.output.figures,
        description=ancient(INPUTS.in_dataset("dataset.json")),
    output:
        metrics_table=report(
            "<results>/best/{task}/metrics.html",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "metrics"},
            caption="../workflow/report/metrics_regression.rst",
        ),
        predicted=report(
            "<results>/best/{task}/predicted.png",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "predicted against true values"},
            caption="../workflow/report/predicted.rst",
        ),
        residuals=report(
            "<results>/best/{task}/residuals.png",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "residuals"},
            caption="../workflow/report/residuals.rst",
        ),
        resolution=report(
            "<results>/best/{task}/resolution.png",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "bias and resolution"},
            caption="../workflow/report/resolution.rst",
        ),
    log:
        "<logs>/plot_best_regression/{task}.log",
    wildcard_constraints:
        task=PLAN.tasks_of("plot_best_regression"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_best_regression"),
    params:
        config=stored_config,
        code=figure_code("plot_best", "regression"),
        appearance=lookup(dpath="appearance/{task}", within=PLAN.settings),
    message:
        "Plotting the best point of {wildcards.task}"
    shell:
        "jetloom plot_best --config {params.config:q} --task {wildcards.task} 2> {log:q}"
