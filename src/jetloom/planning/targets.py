"""What is there at the end: the files that the rule ``all`` asks for."""

from __future__ import annotations

from pathlib import Path

from jetloom import paths
from jetloom.planning.applied import pieces
from jetloom.planning.plan import Plan
from jetloom.stages import (
    applied_tasks,
    exported_tasks,
    reweighted,
    sampled_tasks,
    tasks_with_flavours,
    tasks_with_page,
    tasks_with_region,
)


def hdf5(plan: Plan) -> list[str]:
    """Return the HDF5 files of all samples."""
    return [f"{plan.root}/hdf5/{sample}/{file}.h5" for sample, files in plan.sources.items() for file in files]


def trees(plan: Plan) -> list[str]:
    """Return the files of trees of all samples that have some."""
    return [
        f"{plan.root}/trees/{sample}/{path.name}"
        for sample, files in paths.all_tree_files(plan.analysis).items()
        for path in files
    ]


def scans(plan: Plan) -> list[str]:
    """Return the facts of all scans."""
    return [f"{plan.root}/scans/{task}/scan.json" for task in plan.analysis.tasks]


def data_reports(plan: Plan) -> list[str]:
    """Return the plots and tables of all samples and datasets."""
    collections = paths.shown_collections(plan.analysis)
    samples = [f"{plan.root}/diagnostics/{collection}" for collection in collections]
    if samples:
        samples.append(f"{plan.root}/diagnostics/samples/spectra.png")
    owners = list(dict.fromkeys(plan.datasets.values()))
    inputs = [f"{plan.root}/plots/{owner}/inputs" for owner in owners]
    bins = [
        f"{plan.root}/plots/{owner}/trees/binning.png"
        for owner in owners
        if plan.analysis.tasks[owner].reads == "trees"
    ]
    return samples + inputs + bins


def task_reports(plan: Plan) -> list[str]:
    """Return the plots and tables of all tasks: asking for one file of each rule brings its others."""
    return (
        [
            path
            for task in plan.analysis.tasks
            for path in (
                f"{plan.root}/plots/{task}/scan/learning_curves.png",
                f"{plan.root}/scans/{task}/best.zip",
            )
        ]
        + [f"{plan.root}/best/{task}/metrics.html" for task in tasks_with_page(plan.analysis)]
        + [f"{plan.root}/best/{task}/epochs" for task in tasks_with_region(plan.analysis)]
        + exports(plan)
    )


def exports(plan: Plan) -> list[str]:
    """Return the directories of exported networks, and of figures of single variables beside them."""
    flavours = [f"{plan.root}/best/{task}/flavours" for task in tasks_with_flavours(plan.analysis)]
    return flavours + [f"{plan.root}/best/{task}/export" for task in exported_tasks(plan.analysis)]


def comparisons(plan: Plan) -> list[str]:
    """Return the tables of the comparisons, which bring their figures."""
    return [f"{plan.root}/comparisons/{name}/summary.html" for name in plan.analysis.comparisons]


def compressions(plan: Plan) -> list[str]:
    """Return the tables of the compressions, which bring their figures and the files that were compressed."""
    return [f"{plan.root}/compressions/{name}/compression.html" for name in plan.analysis.compressions]


def densities(plan: Plan) -> list[str]:
    """Return the figures of jets drawn from density models, and of reweighted ones, which bring the jets."""
    samples = [f"{plan.root}/best/{task}/closure.png" for task in sampled_tasks(plan.analysis)]
    return samples + [
        f"{plan.root}/comparisons/{name}/reweighting/{ratio}/reweighting.html"
        for name, ratio in reweighted(plan.analysis)
    ]


def applied(plan: Plan) -> list[str]:
    """Return the records of what best models are applied to; the files lie beside them."""
    return [
        f"{plan.root}/applied/{task}/{piece}.json"
        for task in applied_tasks(plan.analysis)
        for piece in pieces(plan.analysis, task)
    ]


def runs(plan: Plan) -> list[str]:
    """Return the table of all trainings."""
    return [f"{plan.root}/runs.html"] if plan.analysis.tasks else []


def lost_manifests(plan: Plan) -> list[str]:
    """Return the manifests of bundles that are gone although their scan was collected.

    Snakemake asks for no intermediate file of what is complete. Somebody who took one away wants it made again.
    """
    return [
        path
        for task in plan.analysis.tasks
        if Path(f"{plan.root}/scans/{task}/scan.json").is_file()
        for path in plan.manifests_of(task)
        if not Path(path).is_file()
    ]
