"""What becomes of jets of no class, and that their true label is kept."""

import numpy as np
import pytest

from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.data.features import input_matrix
from jetloom.errors import EmptySampleError
from jetloom.io.hdf5.tables import TableReader
from tiny_analysis import analysis, make_jets, write_jets


def _rows(dataset, *roles):
    view = dataset.view()
    return np.concatenate([block.rows for role in roles or view.files for block in view.blocks(role)])


def _raw(files):
    return {
        sample: np.concatenate([TableReader(path).read("jets") for path in paths]) for sample, paths in files.items()
    }


def _true_labels(jets):
    return np.where(jets["truth"] == 21, 0, np.where(jets["truth"] > 0, 1, -1))


def test_by_default_they_are_dropped_and_counted(make, converted):
    dataset = make()
    rows, jets = _rows(dataset), np.concatenate(list(_raw(converted).values()))
    np.testing.assert_array_equal(rows["true_label"], rows["label"])
    assert len(rows) == (jets["truth"] > 0).sum()
    assert dataset.description["counts"][-1]["reason"] == "no class"
    unlabelled = {name: facts["unlabelled"] for name, facts in dataset.description["samples"].items()}
    assert unlabelled == {name: int((found["truth"] < 0).sum()) for name, found in _raw(converted).items()}


def test_kept_ones_have_no_weight_and_shape_nothing(make, converted, tmp_path):
    dropped, dataset = make(directory=tmp_path / "dropped"), make(directory=tmp_path / "kept", unlabelled="keep")
    rows, jets = _rows(dataset), np.concatenate(list(_raw(converted).values()))
    assert len(rows) == len(jets)
    none = rows["label"] == -1
    assert none.sum() == (jets["truth"] < 0).sum()
    assert (rows["true_label"][none] == -1).all()
    assert (rows["weight"][none] == 0).all()
    np.testing.assert_array_equal(rows[~none], _rows(dropped))
    for key in ("mean", "std", "missing", "class_factors", "low", "high"):
        assert dataset.description["views"][0][key] == dropped.description["views"][0][key]
    assert dataset.description["summary"] == dropped.description["summary"]
    assert "no class" not in {entry["reason"] for entry in dataset.description["counts"]}


def test_the_majority_is_that_of_each_sample(make, converted):
    dataset = make(unlabelled="majority", inputs=["pt", "width"])
    rows = _rows(dataset)
    unknown = rows["true_label"] == -1
    assert (rows["label"][~unknown] == rows["true_label"][~unknown]).all()
    for index, (name, jets) in enumerate(_raw(converted).items()):
        labels = _true_labels(jets)
        common = np.bincount(labels[labels >= 0]).argmax()
        chosen = rows["sample"] == index
        assert (rows["label"][chosen & unknown] == common).all()
        assert (chosen & unknown).sum() == (labels == -1).sum() > 0
        assert dataset.description["samples"][name]["majority"] == ["gluon", "quark"][common]
    assert {facts["majority"] for facts in dataset.description["samples"].values()} == {"gluon", "quark"}
    assert (rows["weight"][unknown] > 0).all()
    train = _rows(dataset, "train")
    np.testing.assert_allclose(
        dataset.view().facts.rows.mean, input_matrix(train, ["pt", "width"]).mean(axis=0), rtol=1e-5
    )


def test_the_majority_is_counted_after_the_cuts(make, converted):
    """Of the few widest dijets most are gluons, whatever the others are."""
    plain = make(unlabelled="majority", labels={"quark": {"when": "truth in (1, 2)"}}, select=["ntrk > 12"])
    jets = _raw(converted)["dijet"]
    labels = _true_labels(jets[jets["ntrk"] > 12])
    assert (
        plain.description["samples"]["dijet"]["majority"]
        == ["gluon", "quark"][np.bincount(labels[labels >= 0]).argmax()]
    )
    assert plain.description["samples"]["dijet"]["unlabelled"] == (labels == -1).sum()


def test_a_sample_without_labels_has_no_majority(converted, tmp_path):
    jets = make_jets(400, 3)
    jets["truth"] = -1
    files = {**converted, "ttbar": [write_jets(tmp_path / "t.h5", jets)]}
    with pytest.raises(EmptySampleError, match="sample 'ttbar': no jet has a class, so none has the majority"):
        build(analysis(unlabelled="majority"), "flavour", files, tmp_path / "dataset")


def test_a_sample_without_labels_can_be_kept(converted, tmp_path):
    jets = make_jets(400, 3)
    jets["truth"] = -1
    files = {**converted, "ttbar": [write_jets(tmp_path / "t.h5", jets)]}
    build(analysis(unlabelled="keep"), "flavour", files, tmp_path / "dataset")
    rows = _rows(Dataset.open(tmp_path / "dataset"))
    assert (rows["label"][rows["sample"] == 1] == -1).all()


@pytest.mark.parametrize("policy", ["keep", "majority"])
def test_policies_give_datasets_of_their_own(make, tmp_path, policy):
    assert make(directory=tmp_path / "a", unlabelled=policy).fingerprint != make(directory=tmp_path / "b").fingerprint


def test_with_trees_too(make_of_trees):
    view = make_of_trees(unlabelled="keep").view()
    blocks = [block for role in view.files for block in view.blocks(role)]
    assert any((block["label"] == -1).any() for block in blocks)
    for block in blocks:
        assert block.lengths.tolist() == block["n_branchings"].tolist()
