"""HDF5 to trees: what is in the file, and what becomes of each kind of bad jet."""

import h5py
import numpy as np
import pytest

from constituent_files import GOOD, write
from jetloom.config.tasks.trees import Trees
from jetloom.cutflow import CutFlow
from jetloom.errors import ConfigurationError, CorruptFileError, MissingObjectError
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.trees import QUARANTINE, TREE_BRANCHING
from jetloom.trees import convert, grow

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def made(tmp_path):
    """Make trees of jets; give the tables of the file, and its reader."""

    def make(jets, found=None, **settings):
        source = write(tmp_path / "jets.h5", jets, **(found or {}))
        convert.hdf5_to_trees(source, tmp_path / "trees.h5", Trees(**settings))
        reader = TableReader(tmp_path / "trees.h5")
        return {name: reader.read(name) for name in reader.rows}, reader

    return make


def quarantined(tables, reader):
    reasons = reader.attribute("reasons")
    return [(int(row["row"]), reasons[row["reason"]], bool(row["kept"])) for row in tables["quarantine"]]


def test_the_tables_of_a_file(made):
    tables, reader = made([GOOD, GOOD[:2], GOOD[:1], GOOD[:3]])
    jets, branchings = tables["jets"], tables["branchings"]
    assert jets["n_branchings"].tolist() == [3, 1, 0, 2]
    assert jets["first_branching"].tolist() == [0, 3, 4, 4]
    assert jets["event_number"].tolist() == [100, 101, 102, 103]
    assert branchings.dtype == TREE_BRANCHING
    assert tables["quarantine"].dtype == QUARANTINE
    assert len(tables["quarantine"]) == 0
    assert jets["seed_e"][1] == pytest.approx(60 * np.cosh(0.1) + 30 * np.cosh(0.2), rel=1e-4)
    first = branchings[jets["first_branching"][3]]
    assert first["hard_e"] + first["soft_e"] == pytest.approx(jets["seed_e"][3])
    assert reader.attribute("trees")["algorithm"] == "cambridge_aachen"
    assert reader.attribute("titles")["jets"]["pt"] == "Jet $p_T$"
    assert reader.attribute("units")["jets"]["seed_e"] == "GeV"
    assert reader.attribute("sum_of_weights") == 4.0
    assert list(reader.attribute("origin")["inputs"]) == ["jets.h5"]


BAD = {
    "nan": [(20.0, NAN, 0.1, 0.1), *GOOD],
    "infinite": [(INF, 0.0, 0.1, 0.1), *GOOD],
    "far along the beam": [(20.0, 200.0, 0.1, 0.1), *GOOD],
    "mass too negative": [(1.0, 0.0, 0.1, -9.0), *GOOD],
}


@pytest.mark.parametrize("jet", BAD.values(), ids=BAD)
def test_a_momentum_that_is_not_finite_takes_its_jet_away(made, jet):
    tables, reader = made([GOOD, jet, GOOD])
    assert tables["jets"]["event_number"].tolist() == [100, 102]
    assert quarantined(tables, reader) == [(1, "a momentum is not finite", False)]
    (row,) = tables["quarantine"]
    assert (row["run_number"], row["event_number"], row["n_constituents"]) == (7, 101, 5)
    flow = CutFlow(reader.attribute("counts"))
    assert (flow.found("jets"), flow.left("jets")) == (3, 2)
    assert flow.left("constituents") == 8


@pytest.mark.parametrize("part", [(-5.0, 0.1, 0.1, 0.1), (0.0, 0.1, 0.1, 0.0)])
def test_a_constituent_without_energy_is_dropped_or_its_jet(made, part):
    jets = [GOOD, [*GOOD, part], GOOD]
    tables, reader = made(jets)
    assert tables["jets"]["n_branchings"].tolist() == [3, 3, 3]
    assert CutFlow(reader.attribute("counts")).left("constituents") == 12
    tables, reader = made(jets, bad_constituents="drop_jet")
    assert tables["jets"]["event_number"].tolist() == [100, 102]
    assert quarantined(tables, reader) == [(1, "a constituent has no or negative energy", False)]


def test_soft_constituents_are_bad_below_a_minimum(made):
    tables, _ = made([GOOD], min_energy=8.0)
    assert tables["jets"]["n_branchings"].tolist() == [2]


def test_a_jet_without_constituents(made):
    tables, reader = made([GOOD, [], [(-5.0, 0.1, 0.1, 0.1)]])
    assert len(tables["jets"]) == 1
    assert quarantined(tables, reader) == [(1, "no constituents", False), (2, "no constituents", False)]


