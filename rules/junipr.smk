"""Density models: what they say of the jets of the test part.

Input: scans/<task>/, datasets/<task>/. Output: best/<task>/.
"""


rule evaluate_density:
    input:
        facts=rules.collect.output.facts,
        table=rules.collect.output.table,
        description=ancient(dataset_file("dataset.json")),
        parts=ancient(dataset_file("parts")),
    output:
        metrics="<results>/best/{task}/metrics.json",
        predictions="<results>/best/{task}/predictions.h5",
        metrics_table=report(
            "<results>/best/{task}/metrics.html",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "metrics"},
            caption="../workflow/report/surprise.rst",
        ),
        log_p=report(
            "<results>/best/{task}/log_p.png",
            category="4. Best point",
            subcategory="{task}",
            labels={"shows": "log P by class"},
            caption="../workflow/report/log_p.rst",
        ),
        heads=report(
            directory("<results>/best/{task}/heads"),
            patterns=["{head}.png"],
            category="6. JUNIPR",
            subcategory="{task}",
            labels={"shows": "data against model, {head}"},
            caption="../workflow/report/heads.rst",
        ),
        trees=report(
            directory("<results>/best/{task}/trees"),
            patterns=["{jet}.png"],
            category="6. JUNIPR",
            subcategory="{task}",
            labels={"shows": "tree of {jet}"},
            caption="../workflow/report/trees.rst",
        ),
    log:
        "<logs>/evaluate/{task}.log",
    benchmark:
        "<benchmarks>/evaluate/{task}.tsv"
    wildcard_constraints:
        task=tasks_of("density"),
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=memory_of("plot", "evaluate"),
        htcondor_request_mem_mb=memory_of("plot", "evaluate"),
        runtime=minutes_of("plot", "evaluate"),
        allowed_job_duration=seconds_of("plot", "evaluate"),
    params:
        config=stored_config,
        code=code_digest("evaluation", "models", "plots"),
        appearance=lookup(dpath="appearance/{task}", within=SETTINGS),
        drawings=drawings,
    message:
        "Evaluating the best point of {wildcards.task}"
    shell:
        "jetloom evaluate --config {params.config:q} --task {wildcards.task} 2> {log:q}"
