"""Labels of hand-made events."""

import awkward as ak

from jetloom.simulation.labels import hadron_labels, parton_labels

JETS = ak.Array([[{"eta": 0.0, "phi": 3.1}, {"eta": 1.0, "phi": 0.0}], [], [{"eta": -2.0, "phi": 1.0}]])


def parton(pdg_id, pt, eta, phi):
    return {"pdg_id": pdg_id, "pt": pt, "eta": eta, "phi": phi}


def hadron(flavour, pt, eta, phi):
    return {"flavour": flavour, "pt": pt, "eta": eta, "phi": phi}


def test_anti_down_is_one_and_unmatched_is_minus_one():
    partons = ak.Array([[parton(-1, 50.0, 0.1, -3.1)], [parton(2, 50.0, 0.0, 0.0)], [parton(5, 50.0, 2.0, 1.0)]])
    assert parton_labels(JETS, partons).to_list() == [[1, -1], [], [-1]]


def test_hardest_parton_inside_wins():
    inside = [
        parton(1, 20.0, 0.0, 3.1),
        parton(21, 60.0, 0.3, 3.1),
        parton(-5, 90.0, 0.5, 3.1),
        parton(-4, 70, 1.39, 0),
    ]
    partons = ak.Array([inside, [], [parton(-6, 1.0, -2.0, 1.0)]])
    assert parton_labels(JETS, partons).to_list() == [[21, 4], [], [6]]


def test_no_partons_at_all():
    partons = ak.Array([[parton(1, 1.0, 0.0, 0.0)], [], []])[:, :0]
    assert parton_labels(JETS, partons).to_list() == [[-1, -1], [], [-1]]


def test_beauty_before_charm_before_tau():
    heavy = ak.Array(
        [
            [
                hadron(15, 90.0, 0.0, 3.1),
                hadron(4, 30.0, 0.1, 3.1),
                hadron(5, 6.0, 0.0, -3.1),
                hadron(15, 9.0, 1.0, 0.0),
            ],
            [hadron(5, 50.0, 0.0, 0.0)],
            [hadron(4, 8.0, -2.0, 1.2), hadron(15, 50.0, -2.0, 1.0)],
        ]
    )
    assert hadron_labels(JETS, heavy).to_list() == [[5, 15], [], [4]]


def test_soft_and_far_hadrons_do_not_count():
    heavy = ak.Array([[hadron(5, 4.9, 0.0, 3.1), hadron(4, 50.0, 1.31, 0.0)], [], [hadron(15, 5.1, -2.0, 1.29)]])
    assert hadron_labels(JETS, heavy).to_list() == [[0, 0], [], [15]]


def test_a_hadron_counts_for_the_nearest_jet_only():
    jets = ak.Array([[{"pt": 90.0, "eta": 0.0, "phi": 0.0}, {"pt": 20.0, "eta": 0.4, "phi": 0.0}]])
    heavy = ak.Array([[hadron(5, 20.0, 0.25, 0.0)]])
    assert hadron_labels(jets, heavy).to_list() == [[0, 5]]
