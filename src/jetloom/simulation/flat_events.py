"""Flat trees of events with two leptons: what analyses read after their own selection, one row an event.

Partons of Pythia 8 without hadronisation and multiple interactions, a smearing of leptons, jets and missing momentum
that differs by era, and weights of both signs as generators of higher order give: some milliseconds an event, nothing
tuned, rates about right. The histogram ``cutflow/sumw`` holds the sum of weights of all generated events.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import ConfigurationError, CorruptFileError
from jetloom.io.atomic import publishing
from jetloom.provenance import origin
from jetloom.simulation.chunks import chunk_of, random_streams
from jetloom.simulation.geometry import delta_r, polar, wrap
from jetloom.simulation.jets import cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jetloom.config.samples import Simulation

LOG = logging.getLogger(__name__)
TREE, SUMS, PROVENANCE = "Events", "cutflow/sumw", "jetloom"
BATCH = 500

_LEPTONIC = ("24:onMode = off", "24:onIfAny = 11 13")
PROCESSES: dict[str, tuple[str, ...]] = {
    "hh_bbww": (
        "Higgs:useBSM = on", "HiggsBSM:gg2H2 = on", "35:mWidth = 1.", "35:onMode = off", "35:onIfMatch = 25 25",
        # W decay to leptons alone, which Pythia counts in: so half of the pairs are bbWW.
        "25:oneChannel = 1 0.045 100 5 -5", "25:addChannel = 1 0.955 100 24 -24", *_LEPTONIC,
    ),
    "tt_dilepton": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", *_LEPTONIC),
    "dy_dilepton": (
        "WeakBosonAndParton:qg2gmZq = on", "WeakBosonAndParton:qqbar2gmZg = on", "PhaseSpace:pTHatMin = 40.",
        "23:onMode = off", "23:onIfAny = 11 13", "23:mMin = 50.",
    ),
    "single_top": ("Top:qq2tq(t:W) = on", *_LEPTONIC),
}  # fmt: skip
"""Process -> Pythia's settings. Of single top (t channel) a jet is taken for the second lepton."""

FAKES = ("single_top",)
NEGATIVE = {"tt_dilepton": 0.1, "single_top": 0.05}
"""Shares of events of negative weight."""
LEPTON_PT, JET_PT, REACH = 10.0, 20.0, 2.5
TAGGED, MISTAGGED = 0.75, 0.02
FIRST_ERA, MET_RESOLUTION = 2017, 12.0
"""GeV; half more in each later era, for its pile-up."""

Floats = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[Any]]


def simulate_events(simulation: Simulation, seed: int, index: int, output: str | Path) -> int:
    """Make one chunk of a sample, and return how many events it holds: those with two leptons.

    Parameters
    ----------
    simulation : Simulation
        Process, mass of the resonance, era, number of generated events and of chunks.
    seed : int
        Seed of the analysis. Equal seed and chunk give equal content.
    index : int
        Which chunk, from 0.
    output : path-like
        Where the file is published.
    """
    chunk, start = chunk_of(simulation, index), time.monotonic()
    key = [simulation.era, round(simulation.mass or 0)]
    pythia_seed, rng = random_streams(seed, simulation.process, index, key)
    settings = {**simulation.model_dump(mode="json"), "seed": seed, "chunk": index}
    done, kept, sums = 0, 0, 0.0
    with publishing(output, check=lambda path: _check(path, kept)) as part, _created(part) as file:
        file[PROVENANCE] = json.dumps(origin(settings, {}), sort_keys=True)
        tree: Any = None
        for events in _batches(simulation, chunk.events, pythia_seed):
            weights = np.where(rng.random(len(events)) < NEGATIVE.get(simulation.process, 0.0), -1.0, 1.0)
            numbers = chunk.first_event + done + np.arange(len(events), dtype=np.uint64)
            columns, passed = _seen(events, simulation, rng)
            rows: Columns = {"event": numbers[passed], "weight": weights[passed].astype(np.float32)}
            block: Columns = {**rows, **{name: column[passed] for name, column in columns.items()}}
            tree = tree or file.mktree(TREE, {name: column.dtype for name, column in block.items()})
            tree.extend(block)
            done, kept, sums = done + len(events), kept + int(passed.sum()), sums + float(weights.sum())
        file[SUMS] = np.histogram([0.5], bins=[0.0, 1.0], weights=[sums])
    LOG.info("%s: %d of %d events have two leptons, %.1f s", output, kept, done, time.monotonic() - start)
    return kept


def _created(path: Path) -> Any:
    import uproot

    return uproot.recreate(Path(path).absolute(), compression=uproot.ZSTD(5))


def _check(path: Path, events: int) -> None:
    import uproot

    with uproot.open(path.absolute()) as file:
        found = file[TREE].num_entries
    if found != events:
        raise CorruptFileError(f"has {found} events, not {events}", path=path, where=TREE)