def test_what_is_lost_is_said(tmp_path, caplog):
    source = write(tmp_path / "jets.h5", [GOOD, [], []])
    with caplog.at_level("INFO"), convert.summarised(source) as done:
        done.append(convert.hdf5_to_trees(source, tmp_path / "trees.h5", Trees()))
    assert "2 jets are no trees: no constituents" in caplog.text


def test_too_few_constituents(made):
    tables, reader = made([GOOD[:1], GOOD, GOOD[:2]], min_constituents=3)
    assert tables["jets"]["event_number"].tolist() == [101]
    reason = "fewer than trees.min_constituents"
    assert quarantined(tables, reader) == [(0, reason, False), (2, reason, False)]


def many(number):
    rng = np.random.default_rng(1)
    return [(1 + rng.exponential(3), rng.normal(0, 0.1), rng.normal(0, 0.1), 0.14) for _ in range(number)]


def test_too_many_constituents(made, tmp_path):
    jet = many(500)
    source = write(tmp_path / "long.h5", [GOOD, jet], slots=500)
    convert.hdf5_to_trees(source, tmp_path / "all.h5", Trees(max_constituents=500))
    with TableReader(tmp_path / "all.h5") as reader:
        assert reader.read("jets")["n_branchings"].tolist() == [3, 499]
    convert.hdf5_to_trees(source, tmp_path / "dropped.h5", Trees())
    with TableReader(tmp_path / "dropped.h5") as reader:
        assert reader.read("jets")["n_branchings"].tolist() == [3]
        assert reader.read("quarantine")["n_constituents"].tolist() == [500]
    convert.hdf5_to_trees(source, tmp_path / "cut.h5", Trees(too_long="truncate"))
    with TableReader(tmp_path / "cut.h5") as reader:
        rows = reader.read("jets")
        assert rows["n_branchings"].tolist() == [3, 199]
        hardest = sorted(jet, reverse=True)[:200]
        energy = sum(np.sqrt((pt * np.cosh(eta)) ** 2 + m**2) for pt, eta, _, m in hardest)
        assert rows["seed_e"][1] == pytest.approx(energy, rel=1e-5)
        assert reader.read("quarantine")["kept"].tolist() == [True]
        assert CutFlow(reader.attribute("counts")).left("constituents") == 204


def test_constituents_that_had_no_place_are_told_of(made):
    tables, reader = made([GOOD, GOOD, GOOD], {"jet1": 50, "jet2": 300})
    assert tables["jets"]["event_number"].tolist() == [100, 101]
    assert quarantined(tables, reader) == [
        (1, "more constituents than places in the HDF5 file", True), (2, "more than trees.max_constituents", False)
    ]  # fmt: skip
    assert tables["quarantine"]["n_constituents"].tolist() == [50, 300]


APART = [(50.0, 0.0, 0.0, 0.1), (40.0, 0.1, 0.0, 0.1), (20.0, 1.0, 0.1, 0.1)]


@pytest.mark.parametrize(
    ("policy", "branchings", "kept"), [("recluster", [3, 2], True), ("largest", [3, 1], True), ("drop", [3], False)]
)
def test_jets_that_fall_apart(made, policy, branchings, kept):
    tables, reader = made([GOOD, APART], radius=0.5, split_jets=policy)
    assert tables["jets"]["n_branchings"].tolist() == branchings
    assert quarantined(tables, reader) == [(1, "falls apart within trees.radius", kept)]
    assert tables["quarantine"][["largest_piece", "second_piece"]].tolist() == [(2, 1)]
    flow = CutFlow(reader.attribute("counts"))
    assert flow.left("jets") == len(branchings)
    assert flow.left("constituents") == {"recluster": 7, "largest": 6, "drop": 4}[policy]
    assert reader.attribute("changed")["falls apart within trees.radius"] == int(kept)


def test_a_largest_piece_can_be_too_small(made):
    tables, reader = made([GOOD, APART], radius=0.5, split_jets="largest", min_constituents=3)
    assert tables["jets"]["n_branchings"].tolist() == [3]
    assert quarantined(tables, reader) == [(1, "fewer than trees.min_constituents", False)]


def test_without_a_radius_no_jet_falls_apart(made):
    tables, _ = made([APART])
    assert tables["jets"]["n_branchings"].tolist() == [2]
    assert len(tables["quarantine"]) == 0


