"""Several models on the test part of the dataset that they share.

Input: best/<task>/predictions.h5 of the tasks that are compared. Output: comparisons/<name>/, numbers and then figures.
"""


rule compare:
    input:
        predictions=INPUTS.compared_predictions,
        description=ancient(INPUTS.in_compared_dataset("dataset.json")),
        parts=ancient(INPUTS.in_compared_dataset("parts")),
    output:
        numbers="<results>/comparisons/{comparison}/comparison.json",
        figures="<results>/comparisons/{comparison}/figures.json",
    log:
        "<logs>/compare/{comparison}.log",
    benchmark:
        "<benchmarks>/compare/{comparison}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("compare"),
    params:
        config=stored_config,
        code=numbers_code("compare", "comparison"),
        settings=lookup(dpath="compare/{comparison}", within=PLAN.settings),
    message:
        "Comparing the models of {wildcards.comparison}"
    shell:
        "jetloom compare --config {params.config:q} --comparison {wildcards.comparison} 2> {log:q}"


rule plot_comparison:
    input:
        numbers=rules.compare.output.numbers,
        figures=rules.compare.output.figures,
        predictions=INPUTS.compared_predictions,
        description=ancient(INPUTS.in_compared_dataset("dataset.json")),
        parts=ancient(INPUTS.in_compared_dataset("parts")),
    output:
        summary=report(
            "<results>/comparisons/{comparison}/summary.html",
            category="5. Comparison",
            subcategory="{comparison}",
            labels={"shows": "all models (table)"},
            caption="../workflow/report/compare_summary.rst",
        ),
        roc=report(
            "<results>/comparisons/{comparison}/roc.png",
            category="5. Comparison",
            subcategory="{comparison}",
            labels={"shows": "rejection against efficiency"},
            caption="../workflow/report/compare_roc.rst",
        ),
        areas=report(
            "<results>/comparisons/{comparison}/auc_in_bins.png",
            category="5. Comparison",
            subcategory="{comparison}",
            labels={"shows": "area under the curve in bins"},
            caption="../workflow/report/compare_areas.rst",
        ),
        log_odds=report(
            "<results>/comparisons/{comparison}/log_odds.png",
            category="5. Comparison",
            subcategory="{comparison}",
            labels={"shows": "calibration of the log ratio"},
            caption="../workflow/report/compare_log_odds.rst",
        ),
        correlations=report(
            "<results>/comparisons/{comparison}/correlations.png",
            category="5. Comparison",
            subcategory="{comparison}",
            labels={"shows": "correlation of the scores"},
            caption="../workflow/report/compare_correlations.rst",
        ),
        scores=report(
            directory("<results>/comparisons/{comparison}/scores"),
            patterns=["{model}.png"],
            category="5. Comparison",
            subcategory="{comparison}",
            labels={"shows": "log ratio in bins, {model}"},
            caption="../workflow/report/compare_scores.rst",
        ),
        confusion=report(
            directory("<results>/comparisons/{comparison}/confusion"),
            patterns=["{model}.png"],
            category="5. Comparison",
            subcategory="{comparison}",
            labels={"shows": "confusion matrices, {model}"},
            caption="../workflow/report/compare_confusion.rst",
        ),
        log_p=report(
            directory("<results>/comparisons/{comparison}/log_p"),
            patterns=["{model}.png"],
            category="5. Comparison",
            subcategory="{comparison}",
            labels={"shows": "-log P of {model}"},
            caption="../workflow/report/compare_log_p.rst",
        ),
        separation=report(
            directory("<results>/comparisons/{comparison}/separation"),
            patterns=["{model}.png"],
            category="5. Comparison",
            subcategory="{comparison}",
            labels={"shows": "separation by head of {model}"},
            caption="../workflow/report/compare_separation.rst",
        ),
        trees=report(
            directory("<results>/comparisons/{comparison}/trees"),
            patterns=["{model}/{jet}.png"],
            category="5. Comparison",
            subcategory="{comparison}",
            labels={"shows": "tree with the log ratio of {model}, {jet}"},
            caption="../workflow/report/compare_trees.rst",
        ),
    log:
        "<logs>/plot_comparison/{comparison}.log",
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_comparison"),
    params:
        config=stored_config,
        code=figure_code("plot_comparison", "comparison"),
        settings=lookup(dpath="plot_comparison/{comparison}", within=PLAN.settings),
    message:
        "Plotting the comparison {wildcards.comparison}"
    shell:
        "jetloom plot_comparison --config {params.config:q} --comparison {wildcards.comparison} 2> {log:q}"
