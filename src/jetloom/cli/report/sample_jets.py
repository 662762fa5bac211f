"""Draw jets from the best density model, and hold them against the jets it learnt."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from jetloom.cli.best_point import add_options, open_best

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_options(parser)
    parser.add_argument("--jets", type=int, help="number of jets; tasks.<name>.sampled")
    parser.add_argument("--seed", type=int, help="seed of the jets; that of the configuration")
    parser.add_argument("--output", type=Path, help="file of trees; results/<analysis>/best/<task>/sampled.h5")


def run(arguments: argparse.Namespace) -> None:
    """Draw energies and masses from the test part, let the jets grow, write them and hold them against data."""
    import numpy as np

    from jetloom import paths, provenance
    from jetloom.config.tasks.trees import Trees
    from jetloom.errors import ConfigurationError

    best = open_best(arguments, "density")
    if best.task.model != "junipr":
        raise ConfigurationError("only junipr can draw jets", where=f"tasks.{arguments.task}.model")
    from jetloom.evaluation.density.sampling.writing import precedents_of, seeds_of, write_sample
    from jetloom.report.sampling.measure import compare

    number = best.task.sampled if arguments.jets is None else arguments.jets
    if number < 1:
        raise ConfigurationError(f"cannot draw {number} jets", where="--jets", advice="give a positive number")
    seed = best.analysis.seed if arguments.seed is None else arguments.seed
    view = best.dataset.view(best.facts["fold"])
    learnt = best.task.classes or best.dataset.classes
    classes = [best.dataset.classes.index(name) for name in learnt]
    generator = np.random.default_rng(seed)
    output = arguments.output or paths.best(best.analysis, arguments.task) / "sampled.h5"
    origin = provenance.origin(
        {"seed": seed, "point": best.facts["point"], "run": best.facts["run"]}, {"dataset": best.dataset.fingerprint}
    )
    settings = Trees.model_validate((view.facts.trees or {}).get("trees", {}))
    seeds = seeds_of(view, "test", classes, number, generator)
    jets = write_sample(best.network, seeds, generator, output, settings, origin, precedents_of(view, classes))
    logger.info("drew %d jets into %s", number, output)
    results = compare(jets, best.dataset, view, learnt, output.parent)
    for name, entry in results["spectra"].items():
        if entry["chi2"] is None:
            logger.info("%s: no chi2 (%s)", name, entry["not_meaningful"])
        else:
            logger.info("%s: chi2/ndf = %.1f/%d", name, entry["chi2"], entry["ndf"])
    sizes = results["constituents"]
    logger.info(
        "constituents: %.2f drawn, %.2f in the test part, distance %.3f",
        sizes["drawn"], sizes["data"], sizes["distance"],
    )  # fmt: skip
    for name, share in (results["overruled"] or {}).items():
        logger.info("overruled, %s: %.4g", name, share)
