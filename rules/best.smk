"""The best point: deployed for Talos, evaluated on the part that neither trained nor stopped the training, and drawn.

Input: scans/<task>/, datasets/<task>/. Output: scans/<task>/best.zip, best/<task>/.
"""


rule deploy:
    input:
        table=rules.collect.output.table,
        facts=rules.collect.output.facts,
        description=ancient(INPUTS.in_dataset("dataset.json")),
        parts=ancient(INPUTS.in_dataset("parts")),
    output:
        archive="<results>/scans/{task}/best.zip",
    log:
        "<logs>/deploy/{task}.log",
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("deploy"),
    params:
        config=stored_config,
        code=code_digest(
            "scan.table.deploy", "inference.applied.recipe", "inference.applied.seen"
        ),
    message:
        "Deploying the best model of {wildcards.task}"
    shell:
        "jetloom deploy --config {params.config:q} --task {wildcards.task} 2> {log:q}"


rule evaluate:
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
        "<logs>/evaluate/{task}.log",
    benchmark:
        "<benchmarks>/evaluate/{task}.tsv"
    wildcard_constraints:
        task=PLAN.tasks_of("evaluate"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("evaluate"),
    params:
        config=stored_config,
        code=numbers_code("evaluate", "classifier"),
        settings=lookup(dpath="evaluate/{task}", within=PLAN.settings),
    message:
        "Evaluating the best point of {wildcards.task}"
    shell:
        "jetloom evaluate --config {params.config:q} --task {wildcards.task} 2> {log:q}"


rule plot_epochs:
    input:
        facts=rules.collect.output.facts,
        table=rules.collect.output.table,
    output:
        figures=report(
            directory("<results>/best/{task}/epochs"),
            patterns=["{figure}.png"],
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "epoch {figure}"},
            caption="../workflow/report/epochs.rst",
        ),
    log:
        "<logs>/plot_epochs/{task}.log",
    wildcard_constraints:
        task=PLAN.tasks_of("plot_epochs"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_epochs"),
    params:
        config=stored_config,
        code=code_digest("cli.displaced.plot_epochs"),
    message:
        "Plotting what the best point of {wildcards.task} says in its best epoch"
    shell:
        "jetloom plot_epochs --config {params.config:q} --task {wildcards.task} 2> {log:q}"


rule plot_best:
    input:
        metrics=rules.evaluate.output.metrics,
        figures=rules.evaluate.output.figures,
        description=ancient(INPUTS.in_dataset("dataset.json")),
    output:
        metrics_table=report(
            "<results>/best/{task}/metrics.html",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "metrics"},
            caption="../workflow/report/metrics.rst",
        ),
        scores=report(
            "<results>/best/{task}/scores.png",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "score distributions"},
            caption="../workflow/report/scores.rst",
        ),
        roc=report(
            "<results>/best/{task}/roc.png",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "rejection against efficiency"},
            caption="../workflow/report/roc.rst",
        ),
        confusion=report(
            "<results>/best/{task}/confusion.png",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "confusion matrix"},
            caption="../workflow/report/confusion.rst",
        ),
        performance=report(
            directory("<results>/best/{task}/performance"),
            patterns=["{variable}.png"],
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "performance against {variable}"},
            caption="../workflow/report/performance.rst",
        ),
        yields=report(
            directory("<results>/best/{task}/yields"),
            patterns=["{variable}.png"],
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "events as they count in data: {variable}"},
            caption="../workflow/report/yields.rst",
        ),
        calibration=report(
            "<results>/best/{task}/calibration.png",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "calibration"},
            caption="../workflow/report/calibration.rst",
        ),
    log:
        "<logs>/plot_best/{task}.log",
    wildcard_constraints:
        task=PLAN.tasks_of("plot_best"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_best"),
    params:
        config=stored_config,
        code=figure_code("plot_best", "classifier"),
        appearance=lookup(dpath="appearance/{task}", within=PLAN.settings),
    message:
        "Plotting the best point of {wildcards.task}"
    shell:
        "jetloom plot_best --config {params.config:q} --task {wildcards.task} 2> {log:q}"
