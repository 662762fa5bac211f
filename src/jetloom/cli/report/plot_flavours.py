"""Plot variables and a network's scores by flavour: histograms, density of two, ROC curves."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", type=Path, nargs="?", help="HDF5 with jets, as of jetloom dump; or --config and --task")
    parser.add_argument("--config", help="configuration of the analysis")
    parser.add_argument("--task", help="name of a task with 'flavours', whose predictions of the test part are drawn")
    parser.add_argument("--label", default="HadronConeExclTruthLabelID", help="field that holds the flavour")
    parser.add_argument(
        "--classes",
        nargs="+",
        default=["bottom=5", "charm=4", "light=0"],
        metavar="NAME=N",
        help="flavours, the signal first, the background last; bottom=5 charm=4 light=0",
    )
    parser.add_argument("--variables", nargs="+", default=[], metavar="NAME=LOW,HIGH", help="fields and their ranges")
    parser.add_argument("--weight", help="field with weights; every jet counts the same")
    parser.add_argument("--network", type=Path, help="an exported network, whose score is a variable, too")
    parser.add_argument("--score-range", default="-10,15", metavar="LOW,HIGH", help="of log(p_signal / p_background)")
    parser.add_argument("--experiment", default="", help="label above the figures")
    parser.add_argument("--output", "-o", type=Path, help="directory of the figures; plots, or beside the predictions")


@dataclass(frozen=True)
class _Wanted:
    """What is drawn."""

    path: Path
    label: str
    classes: dict[str, float]
    """The signal first, the background last."""
    titles: list[dict[str, Any]]
    variables: dict[str, tuple[float, float]]
    score: tuple[float, float]
    prefix: str
    weight: str | None
    experiment: str
    output: Path


def run(arguments: argparse.Namespace) -> None:
    """Read, draw."""
    import numpy as np

    from jetloom.errors import ConfigurationError
    from jetloom.evaluation.classification.flavours import label_masks
    from jetloom.export.dumps.plain import read_plain
    from jetloom.plots.classifier import flavours
    from jetloom.plots.style import class_styles

    if (arguments.config is None) != (arguments.task is None) or (arguments.config is None) == (arguments.file is None):
        raise ConfigurationError("give a file, or --config and --task")
    wanted = _of_task(arguments) if arguments.file is None else _of_file(arguments)
    rows = read_plain(wanted.path)
    masks = label_masks(_field(rows, wanted.label, wanted.path), wanted.classes)
    weights = np.ones(len(rows)) if wanted.weight is None else _field(rows, wanted.weight, wanted.path)
    variables, styles = _variables(wanted, rows, arguments.network), class_styles(wanted.titles)
    for one in variables:
        flavours.draw_variable(wanted.output / one.name, one, styles, masks, weights, wanted.experiment)
    if len(variables) > 1:
        one, other = variables[0], variables[1]
        flavours.draw_density(wanted.output / "2d", one, other, styles, masks, wanted.experiment)
    signal, background = masks[styles[0].name], masks[styles[-1].name]
    titles = styles[0].title, styles[-1].title
    flavours.draw_rejections(wanted.output / "roc", variables, signal, background, weights, titles, wanted.experiment)


def _of_file(arguments: argparse.Namespace) -> _Wanted:
    from jetloom.errors import ConfigurationError

    if not arguments.variables:
        raise ConfigurationError("name at least one", where="--variables", advice="as in ip_log_ratio=-10,15")
    classes = {name: _number(value) for name, value in (_pair(text, "--classes") for text in arguments.classes)}
    variables = {name: _range(value) for name, value in (_pair(text, "--variables") for text in arguments.variables)}
    titles = [{"name": name} for name in classes]
    return _Wanted(
        arguments.file, arguments.label, classes, titles, variables, _range(arguments.score_range), "nn_",
        arguments.weight, arguments.experiment, arguments.output or Path("plots"),
    )  # fmt: skip


def _of_task(arguments: argparse.Namespace) -> _Wanted:
    """Return what the configuration says of a task, on its predictions of the test part."""
    from jetloom import paths
    from jetloom.config.load import find_task, load_analysis
    from jetloom.errors import ConfigurationError

    analysis = load_analysis(arguments.config)
    task = find_task(analysis, arguments.task)
    said = task.flavours
    if said is None:
        raise ConfigurationError("has no 'flavours'", where=f"tasks.{arguments.task}")
    order = list(task.labels)
    others = [name for name in order if name not in (said.signal, said.background)]
    names = [said.signal, *others, said.background]
    titles = [{"name": name, "title": task.labels[name].title, "color": task.labels[name].color} for name in names]
    directory = paths.best(analysis, arguments.task)
    return _Wanted(
        directory / "predictions.h5", "label", {name: float(order.index(name)) for name in names}, titles,
        {name: (span[0], span[1]) for name, span in said.variables.items()}, (said.score[0], said.score[1]),
        "score_", "weight", analysis.label,
        arguments.output or directory / "flavours",
    )  # fmt: skip


def _variables(wanted: _Wanted, rows: Any, network: Path | None) -> list[Any]:
    """Return the variables, and the network's discriminant where there are scores."""
    from jetloom.cli.export.dump import opened
    from jetloom.evaluation.classification.flavours import SCORE, Variable, discriminant, filled
    from jetloom.export.dumps.scores import PREFIX

    found = [Variable(name, *span, filled(_field(rows, name, wanted.path))) for name, span in wanted.variables.items()]
    scores, prefix = (rows, wanted.prefix) if network is None else (opened(network)(rows), PREFIX)
    known = scores if isinstance(scores, dict) else scores.dtype.names or ()
    names = list(wanted.classes)
    ends = [f"{prefix}{names[0]}", f"{prefix}{names[-1]}"]
    if network is not None or all(name in known for name in ends):
        signal, background = (_field(scores, name, network or wanted.path) for name in ends)
        found.append(Variable(SCORE, *wanted.score, discriminant(signal, background)))
    return found


def _field(rows: Any, name: str, path: Path) -> Any:
    from jetloom.errors import MissingObjectError, near_misses

    known = rows if isinstance(rows, dict) else rows.dtype.names or ()
    if name not in known:
        raise MissingObjectError(f"there is no field '{name}'", path=path, advice=near_misses(name, known))
    return rows[name]


def _pair(text: str, option: str) -> tuple[str, str]:
    from jetloom.errors import ConfigurationError

    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise ConfigurationError(f"'{text}' is not of the form NAME=VALUE", where=option)
    return name, value


def _number(text: str) -> float:
    from jetloom.errors import ConfigurationError

    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"'{text}' is no number", where="--classes") from None


def _range(text: str) -> tuple[float, float]:
    from jetloom.errors import ConfigurationError

    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise ConfigurationError(f"'{text}' is not of the form LOW,HIGH") from None
    if not low < high:
        raise ConfigurationError(f"'{text}' is no range: {low:g} is not below {high:g}")
    return low, high
