"""Draw the clustering trees of jets with what a density model says of each branching."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from jetloom.cli.best_point import add_options, open_best

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_options(parser)
    parser.add_argument("--part", choices=["train", "validation", "test"], default="test", help="part of the dataset")
    parser.add_argument("--rows", type=int, nargs="+", metavar="ROW", help="rows of the part")
    parser.add_argument("--run", dest="run_number", type=int, help="run number, with --event")
    parser.add_argument("--event", type=int, help="all jets of this event of the part")
    parser.add_argument("--jets", type=int, default=6, help="number of jets drawn by lot, if none is named")
    parser.add_argument("--seed", type=int, help="seed of the lots; that of the configuration")
    parser.add_argument("--output", type=Path, required=True, help="directory of the drawings")


def run(arguments: argparse.Namespace) -> None:
    """Choose the jets, compute log P, draw."""
    import numpy as np

    from jetloom.errors import ConfigurationError
    from jetloom.evaluation.density.log_p import LogProbabilities
    from jetloom.inference import chosen
    from jetloom.io.atomic import make_directory
    from jetloom.plots.density.jet_trees import draw_jets, learnt_note
    from jetloom.plots.density.trees import surprise

    if (arguments.run_number is None) != (arguments.event is None):
        raise ConfigurationError("an event is named by both --run and --event", where="command line")
    best = open_best(arguments, "density")
    view, part = best.dataset.view(best.facts["fold"]), arguments.part
    if arguments.rows:
        rows = np.array(arguments.rows, dtype=np.int64)
    elif arguments.event is not None:
        rows = chosen.rows_of_event(view, part, arguments.run_number, arguments.event)
    else:
        seed = best.analysis.seed if arguments.seed is None else arguments.seed
        rows = chosen.draw_lots(np.arange(view.rows(part)), arguments.jets, np.random.default_rng(seed))
    learnt = best.task.classes or best.dataset.classes
    note = learnt_note(best.dataset.description, learnt, part)
    directory = make_directory(arguments.output)
    if not len(rows):
        return
    jets = chosen.read_rows(view, part, rows)
    steps = LogProbabilities(best.network, best.model, view.facts)(jets)
    values = [surprise(steps.of(place)) for place in range(len(rows))]
    for row, total in draw_jets(directory, jets, values, rows, best.dataset.description, note).items():
        logger.info("row %d: -log P = %.2f", row, total)