def _batches(simulation: Simulation, events: int, seed: int) -> Iterator[Any]:
    """Generate events; each record has Pythia's particles."""
    import pythia8mc

    pythia, mass = pythia8mc.Pythia("", False), simulation.mass
    settings = (
        "Print:quiet = on", f"Beams:eCM = {simulation.energy!r}", "PartonLevel:MPI = off", "HadronLevel:all = off",
        "Random:setSeed = on", f"Random:seed = {seed}", *PROCESSES[simulation.process],
        *(() if mass is None else (f"35:m0 = {mass!r}",)),
    )  # fmt: skip
    for setting in settings:
        if not pythia.readString(setting):
            raise ConfigurationError(f"Pythia refuses the setting '{setting}'")
    if not pythia.init():
        raise ConfigurationError(f"Pythia cannot start {simulation.process} with a mass of {mass} GeV")
    done = 0
    while done < events:
        batch = pythia.nextBatch(min(BATCH, events - done))
        if not len(batch):
            raise ConfigurationError(f"Pythia gave no events of {simulation.process}")
        done += len(batch)
        yield batch.prt


def _seen(record: Any, simulation: Simulation, rng: np.random.Generator) -> tuple[Columns, npt.NDArray[np.bool_]]:
    """Return the branches of a batch of events, in MeV as ATLAS has them, and which have exactly two leptons."""
    import awkward as ak

    pt, eta, phi = polar(record.p["px"], record.p["py"], record.p["pz"])
    kind, final = abs(record.id), record.status > 0
    everything = ak.zip({"pt": pt, "eta": eta, "phi": phi, "kind": kind, "sign": np.sign(record.id)})
    m = ak.zeros_like(pt)
    partons = ak.zip({"pt": pt, "eta": eta, "phi": phi, "m": m})[final & ((kind <= 5) | (kind == 21)) & (pt > 0.1)]
    jets = _smeared(cluster(partons[abs(partons.eta) < 4.5]), 0.08, rng)
    bottoms = everything[final & (kind == 5) & (pt > 5)]
    jets = jets[(jets.pt > JET_PT) & (abs(jets.eta) < REACH)]
    near = ak.any(delta_r(*ak.unzip(ak.cartesian([jets, bottoms], nested=True))) < 0.4, axis=2)
    leptons = _smeared(everything[final & ((kind == 11) | (kind == 13))], 0.015, rng)
    leptons = leptons[(leptons.pt > LEPTON_PT) & (abs(leptons.eta) < REACH)]
    if simulation.process in FAKES:
        wrong = jets[:, 1:2]
        taken = ak.zip({"pt": wrong.pt, "eta": wrong.eta, "phi": wrong.phi, "kind": ak.full_like(wrong.pt, 11)})
        taken = ak.with_field(taken, ak.full_like(wrong.pt, 1.0), "sign")
        leptons = ak.concatenate([leptons, taken], axis=1)
        chosen = ak.local_index(jets.pt) != 1
        jets, near = jets[chosen], near[chosen]
    leptons = leptons[ak.argsort(leptons.pt, axis=1, ascending=False, stable=True)]
    number = ak.num(jets.pt)
    draw = ak.unflatten(rng.random(int(ak.sum(number))), number)
    tagged = draw < ak.where(near, TAGGED, MISTAGGED)
    order = ak.argsort(ak.where(tagged, 1e6, 0.0) + jets.pt, axis=1, ascending=False, stable=True)
    columns = _columns(leptons, jets[order], simulation.era)
    columns |= _missing(everything[final & ((kind == 12) | (kind == 14) | (kind == 16))], rng, simulation)
    columns["n_jets"] = ak.to_numpy(number).astype(np.int32)
    columns["n_bjets"] = ak.to_numpy(ak.sum(tagged, axis=1)).astype(np.int32)
    return columns, ak.to_numpy(ak.num(leptons.pt)) == 2


def _smeared(found: Any, resolution: float, rng: np.random.Generator) -> Any:
    import awkward as ak

    number = ak.num(found.pt)
    factor = np.clip(1 + resolution * rng.normal(size=int(ak.sum(number))), 0.3, 2.0)
    return ak.with_field(found, found.pt * ak.unflatten(factor, number), "pt")


def _columns(leptons: Any, jets: Any, era: int) -> Columns:
    """Return the two hardest leptons, and the two jets most like b-jets, by branch: ``lep1.Pt()`` in MeV, ...."""
    import awkward as ak

    found: Columns = {"era": np.full(len(jets), era, np.int32)}
    for name, objects in (("lep", leptons), ("jet", jets)):
        for place in (0, 1):
            one = ak.firsts(objects[:, place : place + 1])
            for field, branch, scale in (("pt", "Pt()", 1000.0), ("eta", "Eta()", 1.0), ("phi", "Phi()", 1.0)):
                values = ak.to_numpy(ak.fill_none(one[field], np.nan))
                found[f"{name}{place + 1}.{branch}"] = (scale * values).astype(np.float32)
    flavour = ak.fill_none(ak.pad_none(leptons.kind, 2, clip=True), 0)
    found["is_emu"] = ak.to_numpy(flavour[:, 0] != flavour[:, 1]).astype(np.int32)
    return found


def _missing(neutrinos: Any, rng: np.random.Generator, simulation: Simulation) -> Columns:
    import awkward as ak

    spread = MET_RESOLUTION * (1.5 if simulation.era > FIRST_ERA else 1.0)
    parts = [
        ak.to_numpy(ak.sum(neutrinos.pt * function(neutrinos.phi), axis=1)) + spread * rng.normal(size=len(neutrinos))
        for function in (np.cos, np.sin)
    ]
    met, phi = np.hypot(*parts), wrap(np.arctan2(parts[1], parts[0]))
    return {"met": (1000.0 * met).astype(np.float32), "met-phi": phi.astype(np.float32)}
