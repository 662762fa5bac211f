"""Spectra of classes made alike by drawing jets."""

import numpy as np
import pytest

from jetloom.config.tasks.weights import Weights
from jetloom.data.block import Block
from jetloom.data.building.build import build
from jetloom.data.building.matching import acceptance, draw
from jetloom.data.dataset import Dataset
from jetloom.data.fitting.spectra import bulk_edges, finer_edges
from jetloom.data.fitting.weights import bin_index
from jetloom.errors import EmptySampleError
from jetloom.io.hdf5.tables import TableReader
from tiny_analysis import analysis, make_jets, write_jets

MATCH = {"match": {"variables": {"pt": 6}}}
NUMBERS = {**MATCH, "event": False}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """More jets than usual, with another spectrum of each class."""
    directory, files = tmp_path_factory.mktemp("many"), {}
    for name, jets in {"dijet": make_jets(8000, 1, 0.2), "ttbar": make_jets(6000, 3, 0.9, 20_000)}.items():
        jets["pt"] *= np.where(jets["truth"] == 21, 1.0, 1.4)
        files[name] = [write_jets(directory / f"{name}.h5", jets)]
    return files


def _built(files, directory, **task):
    build(analysis(**task), "flavour", files, directory)
    return Dataset.open(directory)


def _rows(dataset, *roles):
    view = dataset.view()
    return np.concatenate([block.rows for role in roles or view.files for block in view.blocks(role)])


def _spectra(rows, edges, weights):
    bins = [-np.inf, *edges, np.inf]
    return [
        [np.histogram(rows["pt"][rows["label"] == k], bins, weights=w[rows["label"] == k])[0] for k in (0, 1)]
        for w in (weights, weights**2)
    ]


@pytest.mark.parametrize("rule", [MATCH, NUMBERS])
def test_matched_spectra_are_equal_in_every_bin_within_statistics(many, tmp_path, rule):
    dataset = _built(many, tmp_path, weights=rule)
    edges = dataset.description["matching"]["edges"]["pt"]
    assert len(edges) == 5
    for roles, most in ((("train",), 3.0), (("validation", "test"), 4.0)):
        rows = _rows(dataset, *roles)
        sums, squares = _spectra(rows, edges, rows["weight"].astype(float))
        pulls = (sums[0] - sums[1]) / np.sqrt(squares[0] + squares[1])
        assert np.abs(pulls).max() < most
    plain = _built(many, tmp_path / "plain", weights={"event": rule.get("event", True)})
    rows = _rows(plain, "train")
    sums, squares = _spectra(rows, edges, rows["weight"].astype(float))
    assert np.abs((sums[0] - sums[1]) / np.sqrt(squares[0] + squares[1])).max() > 5.0


def test_by_numbers_the_classes_become_equally_large(many, tmp_path):
    rows = _rows(_built(many, tmp_path, weights=NUMBERS), "train")
    numbers = np.bincount(rows["label"])
    assert abs(numbers[0] - numbers[1]) < 4 * np.sqrt(numbers.sum())


def test_the_rarest_class_of_a_bin_loses_nothing(many, tmp_path):
    plain = _rows(_built(many, tmp_path / "plain", weights={"event": False}))
    dataset = _built(many, tmp_path, weights=NUMBERS)
    matched = _rows(dataset)
    facts = dataset.description["matching"]
    index = [bin_index(rows, ["pt"], [np.array(facts["edges"]["pt"])]) for rows in (plain, matched)]
    shares = np.array(facts["acceptance"])
    assert (shares[:, :-1].max(axis=0) == 1).all()
    for label, place in np.argwhere(shares == 1):
        before, after = (
            ((rows["label"] == label) & (bins == place)).sum()
            for rows, bins in zip((plain, matched), index, strict=True)
        )
        assert before == after > 0


def test_what_is_left_out_is_counted_by_class(many, tmp_path):
    counts = _built(many, tmp_path, weights=MATCH).description["counts"]
    before = np.bincount(_rows(_built(many, tmp_path / "plain"))["label"])
    after = np.bincount(_rows(Dataset.open(tmp_path))["label"])
    lost = {entry["reason"]: entry["before"] - entry["after"] for entry in counts}
    assert lost["spectrum matched, gluon"] == before[0] - after[0]
    assert lost["spectrum matched, quark"] == before[1] - after[1]
    assert (before - after).min() > 0
    assert counts[-1]["after"] == after.sum()


def test_the_drawing_does_not_depend_on_the_order_of_the_jets(many, tmp_path):
    first = _rows(_built(many, tmp_path / "first", weights=MATCH))
    files = {}
    for sample, paths in many.items():
        jets = TableReader(paths[0]).read("jets")
        shuffled = jets[np.random.default_rng(2).permutation(len(jets))]
        halves = np.array_split(shuffled, 2)
        files[sample] = [write_jets(tmp_path / f"{sample}{k}.h5", half) for k, half in enumerate(halves)]
    second = _rows(_built(files, tmp_path / "second", weights=MATCH))
    names = ["event_number", "pt", "label"]
    # The sums that decide are added up in another order, so a jet at the very edge may differ.
    same = set(map(tuple, first[names].tolist())) & set(map(tuple, second[names].tolist()))
    assert len(same) >= max(len(first), len(second)) - 1


