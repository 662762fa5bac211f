"""Events of Pythia 8: proton on proton, cut down to what the detector and the labels need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.errors import ConfigurationError, JetloomError
from jetloom.simulation.geometry import polar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jetloom.config.samples import Simulation

# The Z without its interference with the photon, and all its decays to neutrinos.
_INVISIBLE_Z = ("WeakZ0:gmZmode = 2", "23:onMode = off", "23:onIfAny = 12 14 16")
PROCESSES: dict[str, tuple[str, ...]] = {
    "dijet": ("HardQCD:all = on",),
    "ttbar": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on"),
    "zjet_quark": ("WeakBosonAndParton:qg2gmZq = on", *_INVISIBLE_Z),
    "zjet_gluon": ("WeakBosonAndParton:qqbar2gmZg = on", *_INVISIBLE_Z),
    "hidden_sector": ("Higgs:useBSM = on", "HiggsBSM:gg2H2 = on"),
}

# A whole event record takes some 170 kB, so a batch is small enough for memory to stay flat, and large enough for
# the baskets of the file to read fast: what is generated together is written together.
# The detector's random numbers are drawn a batch at a time, so another size gives other events.
BATCH = 500

_NEUTRINOS = (12, 14, 16)
_PARTONS = (1, 2, 3, 4, 5, 6, 21)
_OUTGOING = 23  # Pythia's status of what leaves the hardest subprocess, decays of top and W included
_TAU = 15
# Ground states that decay weakly; numbering of the Review of Particle Physics, "Monte Carlo Particle Numbering Scheme".
_BEAUTY = (511, 521, 531, 541, 5122, 5132, 5232, 5332, 5142, 5242, 5342, 5412, 5422, 5432, 5442, 5512, 5522, 5532, 5542)
_CHARM = (411, 421, 431, 4122, 4132, 4232, 4332, 4412, 4422, 4432)


def batches(
    simulation: Simulation,
    events: int,
    seed: int,
    size: int = BATCH,
    *,
    condense: Callable[[Any, Any], Any] | None = None,
) -> Iterator[Any]:
    """Generate events, a batch at a time.

    Parameters
    ----------
    simulation : Simulation
        The process, the energy of the collision, whether it has multiple interactions, and the range of the transverse
        momentum of the hard process, which holds for ttbar as well.
    events : int
        How many events, in total.
    seed : int
        Pythia's seed, 1 to 900,000,000.
    size : int
        Events a batch.
    condense : callable, optional
        Makes, of a batch of Pythia's events and of its data of particles, what is yielded; by default that below.

    Yields
    ------
    awkward.Array
        One record an event: ``weight``; ``particles`` (all visible final-state particles), each with ``pdg_id``,
        ``charge`` (in e), ``px``, ``py``, ``pz``, ``e`` (GeV), and its production vertex ``x``, ``y``, ``z`` (mm,
        relative to the collision); ``partons`` (of the hard process) with ``pdg_id``, ``pt``, ``eta``, ``phi``; and
        ``heavy`` (weakly decaying b and c hadrons, and taus) with ``flavour`` (5, 4, 15), ``pt``, ``eta``, ``phi``.

    Raises
    ------
    ConfigurationError
        If Pythia cannot start with these settings.
    JetloomError
        If it gives no events.
    """
    pythia = _start(simulation, seed)
    done = 0
    while done < events:
        # Pythia leaves out the rare event that it cannot finish, so a batch can come back short.
        batch = pythia.nextBatch(min(size, events - done))
        if len(batch) == 0:
            raise JetloomError("Pythia gave no events")
        done += len(batch)
        yield (condense or _condensed)(batch, pythia.particleData)


def _start(simulation: Simulation, seed: int) -> Any:
    import pythia8mc

    pythia = pythia8mc.Pythia("", False)
    settings: tuple[str, ...] = (
        "Print:quiet = on",
        f"Beams:eCM = {simulation.energy!r}",
        "Random:setSeed = on",
        f"Random:seed = {seed}",
        *PROCESSES[simulation.process],
    )
    if simulation.process != "hidden_sector":
        settings += (f"PhaseSpace:pTHatMin = {simulation.pt_hat_min!r}",)
    if simulation.process == "hidden_sector":
        settings += _hidden_sector(simulation)
    if simulation.pt_hat_max is not None:
        settings += (f"PhaseSpace:pTHatMax = {simulation.pt_hat_max!r}",)
    if simulation.pt_hat_power > 0:
        settings += ("PhaseSpace:bias2Selection = on", f"PhaseSpace:bias2SelectionPow = {simulation.pt_hat_power!r}")
    if not simulation.multiple_interactions:
        settings += ("PartonLevel:MPI = off",)
    if simulation.detector and not simulation.makes_displaced:
        # Particles with c tau > 10 mm (K-short, Lambda, ...) meet the detector before they decay, as in ATLAS.
        settings += ("ParticleDecays:limitTau0 = on", "ParticleDecays:tau0Max = 10.")
    for setting in settings:
        if not pythia.readString(setting):
            raise ConfigurationError(f"Pythia refuses the setting '{setting}'")
    if not pythia.init():
        most = f"{simulation.energy / 2:g} GeV is the most that {simulation.energy / 1000:g} TeV allow"
        reach = f"pt_hat_min is {simulation.pt_hat_min:g} GeV, and {most}"
        raise ConfigurationError(f"Pythia cannot start {simulation.process}", advice=reach)
    return pythia


def _hidden_sector(simulation: Simulation) -> tuple[str, ...]:
    """Return what makes a heavy scalar decay to two long-lived ones, and these to what Pythia has for their mass."""
    return (
        f"35:m0 = {simulation.mass_heavy!r}",
        "35:addChannel = 1 1.0 100 36 36",
        "35:onMode = off",
        "35:onIfMatch = 36 36",
        f"36:m0 = {simulation.mass_scalar!r}",
        "36:tauCalc = off",  # otherwise its lifetime follows from its width
        f"36:tau0 = {simulation.lifetime!r}",
        "36:mayDecay = on",
        "36:onMode = off",
        "36:onIfAny = 5",
    )


def _condensed(batch: Any, particle_data: Any) -> Any:
    import awkward as ak

    record, identity = batch.prt, abs(batch.prt.id)
    visible = (record.status > 0) & ~_among(identity, _NEUTRINOS)
    partons = (abs(record.status) == _OUTGOING) & _among(identity, _PARTONS)
    flavour = ak.zeros_like(identity)
    for number, species in ((5, _BEAUTY), (4, _CHARM), (15, (_TAU,))):
        flavour = ak.where(_among(identity, species), number, flavour)
    return ak.zip(
        {
            "weight": batch.info.weights[:, 0],
            "particles": _particles(record[visible], particle_data),
            "partons": _directions(record[partons], pdg_id=record.id[partons]),
            "heavy": _directions(record[flavour > 0], flavour=flavour[flavour > 0]),
        },
        depth_limit=1,
    )


def _among(identities: Any, kinds: tuple[int, ...]) -> Any:
    """Say of each particle whether it is one of some kinds (numpy.isin does not know jagged arrays)."""
    import awkward as ak

    return ak.unflatten(np.isin(ak.to_numpy(ak.flatten(identities)), kinds), ak.num(identities))


def _particles(record: Any, particle_data: Any) -> Any:
    import awkward as ak

    species, position = np.unique(ak.to_numpy(ak.flatten(record.id)), return_inverse=True)
    charges = np.array([particle_data.chargeType(int(one)) for one in species]) / 3
    momentum = {name: record.p[name] for name in ("px", "py", "pz", "e")}
    # No vertex is stored for what is made at the collision itself.
    vertex = {name: ak.fill_none(record.vProd[source], 0.0) for name, source in (("x", "px"), ("y", "py"), ("z", "pz"))}
    charge = ak.unflatten(charges[position], ak.num(record.id))
    return ak.zip({"pdg_id": record.id, "charge": charge, **momentum, **vertex})


def _directions(record: Any, **fields: Any) -> Any:
    import awkward as ak

    pt, eta, phi = polar(record.p["px"], record.p["py"], record.p["pz"])
    return ak.zip({**fields, "pt": pt, "eta": eta, "phi": phi})
