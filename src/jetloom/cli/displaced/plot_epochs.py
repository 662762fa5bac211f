"""Plot the outputs of a tagger of displaced jets in some epochs, or in its best one.

The figures have the names that they have always had, as 007_val_adversary_lowPt_bib_predictions.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from jetloom.errors import ConfigurationError, MissingFileError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--training", type=Path, help="its directory: scans/<task>/<point>/<run>")
    parser.add_argument("--config", help="or the configuration of its analysis")
    parser.add_argument("--task", help="and the task, whose best point is drawn")
    parser.add_argument("--epochs", type=int, nargs="+", metavar="N", help="epochs; the best one if not given")
    parser.add_argument("--all", action="store_true", help="all epochs")
    parser.add_argument("--label", default="", help="what stands above each figure; that of the analysis")
    parser.add_argument("--output", type=Path, help="where the figures go; best/<task>/epochs")


def run(arguments: argparse.Namespace) -> None:
    """Read the histograms, draw."""
    from jetloom.io.sealed import read_json

    if arguments.config is not None and arguments.task is not None:
        _find_best(arguments)
    elif arguments.training is None or arguments.output is None:
        raise ConfigurationError("which training?", advice="give --training and --output, or --config and --task")
    for path in _files(arguments):
        _draw(read_json(path), arguments.output, arguments.label)


def _find_best(arguments: argparse.Namespace) -> None:
    """Fill in the training, the label and the output of a task's best point, as far as they are not given."""
    from jetloom import paths
    from jetloom.config.load import find_task, load_analysis
    from jetloom.scan.table.collected import best_of, read_facts

    analysis = load_analysis(arguments.config)
    find_task(analysis, arguments.task)
    scan = paths.scan(analysis, arguments.task)
    best = best_of(read_facts(scan), scan)
    arguments.training = arguments.training or scan / best.point / best.run
    arguments.label = arguments.label or analysis.label
    arguments.output = arguments.output or paths.best(analysis, arguments.task) / "epochs"


def _files(arguments: argparse.Namespace) -> list[Path]:
    """Return the files of the epochs that are asked for.

    Raises
    ------
    MissingFileError, ConfigurationError
        If the training kept no outputs, or not those of an epoch.
    """
    from jetloom.scan.result_file import read_result

    directory = arguments.training / "epochs"
    there = {int(path.stem.removeprefix("outputs")): path for path in sorted(directory.glob("outputs[0-9]*.json"))}
    if not there:
        raise MissingFileError(
            "no outputs were kept there", path=directory, advice="name a training of a displaced_adversarial"
        )
    wanted = arguments.epochs or [read_result(arguments.training).best_epoch]
    wanted = sorted(there) if arguments.all else wanted
    for epoch in wanted:
        if epoch not in there:
            raise ConfigurationError(
                f"there is no epoch {epoch}", where="--epochs", advice=f"they run from {min(there)} to {max(there)}"
            )
    return [there[epoch] for epoch in wanted]


def _draw(found: dict[str, Any], output: Path, label: str) -> None:
    """Draw the figures of an epoch: six of the classes, twelve of the control region."""
    import numpy as np

    from jetloom.evaluation.displaced.outputs import LINEAR, LOGARITHMIC
    from jetloom.plots.displaced.outputs import SHORT, draw_classes, draw_region

    epoch, region = found["epoch"], found["control"]
    head = f"{label}   epoch {epoch}".strip()
    ends = ["0", *(f"{edge:g}" for edge in region["pt_edges"]), ""]
    bins = [("", "all jets")]
    for name, low, high in zip(("lowPt_", "midPt_", "highPt_"), ends[:-1], ends[1:], strict=False):
        bins.append((name, f"{low} < $p_T$ < {high} GeV" if high else f"$p_T$ > {low} GeV"))
    for place, name in enumerate(found["classes"]):
        short = SHORT.get(name, name)
        for kind, edges in (("linear", LINEAR), ("log", LOGARITHMIC)):
            sums, squares = (np.array(found["main"][kind][key])[:, place] for key in ("sums", "squares"))
            path = output / f"{epoch:03d}_main_{short}_predictions{'_linear' if kind == 'linear' else ''}"
            draw_classes(path, edges, sums, squares, found["classes"], name, head, log=kind == "log")
        for (which, where), one in zip(bins, region["bins"], strict=False):
            path = output / f"{epoch:03d}_val_adversary_{which}{short}_predictions"
            draw_region(path, LOGARITHMIC, one, place, name, head, where)
