"""The scan: one job a bundle of trainings, one row a point.

Input: datasets/<task>/ of the task whose dataset is used, and of its control region; the scans of the tasks that it
starts from.
Output: scans/<task>/<point>/<run>/, scans/<task>/bundles/, scans/<task>/scan.csv, plots/<task>/scan/, runs.csv.
"""


rule train:
    input:
        # The fingerprint is the dataset's content: a dataset that was made again equal trains nothing again. It stands
        # for the other files of the dataset: each input and output costs a scan of 10,000 points a second.
        fingerprint=INPUTS.in_dataset("fingerprint.txt"),
        starts=INPUTS.starting_scans,
        control=INPUTS.control_dataset,
    output:
        # Written when each training of the bundle has its result.json, with the digests of these. One declared output
        # keeps big scans quick.
        manifest="<results>/scans/{task}/bundles/{bundle}.json",
    log:
        "<logs>/train/{task}/{bundle}.log",
    benchmark:
        "<benchmarks>/train/{task}/{bundle}.tsv"
    conda:
        TRAINING_ENVIRONMENT
    threads: asks.threads
    resources:
        **asks("train"),
    params:
        config=stored_config,
        settings=INPUTS.training_settings,
        # A result that was taken away is made again. What is written down at the end is that none lacks: driver.attach.
        lacking=INPUTS.lacking_results,
    message:
        "Training {wildcards.bundle} of {wildcards.task}"
    shell:
        # exec: a shell in between would die of the signal that asks the training for its checkpoint, and the batch
        # system would take the job for ended.
        "exec jetloom train_bundle --config {params.config:q} --task {wildcards.task} --bundle {wildcards.bundle}"
        " --memory {resources.mem_mb} --minutes {resources.runtime} --gpus {resources.gpu} 2> {log:q}"


rule collect:
    input:
        fingerprint=INPUTS.in_dataset("fingerprint.txt"),
        manifests=INPUTS.manifests_of_scan,
    output:
        table="<results>/scans/{task}/scan.csv",
        histories="<results>/scans/{task}/histories.csv",
        facts="<results>/scans/{task}/scan.json",
        talos="<results>/scans/{task}/metadata.json",
    log:
        "<logs>/collect/{task}.log",
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("collect"),
    params:
        config=stored_config,
        settings=lookup(dpath="collect/{task}", within=PLAN.settings),
    message:
        "Collecting the scan of {wildcards.task}"
    shell:
        "jetloom collect --config {params.config:q} --task {wildcards.task} 2> {log:q}"


rule plot_scan:
    input:
        table=rules.collect.output.table,
        histories=rules.collect.output.histories,
        facts=rules.collect.output.facts,
    output:
        best=report(
            "<results>/plots/{task}/scan/ten_best.png",
            category="3. Scan",
            subcategory="{task}",
            labels={"shows": "ten best points"},
            caption="../workflow/report/ten_best.rst",
        ),
        best_table=report(
            "<results>/plots/{task}/scan/ten_best.html",
            category="3. Scan",
            subcategory="{task}",
            labels={"shows": "ten best points (table)"},
            caption="../workflow/report/ten_best.rst",
        ),
        parameters=report(
            directory("<results>/plots/{task}/scan/parameters"),
            patterns=["by_{parameter}.png"],
            category="3. Scan",
            subcategory="{task}",
            labels={"shows": "metric against {parameter}"},
            caption="../workflow/report/parameter.rst",
        ),
        interactions=report(
            directory("<results>/plots/{task}/scan/interactions"),
            patterns=["{pair}.png"],
            category="3. Scan",
            subcategory="{task}",
            labels={"shows": "interaction {pair}"},
            caption="../workflow/report/interaction.rst",
        ),
        correlations=report(
            "<results>/plots/{task}/scan/correlations.png",
            category="3. Scan",
            subcategory="{task}",
            labels={"shows": "correlations"},
            caption="../workflow/report/correlations.rst",
        ),
        learning=report(
            "<results>/plots/{task}/scan/learning_curves.png",
            category="3. Scan",
            subcategory="{task}",
            labels={"shows": "learning curves"},
            caption="../workflow/report/learning_curves.rst",
        ),
        points=directory("<results>/plots/{task}/scan/points"),
    log:
        "<logs>/plot_scan/{task}.log",
    benchmark:
        "<benchmarks>/plot_scan/{task}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("plot_scan"),
    params:
        config=stored_config,
        code=figure_code("plot_scan"),
        appearance=lookup(dpath="appearance/{task}", within=PLAN.settings),
        scan=subpath(input.table, parent=True),
        output=subpath(output.best, parent=True),
    message:
        "Plotting the scan of {wildcards.task}"
    shell:
        "jetloom plot_scan --config {params.config:q} --scan {params.scan:q} --output {params.output:q} 2> {log:q}"


rule runs:
    input:
        facts=targets.scans(PLAN),
    output:
        table="<results>/runs.csv",
        page=report(
            "<results>/runs.html",
            category="7. Runs",
            labels={"shows": "every training (table)"},
            caption="../workflow/report/runs.rst",
        ),
    log:
        "<logs>/runs.log",
    conda:
        "../envs/cpu.yaml"
    resources:
        **asks("runs"),
    params:
        config=stored_config,
        code=code_digest("scan.runs", "cli.scan.runs", "plots.tables"),
        output=subpath(output.table, parent=True),
    message:
        "Listing every training"
    shell:
        "jetloom runs --config {params.config:q} --output {params.output:q} 2> {log:q}"
