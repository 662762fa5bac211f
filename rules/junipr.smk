"""Density models: log P of the jets of the test part, jets drawn from a model, jets of one class turned into another.

Numbers and figures are apart: another colour draws no jet again. Input: scans/<task>/, datasets/<task>/. Output: best/<task>/, comparisons/<name>/reweighting/.
"""


rule evaluate_density:
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
        "<logs>/evaluate_density/{task}.log",
    benchmark:
        "<benchmarks>/evaluate_density/{task}.tsv"
    wildcard_constraints:
        task=PLAN.tasks_of("evaluate_density"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("evaluate_density"),
    params:
        config=stored_config,
        code=numbers_code("evaluate", "density"),
        settings=lookup(dpath="evaluate/{task}", within=PLAN.settings),
    message:
        "Evaluating the best point of {wildcards.task}"
    shell:
        "jetloom evaluate --config {params.config:q} --task {wildcards.task} 2> {log:q}"


rule plot_best_density:
    input:
        metrics=rules.evaluate_density.output.metrics,
        figures=rules.evaluate_density.output.figures,
        predictions=rules.evaluate_density.output.predictions,
        description=ancient(INPUTS.in_dataset("dataset.json")),
        parts=ancient(INPUTS.in_dataset("parts")),
    output:
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
            labels={"shows": "-log P by class"},
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
        "<logs>/plot_best_density/{task}.log",
    wildcard_constraints:
        task=PLAN.tasks_of("plot_best_density"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_best_density"),
    params:
        config=stored_config,
        code=figure_code("plot_best", "density"),
        appearance=lookup(dpath="appearance/{task}", within=PLAN.settings),
        drawings=INPUTS.drawings,
    message:
        "Plotting the best point of {wildcards.task}"
    shell:
        "jetloom plot_best --config {params.config:q} --task {wildcards.task} 2> {log:q}"


rule sample_jets:
    input:
        facts=rules.collect.output.facts,
        table=rules.collect.output.table,
        description=ancient(INPUTS.in_dataset("dataset.json")),
        parts=ancient(INPUTS.in_dataset("parts")),
    output:
        sample="<results>/best/{task}/sampled.h5",
        numbers="<results>/best/{task}/closure.json",
        figures="<results>/best/{task}/closure_figures.json",
    log:
        "<logs>/sample_jets/{task}.log",
    benchmark:
        "<benchmarks>/sample_jets/{task}.tsv"
    wildcard_constraints:
        task=PLAN.tasks_of("sample_jets"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("sample_jets"),
    params:
        config=stored_config,
        code=numbers_code("sample_jets", "sampling"),
        settings=lookup(dpath="evaluate/{task}", within=PLAN.settings),
        jets=INPUTS.sampled,
    message:
        "Drawing {params.jets} jets from the best model of {wildcards.task}"
    shell:
        "jetloom sample_jets --config {params.config:q} --task {wildcards.task} --output {output.sample:q}"
        " 2> {log:q}"


rule plot_sampled:
    input:
        numbers=rules.sample_jets.output.numbers,
        figures=rules.sample_jets.output.figures,
        description=ancient(INPUTS.in_dataset("dataset.json")),
    output:
        closure=report(
            "<results>/best/{task}/closure.png",
            category="6. JUNIPR",
            subcategory="{task}",
            labels={"shows": "jets drawn from the model"},
            caption="../workflow/report/closure.rst",
        ),
        depth=report(
            "<results>/best/{task}/closure_depth.png",
            category="6. JUNIPR",
            subcategory="{task}",
            labels={"shows": "jets drawn from the model, by step"},
            caption="../workflow/report/closure_depth.rst",
        ),
    log:
        "<logs>/plot_sampled/{task}.log",
    wildcard_constraints:
        task=PLAN.tasks_of("plot_sampled"),
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_sampled"),
    params:
        config=stored_config,
        code=figure_code("plot_sampled", "sampling"),
        appearance=lookup(dpath="appearance/{task}", within=PLAN.settings),
    message:
        "Plotting jets drawn from the best model of {wildcards.task}"
    shell:
        "jetloom plot_sampled --config {params.config:q} --task {wildcards.task} 2> {log:q}"


rule reweight:
    input:
        predictions=INPUTS.compared_predictions,
        description=ancient(INPUTS.in_compared_dataset("dataset.json")),
        parts=ancient(INPUTS.in_compared_dataset("parts")),
    output:
        numbers="<results>/comparisons/{comparison}/reweighting/{ratio}/reweighting.json",
        weights="<results>/comparisons/{comparison}/reweighting/{ratio}/weights.h5",
        figures="<results>/comparisons/{comparison}/reweighting/{ratio}/figures.json",
    log:
        "<logs>/reweight/{comparison}/{ratio}.log",
    benchmark:
        "<benchmarks>/reweight/{comparison}/{ratio}.tsv"
    wildcard_constraints:
        ratio=r"[^/]+",
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("reweight"),
    params:
        config=stored_config,
        code=numbers_code("reweight", "reweighting"),
        settings=lookup(dpath="compare/{comparison}", within=PLAN.settings),
    message:
        "Reweighting jets with {wildcards.ratio} of {wildcards.comparison}"
    shell:
        "jetloom reweight --config {params.config:q} --comparison {wildcards.comparison} --ratio {wildcards.ratio}"
        " 2> {log:q}"


rule plot_reweighting:
    input:
        numbers=rules.reweight.output.numbers,
        figures=rules.reweight.output.figures,
        description=ancient(INPUTS.in_compared_dataset("dataset.json")),
    output:
        table=report(
            "<results>/comparisons/{comparison}/reweighting/{ratio}/reweighting.html",
            category="6. JUNIPR",
            subcategory="{comparison}",
            labels={"shows": "reweighting with {ratio} (table)"},
            caption="../workflow/report/reweighting.rst",
        ),
        spectra=report(
            "<results>/comparisons/{comparison}/reweighting/{ratio}/spectra.png",
            category="6. JUNIPR",
            subcategory="{comparison}",
            labels={"shows": "reweighting with {ratio}"},
            caption="../workflow/report/reweighting.rst",
        ),
    log:
        "<logs>/plot_reweighting/{comparison}/{ratio}.log",
    wildcard_constraints:
        ratio=r"[^/]+",
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_reweighting"),
    params:
        config=stored_config,
        code=figure_code("plot_reweighting", "reweighting"),
        settings=lookup(dpath="plot_comparison/{comparison}", within=PLAN.settings),
    message:
        "Plotting the reweighting with {wildcards.ratio} of {wildcards.comparison}"
    shell:
        "jetloom plot_reweighting --config {params.config:q} --comparison {wildcards.comparison}"
        " --ratio {wildcards.ratio} 2> {log:q}"
