"""What verbs need of a comparison: its settings, and where its dataset and its models' predictions lie."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis
    from jetloom.config.comparisons import Comparison, Ratio
    from jetloom.data.dataset import Dataset


@dataclass(frozen=True)
class Chosen:
    """A comparison of an analysis; the dataset that its tasks share has the titles of the configuration."""

    analysis: Analysis
    name: str
    settings: Comparison
    dataset: Dataset
    predictions: dict[str, Path]
    """``predictions.h5`` of each task of the analysis."""

    def pair(self, ratio: str) -> tuple[Path, Path]:
        """Return the predictions of the models of signal and background of a ratio."""
        found = self.settings.ratios[ratio]
        return self.predictions[found.signal], self.predictions[found.background]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which comparison is meant."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--comparison", required=True, help="name of the comparison")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--best", type=Path, help="directory of the tasks' best points; results/<analysis>/best")


def open_comparison(arguments: argparse.Namespace) -> Chosen:
    """Open the comparison that the options name.

    Raises
    ------
    ConfigurationError
        If there is none of that name.
    MissingFileError, CorruptFileError
        If the dataset is not there or not whole.
    """
    from jetloom import paths
    from jetloom.config.load import load_analysis
    from jetloom.data.appearance import with_appearance
    from jetloom.data.dataset import Dataset

    analysis, name = load_analysis(arguments.config), arguments.comparison
    settings = find_comparison(analysis, name)
    owner = settings.tasks[0]
    stored = Dataset.open(arguments.dataset or paths.dataset(analysis, owner))
    directory = arguments.best or paths.results(analysis) / "best"
    predictions = {task: directory / task / "predictions.h5" for task in analysis.tasks}
    return Chosen(analysis, name, settings, with_appearance(stored, analysis, owner), predictions)


def add_ratio(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which ratio of a comparison is meant."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--comparison", required=True, help="name of the comparison")
    parser.add_argument("--ratio", required=True, help="name of one of its ratios: its background becomes its signal")


def find_ratio(analysis: Analysis, arguments: argparse.Namespace) -> Ratio:
    """Return the ratio that the options name.

    Raises
    ------
    ConfigurationError
        If there is no comparison, or no ratio, of that name.
    """
    from jetloom.errors import ConfigurationError, near_misses

    name = arguments.comparison
    ratios = find_comparison(analysis, name).ratios
    if arguments.ratio not in ratios:
        advice = near_misses(arguments.ratio, ratios)
        raise ConfigurationError(f"no ratio '{arguments.ratio}'", where=f"comparisons.{name}.ratios", advice=advice)
    return ratios[arguments.ratio]


def find_comparison(analysis: Analysis, name: str) -> Comparison:
    """Return a comparison of an analysis.

    Raises
    ------
    ConfigurationError
        If there is none of that name.
    """
    from jetloom.errors import ConfigurationError, near_misses

    if name not in analysis.comparisons:
        advice = near_misses(name, analysis.comparisons)
        raise ConfigurationError(f"no comparison '{name}'", where="comparisons", advice=advice)
    return analysis.comparisons[name]
