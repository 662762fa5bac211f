"""Plot the spectra of all samples with their weights, and the jets that are in quarantine."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument(
        "--variable", metavar="NAME", help="variable that slices are made in (pt of jets; of events the first in GeV)"
    )
    parser.add_argument(
        "--output", type=Path, help="where spectra/ and quarantine/ go; results/<analysis>/diagnostics/samples"
    )


def run(arguments: argparse.Namespace) -> None:
    """Fill the spectra, look at the quarantine, draw."""
    from jetloom import paths
    from jetloom.config.load import load_analysis
    from jetloom.data.appearance import sample_titles
    from jetloom.plots.samples.quarantine import Quarantined, draw_quarantine, write_quarantine
    from jetloom.plots.samples.slices import draw_slices, sliced_in, spectra
    from jetloom.plots.style import headline, sample_styles

    analysis = load_analysis(arguments.config)
    output = arguments.output or paths.diagnostics(analysis) / "samples"
    styles = sample_styles(sample_titles(analysis))
    variable, axis = sliced_in(analysis, arguments.variable)
    found = spectra(analysis, variable)
    head = headline(analysis.label, "all samples, after cuts")
    draw_slices(output / "spectra", axis, [styles[name] for name in found], list(found.values()), head)
    logger.info("drew the spectra of %d samples", len(found))
    trees = paths.all_tree_files(analysis)
    quarantined = {styles[name].title: Quarantined(files) for name, files in trees.items()}
    head = headline(analysis.label, "jets that are not the trees they should be")
    draw_quarantine(output / "quarantine", [styles[name] for name in trees], list(quarantined.values()), head)
    write_quarantine(output / "quarantine.html", quarantined)
    logger.info("%d jets are in the quarantine", sum(len(each.rows) for each in quarantined.values()))
