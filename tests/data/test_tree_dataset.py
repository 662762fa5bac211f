"""Datasets that hold clustering trees."""

import numpy as np
import pytest

from jetloom.data.block import Block, read_block
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.data.fitting import view_fit as views
from jetloom.errors import ConfigurationError, CorruptFileError
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.trees import BRANCHING, JET_TREE, TREE_BRANCHING
from tree_files import make_trees, tree_analysis, write_trees


@pytest.fixture(scope="module")
def built(clustered, tmp_path_factory):
    directory = tmp_path_factory.mktemp("dataset")
    build(tree_analysis(), "flavour", clustered, directory)
    return Dataset.open(directory)


def _all_jets(dataset, view=None):
    view = view or dataset.view()
    return Block.concatenate([block for role in view.files for block in view.blocks(role)])


def _trees(jets):
    """Branchings of each jet by event and transverse momentum."""
    names = list(BRANCHING.names)
    return {
        (int(row["event_number"]), float(row["pt"])): jets.branchings[start:stop][names].tolist()
        for row, start, stop in zip(jets.rows, jets.offsets[:-1], jets.offsets[1:], strict=True)
    }


def _given(files):
    parts = []
    for path in (path for paths in files.values() for path in paths):
        with TableReader(path) as reader:
            parts.append(read_block(reader, 0, reader.rows["jets"]))
    return Block.concatenate(parts)


def test_every_jet_keeps_its_tree(built, clustered):
    given = _given(clustered)
    labelled = given.take(given["truth"] > 0)
    assert _trees(_all_jets(built)) == _trees(labelled)
    order = [np.argsort(rows, order=["event_number", "pt"]) for rows in (_all_jets(built).rows, labelled.rows)]
    for name in ("seed_e", "seed_m", "n_branchings"):
        np.testing.assert_array_equal(_all_jets(built)[name][order[0]], labelled[name][order[1]])


def test_a_part_has_what_a_training_needs_of_a_branching_and_offsets_of_its_own(built):
    for path in (path for paths in built.view().files.values() for path in paths):
        with TableReader(path) as reader:
            assert reader.dtype("branchings") == BRANCHING
            assert set(JET_TREE.names) < set(reader.dtype("jets").names)
            jets = reader.read("jets")
            ends = jets["first_branching"] + jets["n_branchings"]
            assert jets["first_branching"].tolist() == [0, *ends[:-1].tolist()]
            assert ends[-1] == reader.rows["branchings"]
            assert reader._dataset("branchings").compression is None


def test_jets_without_branchings_stay(built):
    jets = _all_jets(built)
    assert (jets.lengths == 0).any()
    assert len(jets.branchings) == jets["n_branchings"].sum()


def test_a_changed_branching_gives_another_fingerprint(built, clustered, make_of_trees, tmp_path):
    assert make_of_trees().fingerprint == built.fingerprint
    jets, branchings = make_trees(400, 3, 0.8, first_event=20_000)
    labelled = np.repeat(jets["truth"] > 0, jets["n_branchings"])
    chosen = np.flatnonzero(labelled)[11]
    for field, changes in (("hard_node", False), ("z", True)):
        branchings[field][chosen] += 1
        files = {**clustered, "ttbar": [write_trees(tmp_path / field / "ttbar.h5", jets, branchings)]}
        other = make_of_trees(files, tmp_path / f"dataset_{field}")
        assert (other.fingerprint != built.fingerprint) == changes


def test_a_branching_that_changed_on_the_disk_is_refused(make_of_trees):
    dataset = make_of_trees()
    path = dataset.view().files["train"][0]
    with TableReader(path) as reader:
        value = reader.read("branchings", 3, 4).tobytes()
    content = path.read_bytes()
    assert content.count(value) == 1
    path.write_bytes(content.replace(value, value[:-1] + bytes([value[-1] ^ 1])))
    with pytest.raises(CorruptFileError, match=r"train\.h5: is not as it was written"):
        dataset.verify()


def test_what_the_trees_stage_made_may_be_read(make_of_trees):
    dataset = make_of_trees(inputs=["log(seed_e)", "n_branchings + 1"], spectators=["pt", "n_branchings"])
    rows = _all_jets(dataset).rows
    np.testing.assert_allclose(rows["log_seed_e"], np.log(rows["seed_e"]), rtol=1e-6)
    np.testing.assert_array_equal(rows["n_branchings_1"], rows["n_branchings"] + 1)


def test_cuts_take_the_trees_with_the_jets(make_of_trees, clustered):
    given = _given(clustered)
    kept = given.take((given["pt"] > 40) & (given["truth"] > 0) & (given["n_branchings"] > 2))
    assert _trees(_all_jets(make_of_trees(select=["pt > 40", "n_branchings > 2"]))) == _trees(kept)


