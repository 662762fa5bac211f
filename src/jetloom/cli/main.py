"""``jetloom VERB``: finds the verb, runs it, and turns a failure into one line and an exit code."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from importlib import import_module

from jetloom import __version__
from jetloom.cli.inputs import keeping_inputs
from jetloom.errors import ExitCode, exit_code

ROOMS = {
    "data": {
        "samples": "list the samples with their files, what is missing, events, jets and cross-sections",
        "check_file": "hold a ROOT file against an input schema: what is missing or empty, and all ranges",
        "root": "look into ROOT files: branches, entries after a cut, sums; copy one with branches added or renamed",
        "simulate": "make a DxAOD-shaped sample with Pythia 8 and a parametric detector",
        "prepare": "run a sample's own command on a file, before the conversion",
        "ntuple": "convert a DxAOD to a ROOT ntuple of selected jets",
        "hdf5": "convert a DxAOD, or the ntuple made of it, to HDF5",
        "trees": "make the clustering trees of jets, or exchange them with JUNIPR",
        "dataset": "build a task's dataset: labels, weights, split, scaling",
    },
    "scan": {
        "train": "train one point of a scan once, from its checkpoint if there is one",
        "train_bundle": "train what a bundle of trainings still lacks, in one job; each is a process of its own",
        "collect": "collect a scan's results into scan.csv, ranked",
        "deploy": "deploy the best model as an archive: of networks, one that talos.Restore opens",
        "talos": "make a results.csv of Talos from a collected scan, or a table of jetloom's columns from one of Talos",
        "runs": "list every training of an analysis: its parameters, its metrics, what it cost and where it ran",
    },
    "report": {
        "evaluate": "evaluate the best point on the test part: predictions, and metrics with their uncertainties",
        "draw_trees": "draw the clustering trees of jets with what a density model says of each branching",
        "compare": "compare the best models of several tasks on the test part of the dataset that they share",
        "sample_jets": "draw jets from the best density model, and hold them against the jets it learnt",
        "reweight": "reweight jets of one class to another by the likelihood ratio of two density models",
        "plot_inputs": "plot inputs, cut flow, weights and split of a dataset",
        "plot_binning": "plot the bins of a dataset's trees, and the spectra of their energy and mass",
        "plot_constituents": "plot jets and what belongs to them before and after cuts, samples side by side",
        "plot_samples": "plot the spectra of all samples with their weights, and the jets that are in quarantine",
        "plot_scan": "plot a collected scan",
        "plot_comparison": "plot a comparison of models, and list its numbers, from what it left",
        "plot_sampled": "plot the jets that were drawn from the best density model beside those it learnt",
        "plot_reweighting": "plot a reweighting of jets of one class to another, and list its numbers",
        "plot_flavours": "plot variables and a network's scores by flavour: histograms, density of two, ROC curves",
        "plot_best": "plot the best point, and list its metrics, from what its evaluation left",
    },
    "displaced": {
        "import_tagger": "put weights of the old tagger of displaced jets, of Keras 2, into a network of Keras 3",
        "plot_epochs": "plot the outputs of a tagger of displaced jets in some epochs, or in its best one",
    },
    "export": {
        "export": "export the best network of a task, or any of Keras, for ONNX Runtime, lwtnn, frugally-deep",
        "lwtnn": "look into a file of lwtnn: count weights, print it, make inputs, time it, turn it into a graph",
        "dump": "write a few fields of jets to plain HDF5, in one step from a DxAOD, with scores on demand",
        "validate_scores": "hold the scores that are stored in a file against those of a network, and fail where not",
        "grid": "fetch a data set or submit to the grid with a command of the site; printed, unless it is to run",
    },
    "compression": {
        "jet_variables": "take variables of jets from a DxAOD as they are, by the name of a set, to HDF5",
        "compress": "compress variables of a ROOT, HDF5 or NumPy file, none further off than its bound allows",
        "decompress": "write again what was compressed: the same names, types and lists, each value within its bound",
        "compare_compression": "hold decompressed files against their originals, and the codec against others",
        "plot_compression": "plot a compression, and list its numbers, from what its comparison left",
        "info": "say what is in a compressed file: variables with types, bounds and sizes, and what was left out",
    },
    "models": {
        "apply": "apply a trained model to files: all columns plus its outputs, to ROOT or HDF5",
        "archive": "list deployed models, copy or rename one with its content",
    },
    "site": {
        "check": "check a configuration and say what it would do",
        "resume": "go on after anything: driver killed, machine rebooted, jobs cancelled",
        "submit": "let the driver be a job of the batch system itself, until the analysis is done",
        "doctor": "look at a site before the first submission, and say what is wrong and which line mends it",
        "status": "say what is done, running, failed and waiting, per sample and per point",
        "summary": "print a finished analysis' best points and where its time went",
        "reference": "write the reference pages that are generated from the code",
    },
}
"""The verbs by the room of their module, each with its line of help; a module is imported only when its verb runs."""

VERBS = {verb: line for verbs in ROOMS.values() for verb, line in verbs.items()}
"""Verb -> its line of help, in the order of the help."""


def main(arguments: list[str] | None = None) -> int:
    """Run a verb.

    Parameters
    ----------
    arguments : list of str, optional
        The command line; that of the process if not given.

    Returns
    -------
    int
        The exit code, see :class:`jetloom.errors.ExitCode`.
    """
    given = sys.argv[1:] if arguments is None else arguments
    parser = _parser(given)
    options = parser.parse_args(given)
    level = (
        logging.DEBUG
        if options.verbose > 1
        else logging.INFO
        if options.verbose or not options.quiet
        else logging.WARNING
    )
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr, force=True)
    for noisy in ("matplotlib", "h5py", "numba", "jax", "fontTools", "absl"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # A scheduler's SIGTERM ends a verb like any error does: what it wrote beside final names is cleaned away.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))

    def work() -> None:
        with keeping_inputs(options):
            options.run(options)

    try:
        return exit_code(options.verb, work, traceback=options.verbose > 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(ExitCode.DONE)


def module_of(verb: str) -> str:
    """Return the name of the module of a verb."""
    room = next(room for room, verbs in ROOMS.items() if verb in verbs)
    return f"jetloom.cli.{room}.{verb}"


def _parser(given: list[str]) -> argparse.ArgumentParser:
    """Make the parser, with the options of the one verb that the command line names."""
    parser = argparse.ArgumentParser(prog="jetloom", description=(__import__("jetloom").__doc__ or "").strip())
    parser.add_argument("--version", action="version", version=f"jetloom {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-v", "--verbose", action="count", default=0, help="say more; twice: debugging output")
    common.add_argument("-q", "--quiet", action="store_true", help="say nothing but warnings and errors")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    named = next((word for word in given if word in VERBS), None)
    for verb, help_line in VERBS.items():
        child = verbs.add_parser(verb, help=help_line, description=help_line, parents=[common])
        if verb == named:
            module = import_module(module_of(verb))
            module.configure(child)
            child.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
