"""Records of golden jets, and what holds for any record."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden_jets import BINS, BRANCHINGS, DAUGHTERS, MOMENTA, NODES, OFFSETS, PUBLISHED, RANKS, SEEDS
from jetloom.io.trees import BRANCHING_VARIABLES, MOMENTUM, TREE_BRANCHING
from jetloom.physics.clustering import cluster
from jetloom.physics.declustering import decluster
from jetloom.physics.kinematics import four_momenta
from jetloom.physics.scaling import bins, junipr_limits

PRECISE = np.dtype([(name, "<f8" if TREE_BRANCHING[name].kind == "f" else "<u2") for name in TREE_BRANCHING.names])
LIMITS = junipr_limits(500.0, 1.0, math.pi / 2, 0.1)["branching"]


def records(momenta, offsets, exponent, dtype=PRECISE):
    history = cluster(momenta, offsets, exponent)
    branchings = np.zeros(len(history.parents), dtype)
    seeds, replaced = decluster(momenta, offsets, history, branchings)
    return seeds, [branchings[a:b] for a, b in zip(history.offsets, history.offsets[1:], strict=False)], replaced


def digits(branchings):
    found = [bins(branchings[name], name, LIMITS[name], "log", 10) for name in BRANCHING_VARIABLES]
    return ["".join(map(str, row)) for row in np.transpose(found)]


@pytest.mark.parametrize("jet", [0, 1])
@pytest.mark.parametrize("exponent", [0, -1, 1])
def test_golden_records(jet, exponent):
    seeds, found, replaced = records(MOMENTA, OFFSETS, exponent)
    branchings = found[jet]
    assert seeds[jet] == pytest.approx(SEEDS[jet], abs=1e-5)
    assert branchings["mother_rank"].tolist() == RANKS[jet][exponent]
    assert np.stack([branchings["hard_node"], branchings["soft_node"]], 1).tolist() == DAUGHTERS[jet][exponent]
    values = np.stack([branchings[name] for name in BRANCHING_VARIABLES], 1)
    assert values == pytest.approx(np.array(BRANCHINGS[jet][exponent]), abs=1e-6)
    assert digits(branchings) == BINS[jet][exponent]
    assert not replaced.any()


@pytest.mark.parametrize("jet", [0, 1])
def test_golden_momenta_in_the_frame_of_the_jet(jet):
    _, found, _ = records(MOMENTA, OFFSETS, 0)
    for row in found[jet]:
        for side in ("hard", "soft"):
            expected = NODES[jet][row[f"{side}_node"]]
            assert [row[f"{side}_{name}"] for name in MOMENTUM] == pytest.approx(expected, abs=1.5e-6)


@pytest.mark.parametrize(("jet", "exponent"), list(PUBLISHED))
def test_the_published_jets(data, jet, exponent):
    lines = (data / "jets_readme.dat").read_text().splitlines()
    jets = {0: lines[2:10], 1: lines[12:23]}
    momenta = np.array([line.split() for line in jets[jet]], float)
    _, (branchings,), _ = records(momenta, np.array([0, len(momenta)]), exponent)
    ranks, daughters, found = PUBLISHED[jet, exponent]
    assert "".join(map(str, branchings["mother_rank"])) == ranks
    assert " ".join(f"{row['hard_node']}-{row['soft_node']}" for row in branchings) == daughters
    assert " ".join(digits(branchings)) == found


def test_float32_is_the_rounded_float64():
    precise = np.concatenate(records(MOMENTA, OFFSETS, 0)[1])
    rounded = np.concatenate(records(MOMENTA, OFFSETS, 0, TREE_BRANCHING)[1])
    for name in TREE_BRANCHING.names:
        assert (rounded[name] == precise[name].astype(TREE_BRANCHING[name])).all()


PART = st.tuples(st.floats(0.01, 1e3), st.floats(-3, 3), st.floats(-np.pi, np.pi), st.floats(0, 10))


@settings(deadline=None, max_examples=60)
@given(st.lists(PART, min_size=1, max_size=12), st.sampled_from([0, -1, 1]))
def test_what_holds_for_any_record(parts, exponent):
    momenta = four_momenta(*np.array(parts).T)
    seeds, (rows,), _ = records(momenta, np.array([0, len(parts)]), exponent)
    assert len(rows) == len(parts) - 1
    for name in PRECISE.names:
        assert np.isfinite(rows[name]).all()
    state, energies = [0], {0: seeds[0, 0]}
    for t, row in enumerate(rows):
        mother = row["mother"]
        assert state[row["mother_rank"]] == mother
        assert row["hard_e"] >= row["soft_e"]
        assert row["hard_e"] + row["soft_e"] == pytest.approx(energies[mother], rel=1e-9)
        assert row["z"] == pytest.approx(row["soft_e"] / energies[mother])
        state.remove(mother)
        state += [2 * t + 1, 2 * t + 2]
        energies |= {2 * t + 1: row["hard_e"], 2 * t + 2: row["soft_e"]}
        state.sort(key=lambda node: -energies[node])
        if len({energies[node] for node in state}) < len(state):
            return  # the order of equal energies is tested elsewhere
    assert (rows["z"] > 0).all()
    assert (rows["z"] <= 0.5).all()
    for name in ("theta", "delta", "hard_theta", "soft_theta"):
        assert ((rows[name] >= 0) & (rows[name] <= np.pi)).all()
    for name in ("phi", "hard_phi", "soft_phi"):
        assert ((rows[name] >= 0) & (rows[name] < 2 * np.pi)).all()


def test_equal_energies():
    """The newcomer goes after those there are; the daughter with the higher number counts as the harder."""
    momenta = np.array([[0, 4, 0, 10], [3, 0.1, 0, 5], [3, -0.1, 0, 5]], float)
    _, (rows,), _ = records(momenta, np.array([0, 3]), 0)
    assert rows["hard_node"].tolist() == [3, 2]
    assert rows["soft_node"].tolist() == [0, 1]
    assert rows["mother_rank"].tolist() == [0, 1]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_jet_along_y_has_no_nan(sign):
    momenta = np.array([[1, 10 * sign, 0, 11], [-1, 10 * sign, 0, 11], [0, 7 * sign, 0, 7]], float)
    _, (rows,), replaced = records(momenta, np.array([0, 3]), 0)
    assert replaced.tolist() == [True]
    for name in PRECISE.names:
        assert np.isfinite(rows[name]).all(), name


def test_one_constituent():
    seeds, (rows,), replaced = records(np.array([[0.0, 3, 4, 13]]), np.array([0, 1]), 0)
    assert len(rows) == 0
    assert seeds[0] == pytest.approx([13, 12])
    assert not replaced.any()


def test_identical_massless_constituents():
    _, (rows,), _ = records(np.array([[3.0, 0, 4, 5]] * 3), np.array([0, 3]), 0)
    assert rows["z"] == pytest.approx([1 / 3, 1 / 2])
    for name in ("theta", "delta"):
        assert rows[name] == pytest.approx(0, abs=1e-12)
    assert (rows["soft_m"] == 0).all()
