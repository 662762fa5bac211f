"""Check a configuration and say what it would do."""

from __future__ import annotations

import argparse
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("config", help="configuration of the analysis")
    parser.add_argument("--print-settings", action="store_true", help="print all settings with their defaults as YAML")
    parser.add_argument("--points", action="store_true", help="list the points of the scans with their names")


def run(arguments: argparse.Namespace) -> None:
    """Check everything that can be checked before anything runs."""
    from jetloom import paths
    from jetloom.config.load import load_analysis
    from jetloom.plots.titles import check_texts
    from jetloom.scan.points.space import points, runs
    from jetloom.scan.preflight import check_analysis, large_bundles
    from jetloom.scan.table.ranking import chosen_by_the_test, criterion
    from jetloom.training.callbacks.own import check_callbacks
    from jetloom.training.rehearsal import rehearse

    analysis = load_analysis(arguments.config)
    out = sys.stdout.write
    if arguments.print_settings:
        import yaml

        out(yaml.safe_dump(analysis.model_dump(mode="json", by_alias=True), sort_keys=False))
        return
    check_analysis(analysis)
    check_callbacks(analysis)
    rehearse(analysis)
    warnings = check_texts(analysis)
    sources = {name: paths.source_files(analysis, name).values() for name in analysis.samples}
    for name, sample in analysis.samples.items():
        out(f"sample {name}: {len(sources[name])} files, schema {sample.schema_name}\n")
    for path, names in paths.shared_files(sources).items():
        out(f"warning: {path} is a file of several samples: {', '.join(names)}\n")
    for line in [*warnings, *chosen_by_the_test(analysis), *large_bundles(analysis)]:
        out(f"warning: {line}\n")
    for name, task in analysis.tasks.items():
        found = points(task)
        trainings = len(found) * len(runs(task))
        shared = f", dataset of {task.dataset}" if task.dataset else ""
        out(f"task {name}: {len(found)} points, {trainings} trainings, ranked by {criterion(task)}{shared}\n")
        if arguments.points:
            for point in found:
                values = " ".join(f"{key}={point.parameters[key]}" for key in task.scan)
                out(f"    {point.name} {values}\n")
