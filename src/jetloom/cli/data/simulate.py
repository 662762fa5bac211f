"""Make a DxAOD-shaped sample with Pythia 8 and a parametric detector.

The sample is named in a configuration (``--config C --sample NAME``) or described on the spot (``--process dijet``).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from jetloom.errors import ConfigurationError, near_misses

if TYPE_CHECKING:
    import argparse
    from collections import Counter

    from jetloom.config.samples import Simulation

_LOG = logging.getLogger(__name__)

# The options that describe a sample when there is no configuration, and the keys of the configuration they stand for.
_KEYS = (
    "process",
    "mass",
    "era",
    "events",
    "chunks",
    "format",
    "pt_hat_min",
    "pt_hat_max",
    "pt_hat_power",
    "energy",
    "detector",
    "displaced",
    "mass_heavy",
    "mass_scalar",
    "lifetime",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    named = parser.add_argument_group("a sample of a configuration")
    named.add_argument("--config", type=Path, metavar="FILE", help="configuration of the analysis")
    named.add_argument("--sample", metavar="NAME", help="a sample of it that has 'simulate'")
    described = parser.add_argument_group("a sample without a configuration")
    described.add_argument("--process", metavar="NAME", help="the hard process, as samples.<name>.simulate.process")
    described.add_argument("--mass", type=float, metavar="GEV", help="of the resonance of hh_bbww")
    described.add_argument("--era", type=int, metavar="N", help="of flat trees of events (default: 2017)")
    described.add_argument("--events", type=int, metavar="N", help="events over all chunks (default: 4000)")
    described.add_argument("--chunks", type=int, metavar="N", help="number of files of the sample (default: 1)")
    described.add_argument("--format", choices=("ttree", "rntuple"), help="how it is stored (default: ttree)")
    described.add_argument("--pt-hat-min", type=float, metavar="GEV", help="lowest pT of the process (default: 100)")
    described.add_argument("--pt-hat-max", type=float, metavar="GEV", help="highest pT of the process (default: none)")
    described.add_argument(
        "--pt-hat-power", type=float, metavar="N", help="events in proportion to pT^N, with weights (default: 0)"
    )
    described.add_argument("--energy", type=float, metavar="GEV", help="of the collision (default: 13000)")
    described.add_argument(
        "--no-detector", dest="detector", action="store_false", default=None, help="jets of true particles"
    )
    described.add_argument(
        "--displaced", action="store_true", default=None, help="an ntuple of displaced jets (schema divert)"
    )
    described.add_argument("--mass-heavy", type=float, metavar="GEV", help="of hidden_sector (default: 600)")
    described.add_argument("--mass-scalar", type=float, metavar="GEV", help="of the long-lived one (default: 150)")
    described.add_argument("--lifetime", type=float, metavar="MM", help="c tau of the long-lived one (default: 1500)")
    described.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default: 1)")
    parser.add_argument("--chunk", type=int, default=0, metavar="K", help="which file to make, from 0 (default: 0)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the ROOT file to make")


def run(arguments: argparse.Namespace) -> None:
    """Make the file and say what is in it."""
    from jetloom.simulation.sample import simulate

    simulation, seed = _from_config(arguments) if arguments.config else _from_options(arguments)
    if simulation.is_flat:
        from jetloom.simulation.flat_events import simulate_events

        simulate_events(simulation, seed, arguments.chunk, arguments.output)
        return
    if simulation.makes_displaced:
        from jetloom.simulation.displaced.sample import simulate as simulate_displaced

        events, jets, seconds = simulate_displaced(simulation, seed, arguments.chunk, arguments.output)
        _LOG.info("%s: %d events, %d jets in %.1f s (%.0f events/s)",
                  arguments.output, events, jets, seconds, events / seconds)  # fmt: skip
        return
    summary = simulate(simulation, seed, arguments.chunk, arguments.output)
    _LOG.info(
        "%s: %d events, %d jets in %.1f s (%.0f events/s)",
        arguments.output,
        summary.events,
        summary.jets,
        summary.seconds,
        summary.events / summary.seconds,
    )
    _LOG.info("jets by PartonTruthLabelID: %s", _listed(summary.partons))
    _LOG.info("jets by HadronConeExclTruthLabelID: %s", _listed(summary.hadrons))


def _from_config(arguments: argparse.Namespace) -> tuple[Simulation, int]:
    from jetloom.config.load import load_analysis

    given = [key for key in (*_KEYS, "seed") if getattr(arguments, key) is not None]
    if given:
        raise ConfigurationError(f"--{given[0].replace('_', '-')} does not go together with --config")
    if arguments.sample is None:
        raise ConfigurationError("--config needs --sample")
    analysis = load_analysis(arguments.config)
    where = f"samples.{arguments.sample}"
    sample = analysis.samples.get(arguments.sample)
    if sample is None:
        advice = near_misses(arguments.sample, analysis.samples)
        raise ConfigurationError("there is no such sample", path=arguments.config, where=where, advice=advice)
    if sample.simulate is None:
        raise ConfigurationError("is read from files, not simulated", path=arguments.config, where=where)
    return sample.simulate, analysis.seed


def _from_options(arguments: argparse.Namespace) -> tuple[Simulation, int]:
    from jetloom.config.load import checked
    from jetloom.config.samples import Simulation

    if arguments.sample is not None:
        raise ConfigurationError("--sample needs --config")
    if arguments.process is None:
        raise ConfigurationError("give --config and --sample, or --process")
    seed = 1 if arguments.seed is None else arguments.seed
    if seed < 0:
        raise ConfigurationError("--seed must not be negative")
    given = {key: getattr(arguments, key) for key in _KEYS if getattr(arguments, key) is not None}
    return checked(Simulation, given, None), seed


def _listed(counts: Counter[int]) -> str:
    return ", ".join(f"{label}: {count}" for label, count in sorted(counts.items()))
