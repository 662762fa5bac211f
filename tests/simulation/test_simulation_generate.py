"""Events of Pythia, before any detector."""

import awkward as ak
import numpy as np

from jetloom.config.samples import Simulation
from jetloom.simulation.generate import batches


def _events(power):
    simulation = Simulation(process="dijet", pt_hat_min=30, pt_hat_power=power, detector=False)
    events = ak.concatenate(list(batches(simulation, 300, seed=5)))
    return ak.to_numpy(events.weight), ak.to_numpy(ak.mean(events.partons.pt, axis=1))


def test_more_events_of_high_momentum_have_weights_that_undo_it():
    weights, pt = _events(0)
    assert (weights == 1).all()
    powerful, high = _events(4)
    assert np.median(high) > 2 * np.median(pt)
    # The weight is a power of the momentum; that of the outgoing partons is nearly the one of the hard process.
    slope = np.polyfit(np.log(high), np.log(powerful), 1)[0]
    assert -4.5 < slope < -3.5
    weighted = np.average(high > 60, weights=powerful)
    assert abs(weighted - (pt > 60).mean()) < 0.06


def test_without_multiple_interactions_the_soft_particles_of_the_others_are_gone():
    settings = {"process": "zjet_gluon", "pt_hat_min": 400, "detector": False}
    counts, hard = [], []
    for multiple in (True, False):
        events = next(batches(Simulation(**settings, multiple_interactions=multiple), 40, seed=5))
        counts.append(ak.mean(ak.num(events.particles.px)))
        hard.append(ak.to_numpy(events.partons.pt).mean())
    assert counts[1] < 0.5 * counts[0]
    assert abs(hard[1] / hard[0] - 1) < 0.2
    assert Simulation(process="dijet").multiple_interactions
