"""Plot the bins of a dataset's trees, and the spectra of their energy and mass."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument(
        "--output", type=Path, help="where binning.png, .html and seeds.png go; results/<analysis>/plots/<task>/trees"
    )


def run(arguments: argparse.Namespace) -> None:
    """Draw, and write the table."""
    from jetloom import paths
    from jetloom.config.load import find_owner, load_analysis
    from jetloom.data.appearance import with_appearance
    from jetloom.data.dataset import Dataset
    from jetloom.errors import ConfigurationError
    from jetloom.plots.dataset.binning import draw_binning, write_binning
    from jetloom.plots.dataset.spectra import draw_spectra, fill_seeds
    from jetloom.plots.style import class_styles, dataset_title

    analysis = load_analysis(arguments.config)
    task = find_owner(analysis, arguments.task)
    stored = Dataset.open(arguments.dataset or paths.dataset(analysis, arguments.task))
    dataset = with_appearance(stored, analysis, arguments.task)
    facts = dataset.description
    binning = facts["views"][0].get("binning")
    if binning is None:
        raise ConfigurationError("has no trees", path=stored.directory, advice=f"set tasks.{arguments.task}.reads")
    output = arguments.output or paths.results(analysis) / "plots" / arguments.task / "trees"
    most, title = task.binning.warn_above, dataset_title(arguments.task)
    draw_binning(output / "binning", binning, most, facts["label"], title)
    write_binning(output / "binning.html", binning, most, title)
    classes = class_styles(facts["classes"])
    draw_spectra(output / "seeds", fill_seeds(dataset), classes, 0, facts["label"], title)
    logger.info("drew the bins of %d branchings", binning["branchings"])