STRANGE = {
    "one constituent": GOOD[:1],
    "identical": [GOOD[0], GOOD[0], GOOD[0]],
    "massless": [(pt, eta, phi, 0.0) for pt, eta, phi, _ in GOOD],
    "along y": [(50.0, 0.0, np.pi / 2, 0.0), (20.0, 0.0, np.pi / 2, 0.1), (5.0, 0.0, np.pi / 2, 0.0)],
    "exactly along y": [(1.0, 0.0, np.pi / 2, 0.0), (1.0, 0.0, np.pi / 2, 0.0)],
    "back to back": [(50.0, 0.0, 0.0, 0.0), (50.0, 0.0, np.pi, 0.0)],
    "around phi = pi": [(50.0, 0.0, 3.14, 0.0), (30.0, 0.1, -3.14, 0.0), (5.0, 0.0, 3.0, 0.0)],
}


@pytest.mark.parametrize("jet", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("algorithm", ["cambridge_aachen", "anti_kt", "kt", 0.5])
def test_strange_jets_become_trees_without_nan(made, jet, algorithm):
    tables, _ = made([GOOD, jet], algorithm=algorithm)
    assert tables["jets"]["n_branchings"].tolist() == [3, len(jet) - 1]
    for name in TREE_BRANCHING.names:
        assert np.isfinite(tables["branchings"][name]).all(), name
    assert len(tables["quarantine"]) == 0


def test_a_broken_history_is_quarantined_and_the_rest_goes_on(made, monkeypatch):
    def broken(momenta, offsets, exponent):
        history = cluster(momenta, offsets, exponent)
        history.parents[history.offsets[1]] = [0, 0]
        return history

    cluster = grow.cluster
    monkeypatch.setattr(grow, "cluster", broken)
    tables, reader = made([GOOD[:2], GOOD, GOOD[:3]])
    assert tables["jets"]["n_branchings"].tolist() == [1, 2]
    assert quarantined(tables, reader) == [(1, "its merges are no tree", False)]
    assert CutFlow(reader.attribute("counts")).left("constituents") == 5
    monkeypatch.undo()
    expected, _ = made([GOOD[:2], GOOD[:3]])
    assert tables["branchings"].tolist() == expected["branchings"].tolist()


def test_all_jets_bad_give_an_empty_file(made):
    tables, _ = made([[], []])
    assert [len(tables[name]) for name in ("jets", "branchings", "quarantine")] == [0, 0, 2]


def test_blocks_change_nothing(tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    jets = [many(int(number)) for number in rng.integers(0, 9, 700)]
    source = write(tmp_path / "jets.h5", jets)
    convert.hdf5_to_trees(source, tmp_path / "one.h5", Trees(radius=0.2))
    monkeypatch.setattr(convert, "BLOCK_BYTES", 1)
    with h5py.File(source) as file:
        assert file["constituents"].chunks[0] > 700  # so the blocks are asked for in a file of smaller chunks
    monkeypatch.setattr("jetloom.io.hdf5.tables.CHUNK_BYTES", 1 << 16)
    source = write(tmp_path / "again" / "jets.h5" if (tmp_path / "again").mkdir() is None else source, jets)
    convert.hdf5_to_trees(source, tmp_path / "many.h5", Trees(radius=0.2))
    with TableReader(tmp_path / "one.h5") as one, TableReader(tmp_path / "many.h5") as other:
        for table in ("jets", "branchings", "quarantine"):
            assert one.read(table).tobytes() == other.read(table).tobytes()
        for key in ("counts", "changed"):
            assert one.attribute(key) == other.attribute(key)


@pytest.mark.parametrize("settings", [{"collection": "tracks"}, {"collection": "jets"}])
def test_a_collection_that_is_not_there(tmp_path, settings):
    source = write(tmp_path / "jets.h5", [GOOD])
    with pytest.raises(MissingObjectError, match=r"known: constituents .*conversion\.slots"):
        convert.hdf5_to_trees(source, tmp_path / "trees.h5", Trees(**settings))
    assert not (tmp_path / "trees.h5").exists()


def test_trees_of_trees_are_refused(tmp_path):
    source = write(tmp_path / "jets.h5", [GOOD])
    convert.hdf5_to_trees(source, tmp_path / "trees.h5", Trees())
    with pytest.raises(ConfigurationError, match="has trees already"):
        convert.hdf5_to_trees(tmp_path / "trees.h5", tmp_path / "again.h5", Trees())


def test_a_truncated_file_is_an_error_and_leaves_nothing(tmp_path):
    source = write(tmp_path / "jets.h5", [GOOD] * 3000)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.raises(CorruptFileError, match="truncated"):
        convert.hdf5_to_trees(source, tmp_path / "trees.h5", Trees())
    assert [path.name for path in tmp_path.iterdir()] == ["jets.h5"]


def test_the_same_bytes_again(tmp_path):
    source = write(tmp_path / "jets.h5", [GOOD] * 100)
    for name in ("a.h5", "b.h5"):
        convert.hdf5_to_trees(source, tmp_path / name, Trees())
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
