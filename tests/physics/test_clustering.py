"""Every merge against FastJet, and what any tree must be."""

import fastjet
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden_jets import DAUGHTERS, MOMENTA, OFFSETS
from jetloom.physics.clustering import cluster, pieces
from jetloom.physics.history import merge_offsets, whole
from jetloom.physics.kinematics import four_momenta

JETS = 400


def toy_jets(jets, seed, radius=0.4, mean=20):
    """Momenta and offsets of jets with an angular structure, those at phi = pi included."""
    rng = np.random.default_rng(seed)
    counts = np.maximum(rng.poisson(mean, jets), 1)
    total = counts.sum()
    axis_eta, axis_phi = (np.repeat(values, counts) for values in (rng.normal(0, 1.5, jets), rng.uniform(-4, 4, jets)))
    distance, angle = radius * rng.random(total) ** 2, rng.uniform(-np.pi, np.pi, total)
    pt, mass = 0.3 + rng.exponential(4, total), rng.choice([0.0, 0.13957], total)
    phi = np.remainder(axis_phi + distance * np.sin(angle) + np.pi, 2 * np.pi) - np.pi
    momenta = four_momenta(pt, axis_eta + distance * np.cos(angle), phi, mass)
    return momenta, np.concatenate([[0], np.cumsum(counts)])


def fastjet_merges(constituents, exponent, radius=7.0):
    """All merges of one tree, in the order of FastJet's history, by the indices in it."""
    definition = fastjet.JetDefinition(fastjet.genkt_algorithm, radius, float(exponent))
    sequence = fastjet.ClusterSequence([fastjet.PseudoJet(*row) for row in constituents.tolist()], definition)
    merges, waiting = {}, list(sequence.exclusive_jets(1))
    while waiting:
        jet, one, other = waiting.pop(), fastjet.PseudoJet(), fastjet.PseudoJet()
        if sequence.has_parents(jet, one, other):
            merges[jet.cluster_hist_index()] = sorted([one.cluster_hist_index(), other.cluster_hist_index()])
            waiting += [one, other]
    return [merges[index] for index in sorted(merges)]


@pytest.mark.parametrize("exponent", [0, -1, 1, 0.5, -0.3])
def test_every_merge_is_that_of_fastjet(exponent):
    momenta, offsets = toy_jets(JETS, 3)
    history = cluster(momenta, offsets, exponent)
    for jet in range(JETS):
        ours = history.parents[history.offsets[jet] : history.offsets[jet + 1]].tolist()
        assert ours == fastjet_merges(momenta[offsets[jet] : offsets[jet + 1]], exponent), jet


@pytest.mark.parametrize("exponent", [0, -1, 1])
def test_golden_merges(exponent):
    history = cluster(MOMENTA, OFFSETS, exponent)
    for jet in (0, 1):
        merges = history.parents[history.offsets[jet] : history.offsets[jet + 1]].tolist()
        assert merges == [sorted(pair) for pair in reversed(DAUGHTERS[jet][exponent])]


@pytest.mark.parametrize("exponent", [0, -1, 1])
def test_pieces_are_the_inclusive_jets_of_fastjet(exponent):
    momenta, offsets = toy_jets(JETS, 4, radius=0.6)
    found = pieces(momenta, offsets, exponent, 0.5)
    definition = fastjet.JetDefinition(fastjet.genkt_algorithm, 0.5, float(exponent))
    apart = 0
    for jet in range(JETS):
        constituents = [fastjet.PseudoJet(*row) for row in momenta[offsets[jet] : offsets[jet + 1]].tolist()]
        for index, constituent in enumerate(constituents):
            constituent.set_user_index(index)
        sequence = fastjet.ClusterSequence(constituents, definition)
        theirs = {frozenset(c.user_index() for c in piece.constituents()) for piece in sequence.inclusive_jets()}
        piece = found[offsets[jet] : offsets[jet + 1]]
        assert {frozenset(np.flatnonzero(piece == number).tolist()) for number in set(piece.tolist())} == theirs
        apart += len(theirs) > 1
    assert apart > 20


def test_a_piece_alone_merges_as_within_the_limit():
    momenta, offsets = toy_jets(50, 5, radius=0.6)
    piece = pieces(momenta, offsets, 0, 0.4)
    again = pieces(
        momenta[piece == 0], np.concatenate([[0], np.cumsum(np.add.reduceat(piece == 0, offsets[:-1]))]), 0, 0.4
    )
    assert (again == 0).all()


MOMENTUM = st.tuples(st.floats(0.01, 1e3), st.floats(-4, 4), st.floats(-np.pi, np.pi), st.floats(0, 10))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(MOMENTUM, min_size=1, max_size=12), min_size=1, max_size=4),
    st.sampled_from([0, -1, 1, 2.5, -0.7]),
)
def test_any_jet_becomes_one_tree(jets, exponent):
    counts = [len(jet) for jet in jets]
    momenta = four_momenta(*np.array([row for jet in jets for row in jet]).T)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    history = cluster(momenta, offsets, exponent)
    assert whole(history.parents, history.offsets).all()
    for jet, count in enumerate(counts):
        first, last = history.offsets[jet], history.offsets[jet + 1]
        assert last - first == count - 1
        assert sorted(history.parents[first:last].ravel().tolist()) == list(range(2 * count - 2))
        if count > 1:
            total = momenta[offsets[jet] : offsets[jet + 1]].sum(axis=0)
            assert history.momenta[last - 1] == pytest.approx(total, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("exponent", [0, -1, 1])
@pytest.mark.parametrize(
    "jet",
    {
        "identical": [[1, 2, 3, 4]] * 5,
        "along the beam": [[0, 0, 5, 5], [0, 0, -5, 5], [0, 0, 7, 7], [1, 0, 0, 1]],
        "at rest": [[0, 0, 0, 1], [0, 0, 0, 2], [1, 1, 1, 2]],
        "zero": [[0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 2]],
        "tachyons": [[3, 0, 0, 1], [0, 3, 0, 1], [0, 0, 3, 1]],
        "huge": [[1e29, 0, 0, 1e29], [0, 1e29, 1e29, 1.5e29]],
    }.values(),
)  # fmt: skip
def test_strange_jets_become_one_tree(jet, exponent):
    history = cluster(np.array(jet, float), np.array([0, len(jet)]), exponent)
    assert whole(history.parents, history.offsets).all()


def test_many_constituents():
    momenta, offsets = toy_jets(1, 6, mean=500)
    assert cluster(momenta, offsets, 0).parents.tolist() == fastjet_merges(momenta, 0)


@pytest.mark.parametrize(
    "merges", [[[0, 1], [0, 3]], [[0, 1], [3, 3]], [[0, 4], [2, 3]], [[-1, 1], [2, 3]], [[0, 3], [1, 2]]]
)
def test_a_broken_history_is_noticed(merges):
    good = [[0, 1], [2, 3]]
    offsets = merge_offsets(np.array([0, 3, 6]))
    assert whole(np.array(good + merges, np.int32), offsets).tolist() == [True, False]