def test_a_task_of_jets_leaves_the_trees_of_its_files_out(make_of_trees):
    dataset = make_of_trees(reads="jets")
    with TableReader(dataset.view().files["train"][0]) as reader:
        assert set(reader.rows) == {"jets"}
        assert not set(JET_TREE.names) & set(reader.dtype("jets").names)


def test_files_without_trees_are_refused(converted, tmp_path):
    with pytest.raises(ConfigurationError, match=r"dijet0\.h5: holds no trees, which the task reads"):
        build(tree_analysis(), "flavour", converted, tmp_path)


def test_a_column_of_the_trees_is_no_input_under_its_own_name(make_of_trees):
    with pytest.raises(ConfigurationError, match="inputs: 'n_branchings' is the name of a column that the dataset"):
        make_of_trees(inputs=["n_branchings"])


def test_bins_are_fitted_on_the_training_part_of_each_view(make_of_trees):
    dataset = make_of_trees(split={"folds": 3}, binning={"tail": 0.0, "granularity": 5})
    limits = []
    for fold in range(3):
        view = dataset.view(fold)
        train = Block.concatenate(list(view.blocks("train")))
        limits.append(view.facts.trees["branching"]["delta"])
        assert limits[-1] == pytest.approx([train.branchings["delta"].min(), train.branchings["delta"].max()], rel=1e-3)
        assert view.facts.trees["branchings"] == len(train.branchings)
        assert view.facts.trees["granularity"] == 5
        assert view.facts.trees["trees"] == {"algorithm": "cambridge_aachen", "radius": None}
    assert len({tuple(pair) for pair in limits}) > 1


def test_a_dataset_without_trees_has_no_bins(make):
    assert make().view().facts.trees is None


@pytest.mark.parametrize("settings", [{"granularity": 12}, {"scaling": "log1p"}, {"tail": 0.01}])
def test_other_bins_are_another_dataset_to_a_training(built, make_of_trees, settings):
    assert make_of_trees(binning=settings).fingerprint != built.fingerprint
    assert make_of_trees(binning={"warn_above": 0.5}).fingerprint == built.fingerprint


def test_limits_that_other_code_fits_are_another_dataset_to_a_training(built, make_of_trees, monkeypatch):
    def moved(*arguments):
        found = fit(*arguments)
        found["branching"]["delta"] = [edge * 1.01 for edge in found["branching"]["delta"]]
        return found

    fit = views.fit_binning
    monkeypatch.setattr(views, "fit_binning", moved)
    assert make_of_trees().fingerprint != built.fingerprint


def test_trees_that_were_made_differently_are_refused(clustered, make_of_trees, tmp_path):
    other = write_trees(tmp_path / "other.h5", *make_trees(100, 5, first_event=90_000), trees={"algorithm": "kt"})
    files = {**clustered, "ttbar": [*clustered["ttbar"], other]}
    with pytest.raises(ConfigurationError, match=r"other\.h5: its trees were made with other settings.*\(algorithm"):
        make_of_trees(files)
    assert not list(tmp_path.rglob("dataset.json"))


def test_trees_of_the_fixture_are_whole():
    jets, branchings = make_trees(60, 9)
    assert branchings.dtype == TREE_BRANCHING
    for jet in jets:
        rows = branchings[jet["first_branching"] :][: jet["n_branchings"]]
        energies = {0: jet["seed_e"]}
        present = [0]
        for t, row in enumerate(rows):
            ordered = sorted(present, key=lambda node: -energies[node])
            assert ordered[row["mother_rank"]] == row["mother"]
            present.remove(row["mother"])
            energies |= {2 * t + 1: row["hard_e"], 2 * t + 2: row["soft_e"]}
            present += [2 * t + 1, 2 * t + 2]
            assert row["soft_e"] <= row["hard_e"]
            assert row["soft_e"] + row["hard_e"] == pytest.approx(energies[row["mother"]], rel=1e-5)
        numbers = np.concatenate([rows["hard_node"], rows["soft_node"]])
        assert sorted(numbers) == list(range(2 * len(rows)))


def test_rows_of_jets_are_read_without_their_trees(make_of_trees):
    dataset = make_of_trees()
    view = dataset.view(None)
    jets = list(view.blocks("train"))
    np.testing.assert_array_equal(
        np.concatenate(list(view.jet_rows("train"))), np.concatenate([one.rows for one in jets])
    )
    assert view.rows("train") == sum(len(one) for one in jets)
    assert view.rows("train", "branchings") == sum(len(one.branchings) for one in jets) > 0
