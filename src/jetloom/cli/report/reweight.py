"""Reweight jets of one class to another by the likelihood ratio of two density models."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jetloom.cli.comparison_options import add_ratio, find_ratio

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_ratio(parser)
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--best", type=Path, help="directory of the tasks' best points; results/<analysis>/best")
    parser.add_argument("--limit", type=float, default=50.0, help="largest factor that a weight may get")
    parser.add_argument(
        "--output", type=Path, help="where the results go; results/<analysis>/comparisons/<name>/reweighting/<ratio>"
    )


def run(arguments: argparse.Namespace) -> None:
    """Read log P of both models, weigh, measure."""
    from jetloom import paths
    from jetloom.config.load import load_analysis
    from jetloom.data.appearance import with_appearance
    from jetloom.data.dataset import Dataset
    from jetloom.report.reweighting.measure import Pair, reweight

    analysis, name = load_analysis(arguments.config), arguments.comparison
    ratio = find_ratio(analysis, arguments)
    stored = Dataset.open(arguments.dataset or paths.dataset(analysis, ratio.signal))
    stored.verify()
    dataset = with_appearance(stored, analysis, ratio.signal)
    directory = arguments.best or paths.results(analysis) / "best"
    source, target = (dataset.classes.index(learnt_class(analysis, task)) for task in (ratio.background, ratio.signal))
    (source_rows, fold), (target_rows, _) = (
        predictions(directory / task / "predictions.h5", dataset.fingerprint)
        for task in (ratio.background, ratio.signal)
    )
    output = arguments.output or paths.reweighting(analysis, name, arguments.ratio)
    results = reweight(dataset, fold, Pair(source, target, source_rows, target_rows), output, arguments.limit)
    logger.info(
        "%d jets, effectively %.0f before and %.0f after",
        results["jets"], results["effective_jets_before"], results["effective_jets_after"],
    )  # fmt: skip
    for spectrum, entry in results["spectra"].items():
        if entry["closer"] is None:
            logger.info("%s: not meaningful (%s)", spectrum, entry["not_meaningful"])
            continue
        logger.info(
            "%s: chi2/ndf %.1f/%d -> %.1f", spectrum, entry["chi2_before"], entry["ndf"], entry["chi2_after"]
        )  # fmt: skip


def learnt_class(analysis: Analysis, task: str) -> str:
    """Return the one class that a task's model learnt.

    Raises
    ------
    ConfigurationError
        If there are several.
    """
    from jetloom.errors import ConfigurationError

    classes = analysis.tasks[task].classes
    if len(classes) != 1:
        raise ConfigurationError(
            "its model learnt several classes",
            where=f"tasks.{task}.classes",
            advice="name the one class that it learns",
        )
    return classes[0]


def predictions(path: Path, fingerprint: str) -> tuple[Any, int | None]:
    """Read log P of the test part, and the fold of the model.

    Raises
    ------
    StaleError
        If they are of another dataset.
    """
    from jetloom.errors import StaleError
    from jetloom.io.hdf5.tables import TableReader

    with TableReader(path) as reader:
        if reader.attribute("dataset") != fingerprint:
            raise StaleError("is of another dataset", path=path, advice="run jetloom evaluate again")
        return reader.read("jets"), reader.attribute("fold")