def test_trees_go_with_their_jets(clustered, tmp_path):
    from tree_files import tree_analysis

    build(tree_analysis(weights=NUMBERS), "flavour", clustered, tmp_path)
    build(tree_analysis(weights={"event": False}), "flavour", clustered, tmp_path / "plain")
    trees = []
    for directory in (tmp_path, tmp_path / "plain"):
        view = Dataset.open(directory).view()
        jets = Block.concatenate([block for role in view.files for block in view.blocks(role)])
        trees.append(
            {
                (row["event_number"], row["pt"]): jets.branchings[start:stop].tolist()
                for row, start, stop in zip(jets.rows, jets.offsets[:-1], jets.offsets[1:], strict=True)
            }
        )
    assert 0 < len(trees[0]) < len(trees[1])
    assert trees[0] == {key: trees[1][key] for key in trees[0]}


def test_folds_share_one_drawing(many, tmp_path):
    dataset = _built(many, tmp_path, weights=MATCH, split={"folds": 3})
    assert len(dataset.description["views"]) == 3
    assert sum(entry["jets"] for entry in dataset.description["summary"]) < 14_000


def test_the_spectra_before_are_kept(many, tmp_path):
    shown = _built(many, tmp_path / "matched", weights=MATCH).description["matching"]["spectra"]["pt"]
    rows = _rows(_built(many, tmp_path / "plain"), "train")
    sums, _ = _spectra(rows, shown["edges"], rows["event_weight"].astype(float))
    for label in (0, 1):
        np.testing.assert_allclose(shown["sums"][label], sums[label][1:-1], rtol=1e-9)


def test_the_spectra_before_are_kept_in_bins_that_refine_those_of_the_matching(many, tmp_path):
    facts = _built(many, tmp_path / "matched", weights=MATCH).description["matching"]
    shown = facts["spectra"]["pt"]
    assert set(facts["edges"]["pt"]) < set(shown["edges"])
    assert len(shown["edges"]) == 3 * (len(facts["edges"]["pt"]) + 1) + 1
    # Nothing lies outside.
    rows = _rows(_built(many, tmp_path / "plain"), "train")
    totals = np.bincount(rows["label"], rows["event_weight"])
    np.testing.assert_allclose(np.sum(shown["sums"], axis=1), totals, rtol=1e-6)


def test_energy_and_mass_of_trees_are_kept_as_well(clustered, tmp_path):
    from tree_files import tree_analysis

    build(tree_analysis(weights=NUMBERS), "flavour", clustered, tmp_path)
    build(tree_analysis(weights={"event": False}), "flavour", clustered, tmp_path / "plain")
    kept = Dataset.open(tmp_path).description["matching"]["spectra"]
    assert list(kept) == ["pt", "seed_e", "seed_m"]
    rows = _rows(Dataset.open(tmp_path / "plain"), "train")
    for name in ("seed_e", "seed_m"):
        expected = [np.histogram(rows[name][rows["label"] == k], kept[name]["edges"])[0] for k in (0, 1)]
        np.testing.assert_array_equal(kept[name]["sums"], expected)
        assert np.sum(expected) > 0.95 * len(rows)


@pytest.mark.parametrize(
    ("inner", "low", "high", "ends"),
    [
        ([2.0, 5.0], 1.0, 8.0, [1, 2, 5, 8]),
        ([], 0.0, 3.0, [0, 3]),
        ([1.0], 1.0, 4.0, [1, 4]),
        ([4.0], 4.0, 4.0, [4, 5]),
        ([1.0, 2.0, 3.0], 0.0, 3.0, [0, 1, 2, 3, 4]),
        ([0.0], 0.0, 0.0, [0, 1]),
    ],
)
def test_finer_edges_hold_those_of_the_bins_and_the_extremes(inner, low, high, ends):
    edges = finer_edges(inner, low, high)
    np.testing.assert_allclose(edges[::3], ends)
    assert edges[-1] > high
    assert (np.diff(edges) > 1e-3).all()


def test_bins_of_what_spans_a_lot_are_even_in_the_logarithm():
    np.testing.assert_allclose(np.diff(bulk_edges(0.0, 60.0)), 2.0)
    np.testing.assert_allclose(np.diff(np.log(bulk_edges(1.0, 1000.0))), np.log(1000) / 30)
    assert np.ptp(bulk_edges(5.0, 5.0)) == 1.0


def test_spectra_that_do_not_meet_are_refused():
    with pytest.raises(EmptySampleError, match=r"weights\.match: the spectra of the classes have no bin in common"):
        acceptance(np.array([[1.0, 0.0], [0.0, 1.0]]), Weights())


def test_acceptance_is_the_rarest_class_over_each():
    sums = np.array([[4.0, 2.0, 0.0], [1.0, 4.0, 1.0]])
    assert acceptance(sums, Weights(event=False)).tolist() == [[0.25, 1.0, 0.0], [1.0, 0.5, 0.0]]
    shares = acceptance(sums * np.array([[7.0], [1.0]]), Weights())
    np.testing.assert_allclose(shares, [[0.25, 1.0, 0.0], [1.0, 0.5, 0.0]])
    assert acceptance(np.array([[-1.0, 2.0], [3.0, 2.0]]), Weights(event=False)).tolist() == [[0, 1], [0, 1]]


def test_jets_of_no_class_stay_and_neighbours_of_an_event_are_drawn_apart():
    rows = np.zeros(4000, [("run_number", "u4"), ("event_number", "u8"), ("label", "i4"), ("pt", "f4")])
    rows["event_number"] = np.arange(4000) // 2
    rows["pt"] = np.arange(4000)
    kept = draw(rows, ["pt"], [np.zeros(0)], np.array([[0.5, 0.5]]), 0)
    assert kept.mean() == pytest.approx(0.5, abs=0.03)
    assert (kept[::2] == kept[1::2]).mean() == pytest.approx(0.5, abs=0.05)
    rows["label"] = -1
    assert draw(rows, ["pt"], [np.zeros(0)], np.array([[0.0, 0.0]]), 0).all()
