"""Collections in datasets, against plain loops over their entries."""

import json
import math

import numpy as np
import pytest

from jetloom.config.load import load_merged
from jetloom.cutflow import CutFlow
from jetloom.data.block import SLOT_BLOCK_BYTES, Block, iter_blocks
from jetloom.data.building import collected
from jetloom.data.building.build import build
from jetloom.data.building.collected import Collector
from jetloom.data.dataset import Dataset
from jetloom.data.features import slot_inputs, slot_matrix
from jetloom.errors import BadValueError, ConfigurationError, CorruptFileError, EmptySampleError, MissingObjectError
from jetloom.io.hdf5.tables import TableReader
from slot_files import COLLECTIONS, PLACES, make_places, slot_analysis, slot_config, write_places, write_slot_samples
from tiny_analysis import JETS, make_jets


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    return write_slot_samples(tmp_path_factory.mktemp("hdf5"))


@pytest.fixture(scope="module")
def built(converted, tmp_path_factory):
    directory = tmp_path_factory.mktemp("dataset")
    build(slot_analysis(), "flavour", converted, directory)
    return Dataset.open(directory)


@pytest.fixture
def make(converted, tmp_path):
    def function(files=None, directory="dataset", **task):
        build(slot_analysis(**task), "flavour", files or converted, tmp_path / directory)
        return Dataset.open(tmp_path / directory)

    return function


def _collected(path, settings, losses=None):
    """What the task takes of a file's collection, and the file's content."""
    task = slot_analysis(collections={"some": {"of": "constituents", **settings}}).tasks["flavour"]
    with TableReader(path) as reader:
        block = Block.concatenate(list(iter_blocks(reader)))
        return Collector("some", task, reader).of(block, losses or CutFlow()).values, block


def _by_a_loop(jet, entries, cut, key, slots):
    """The inputs log(pt / jets.pt), eta - jets.eta and d0 of the entries of one jet that find a place."""
    kept = [entry for entry in entries if entry["valid"] and cut(entry, jet)]
    if key is not None:
        known = [entry for entry in kept if not math.isnan(key(entry, jet))]
        kept = sorted(known, key=lambda entry: -key(entry, jet)) + [e for e in kept if math.isnan(key(e, jet))]
    return [
        (math.log(float(e["pt"]) / float(jet["pt"])), float(e["eta"]) - float(jet["eta"]), float(e["d0"]))
        for e in kept[:slots]
    ]


CUTS = {
    "all": ([], None, lambda *_: True, None),
    "charged": (["charge != 0"], None, lambda entry, _: entry["charge"] != 0, None),
    "of the jet": (
        ["pt > 0.1 * jets.pt", "abs(eta - jets.eta) < 0.1"],
        None,
        lambda entry, jet: (
            float(entry["pt"]) > 0.1 * float(jet["pt"]) and abs(float(entry["eta"]) - float(jet["eta"])) < 0.1
        ),
        None,
    ),
    "with a unit": (["pt > 2500 MeV"], None, lambda entry, _: float(entry["pt"]) > 2.5, None),
    "sorted, some unknown": ([], "abs(d0)", lambda *_: True, lambda entry, _: abs(float(entry["d0"]))),
    "softest first": (["charge == 0"], "-pt", lambda entry, _: entry["charge"] == 0, lambda e, _: -float(e["pt"])),
}


@pytest.mark.parametrize("slots", [1, 4, 12])
@pytest.mark.parametrize("case", CUTS)
def test_slots_hold_what_a_loop_finds(converted, case, slots):
    select, sort, cut, key = CUTS[case]
    losses = CutFlow()
    settings = {"select": select, "sort": sort, "slots": slots, "inputs": COLLECTIONS["charged"]["inputs"]}
    found, block = _collected(converted["dijet"][0], settings, losses)
    assert found.dtype.names == ("log_pt_jets_pt", "eta_jets_eta", "d0", "valid")
    places = block.collections["constituents"].values
    assert found.shape == (len(places), slots)
    kept = 0
    for jet, entries, slot in zip(block.rows, places, found, strict=True):
        expected = _by_a_loop(jet, entries, cut, key, slots)
        kept += len(expected)
        assert slot["valid"].tolist() == [True] * len(expected) + [False] * (slots - len(expected))
        filled = slot_matrix(collected.Slots(slot[None]), found.dtype.names[:-1])[0]
        np.testing.assert_allclose(filled[: len(expected)], np.reshape(expected, (-1, 3)), rtol=1e-5, atol=1e-6)
        assert not filled[len(expected) :].any()
    steps = losses.as_json()
    assert {step["level"] for step in steps} == {"some"}
    assert [step["reason"] for step in steps] == ["in the file", *select, f"slots: {slots}"]
    assert steps[0]["before"] == places["valid"].sum()
    assert steps[-1]["after"] == kept


def test_what_is_not_finite_or_not_known_is_missing(tmp_path):
    jets = np.zeros(2, JETS)
    jets["pt"], jets["mc_event_weight"] = [100, 0], 1
    places = np.zeros((2, 3), PLACES)
    places["pt"], places["d0"] = [[0, 50, 20], [10, 0, 0]], [[1, np.nan, np.inf], [2, 0, 0]]
    places["valid"] = [[True, True, True], [True, False, False]]
    inputs = ["log(pt / jets.pt)", "d0", "d0 > 1.5"]
    path = write_places(tmp_path / "x.h5", jets, places)
    found, _ = _collected(path, {"inputs": inputs, "slots": 3})
    nan = np.nan
    np.testing.assert_array_equal(
        slot_matrix(collected.Slots(found), [column for column in found.dtype.names if column != "valid"]),
        np.array(
            [
                [[nan, 1, 0], [np.log(0.5), nan, nan], [np.log(0.2), nan, 1]],
                [[nan, 2, 1], [0, 0, 0], [0, 0, 0]],
            ],
            np.float32,
        ),
    )


def test_each_jet_keeps_its_entries_and_its_side(built, converted):
    rows, slots = [], []
    for role in ("train", "validation", "test"):
        for block in built.view().blocks(role):
            rows.append(block.rows)
            slots.append(block.collections["charged"].values)
    rows, slots = np.concatenate(rows), np.concatenate(slots)
    expected = {}
    for paths in converted.values():
        found, block = _collected(paths[0], {key: COLLECTIONS["charged"][key] for key in ("select", "inputs", "slots")})
        for event, pt, slot in zip(block["event_number"], block["pt"], found, strict=True):
            expected[int(event), float(pt)] = slot.tobytes()
    assert len(rows) > 600
    for event, pt, slot in zip(rows["event_number"], rows["pt"], slots, strict=True):
        assert expected[int(event), float(pt)] == slot.tobytes()


def test_what_is_fitted_is_fitted_on_filled_slots_of_the_training_part(built):
    view = built.view()
    blocks = list(view.blocks("train"))
    for name, columns in view.facts.collections.items():
        parts = [slot_inputs(block, name, view.facts) for block in blocks]
        values, valid = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        filled = values[valid].astype(float)
        assert columns.slots == COLLECTIONS[name]["slots"]
        np.testing.assert_allclose(columns.mean, np.nanmean(filled, axis=0), rtol=1e-9)
        np.testing.assert_allclose(columns.std, np.nanstd(filled, axis=0), rtol=1e-9)
        np.testing.assert_array_equal(columns.missing, columns.mean)
        fitted = built.description["views"][0]["collections"][name]
        np.testing.assert_allclose(fitted["missing_share"], np.isnan(filled).mean(axis=0))
        assert fitted["entries"] == len(filled) < valid.size
    assert built.description["views"][0]["collections"]["charged"]["missing_share"][2] > 0.05
    assert [entry["title"] for entry in built.description["collections"]["charged"]["inputs"]][2] == "$d_0$ [mm]"


def test_robust_scaling_and_values_for_what_is_missing(make, built):
    charged = {**COLLECTIONS["charged"], "missing": {"d0": -3.0}}
    dataset = make(scaling="robust", collections={"charged": charged})
    view = dataset.view()
    parts = [slot_inputs(block, "charged", view.facts) for block in view.blocks("train")]
    filled = np.concatenate([values[valid] for values, valid in parts])
    columns = view.facts.collections["charged"]
    np.testing.assert_allclose(columns.mean, np.nanmedian(filled, axis=0), rtol=1e-6)
    assert columns.missing.tolist() == [*columns.mean[:2], -3.0]
    assert dataset.fingerprint != built.fingerprint


def test_folds_fit_their_own(make):
    dataset = make(split={"folds": 3})
    means = [tuple(dataset.view(fold).facts.collections["charged"].mean) for fold in range(3)]
    assert len(set(means)) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"slots": 5},
        {"select": ["charge != 0", "pt > 1"]},
        {"sort": "abs(d0)"},
        {"missing": {"d0": 0}},
        {"inputs": ["log(pt / jets.pt)", "d0", "eta - jets.eta"]},
    ],
)
def test_other_content_gives_another_fingerprint(built, make, change):
    assert make(collections={"charged": {**COLLECTIONS["charged"], **change}}).fingerprint != built.fingerprint


def test_one_changed_entry_gives_another_fingerprint_and_what_has_no_place_does_not(built, converted, tmp_path, make):
    jets = make_jets(400, 1, 0.3)
    places = make_places(jets, 0)
    same = {**converted, "dijet": [write_places(tmp_path / "same.h5", jets, places)]}
    assert make(same).fingerprint == built.fingerprint
    row = int(np.flatnonzero((jets["truth"] > 0) & (places["charge"][:, 0] != 0) & places["valid"][:, 0])[3])
    places["eta"][~places["valid"]] = 7
    unseen = {**converted, "dijet": [write_places(tmp_path / "unseen.h5", jets, places)]}
    assert make(unseen).fingerprint == built.fingerprint
    places["eta"][row, 0] += 0.25
    other = {**converted, "dijet": [write_places(tmp_path / "other.h5", jets, places)]}
    assert make(other).fingerprint != built.fingerprint


def test_a_damaged_slot_is_found(make):
    dataset = make()
    path = dataset.view().files["train"][0]
    raw = path.read_bytes()
    with TableReader(path) as reader:
        entry = reader.read("charged")[0].tobytes()
    place = raw.index(entry)
    path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
    with pytest.raises(CorruptFileError, match=r"train\.h5: charged: .*not as they were written"):
        list(dataset.view().blocks("train"))
    with pytest.raises(CorruptFileError, match="its digest differs"):
        dataset.verify()


def test_a_description_without_what_was_fitted_is_refused(make):
    from jetloom.io import sealed

    dataset = make()
    path = dataset.directory / "dataset.json"
    content = sealed.read_json(path)
    del content["views"][0]["collections"]["neutral"]
    sealed.write_json(path, content)
    with pytest.raises(CorruptFileError, match="a view has not all collections"):
        Dataset.open(dataset.directory)


def test_only_what_a_model_reads_is_read(built):
    view = built.view()
    assert {tuple(sorted(block.collections)) for block in view.blocks("test")} == {("charged", "neutral")}
    assert {tuple(block.collections) for block in view.blocks("test", reads={"neutral", "tracks"})} == {("neutral",)}
    assert {tuple(block.collections) for block in view.blocks("test", reads=frozenset())} == {()}


def test_blocks_with_slots_are_bounded_in_bytes(tmp_path):
    wide = np.dtype([(f"x{index}", "<f4") for index in range(64)] + [("valid", "?")])
    rows = 3 * SLOT_BLOCK_BYTES // (wide.itemsize * 1000)
    path = write_places(tmp_path / "wide.h5", np.zeros(rows, JETS), np.zeros((rows, 1000), wide))
    with TableReader(path) as reader:
        blocks = [(len(block), block.collections["constituents"].values.nbytes) for block in iter_blocks(reader)]
    assert sum(length for length, _ in blocks) == rows
    assert max(size for _, size in blocks) <= SLOT_BLOCK_BYTES
    assert len(blocks) == 4


def test_matching_draws_jets_with_their_entries(make, built):
    dataset = make(weights={"match": {"variables": {"pt": 4}}})
    before = {
        (int(row["event_number"]), float(row["pt"])): slot.tobytes()
        for block in built.view().blocks("train")
        for row, slot in zip(block.rows, block.collections["charged"].values, strict=True)
    }
    after = [
        (before[int(row["event_number"]), float(row["pt"])], slot.tobytes())
        for block in dataset.view().blocks("train")
        for row, slot in zip(block.rows, block.collections["charged"].values, strict=True)
    ]
    assert 50 < len(after) < len(before)
    assert all(one == other for one, other in after)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"of": "constituent"}, ConfigurationError, r"no collection 'constituent'; did you mean 'constituents'"),
        ({"inputs": ["d00"]}, ConfigurationError, r"'d00': no variable 'd00'; did you mean 'd0'"),
        ({"inputs": ["pt / jets.pT"]}, ConfigurationError, r"no variable 'jets.pT'; did you mean 'jets.pt'"),
        ({"select": ["width > 0"]}, ConfigurationError, r"no variable 'width'; did you mean 'jets.width'"),
        ({"sort": "p"}, ConfigurationError, "'p': no variable 'p'"),
        ({"inputs": ["log(-pt)"]}, EmptySampleError, r"input 'log_pt' of 'charged': is NaN in every entry"),
        ({"select": ["pt < 0"]}, EmptySampleError, r"collection 'charged': no slot is filled"),
        ({"inputs": ["1e20 * pt"]}, BadValueError, r"input '1e20 \* pt': .* charged \(100 %\) is no measurement"),
    ],
)
def test_what_cannot_be_is_refused(make, change, error, message):
    with pytest.raises(error, match=message):
        make(collections={"charged": {**COLLECTIONS["charged"], "missing": {}, **change}})


def test_a_value_that_says_missing_is_told(converted, tmp_path, make, caplog):
    jets = make_jets(400, 1, 0.3)
    places = make_places(jets, 0)
    places["d0"] = np.where(np.isnan(places["d0"]), -999, places["d0"])
    make({**converted, "dijet": [write_places(tmp_path / "x.h5", jets, places)]})
    assert "input 'd0' of 'charged': -999 in" in caplog.text


def test_what_a_file_lacks(converted, tmp_path, make, caplog):
    jets = make_jets(400, 1, 0.3)
    places = make_places(jets, 0)
    lacking = {"constituents.charge": "charge_branch", "constituents.d0": "d0_branch"}
    files = {**converted, "dijet": [write_places(tmp_path / "x.h5", jets, places, absent=lacking)]}
    with pytest.raises(MissingObjectError, match=r"charge: its input has no branch 'charge_branch', and the cut"):
        make(files)
    kept = {}
    for what in ("pass", "fail"):
        dataset = make(files, what, absent={"charge": what})
        fitted = dataset.description["views"][0]["collections"]["charged"]
        kept[what] = fitted["entries"]
        blocks = list(dataset.view().blocks("train"))
        ours = np.concatenate([block.collections["charged"].values[block["sample"] == 0] for block in blocks])
        assert ours["valid"].any() == (what == "pass")
        assert np.isnan(ours["d0"][ours["valid"]]).all()
    assert kept["pass"] > kept["fail"] > 0
    assert "the input 'd0' of 'charged' is missing in all of its jets" in caplog.text


def test_a_collection_that_a_file_lacks_is_empty_and_told(converted, tmp_path, make, caplog):
    jets = make_jets(400, 1, 0.3)
    places = np.zeros((400, 12), PLACES)
    make({**converted, "dijet": [write_places(tmp_path / "x.h5", jets, places, absent={"constituents": "Pflow"})]})
    assert "the collection 'charged' is missing: all slots of its jets are empty" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"collections": {"charged": {"slots": 0}}}, r"collections.charged.slots: .*greater than 0, not 0"),
        ({"collections": {"charged": {"inputs": []}}}, r"collections.charged.inputs: "),
        ({"collections": {"charged": {"inputs": ["pt", "pt "]}}}, "inputs: two have the column name 'pt'"),
        ({"collections": {"charged": {"inputs": ["valid"]}}}, "'valid' has the name of the column"),
        ({"collections": {"charged": {"inputs": ["pt[0]"]}}}, r"'pt\[0\]' is not allowed here"),
        ({"collections": {"charged": {"missing": {"d_0": 1}}}}, "no input column 'd_0'; did you mean 'd0'"),
        ({"collections": {"jets": COLLECTIONS["charged"]}}, "'jets' has another meaning"),
        ({"select": ["jets.pt > 20"]}, r"'jets.pt > 20': 'jets.pt' is not allowed here; write 'pt'"),
        ({"reads": "trees"}, "collections: files of trees hold none"),
    ],
)
def test_settings_that_say_nothing_are_refused(change, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_merged(slot_config(**change))
    assert "\n" not in caught.value.line()


def test_the_description_can_be_read_by_people(built):
    entry = json.loads((built.directory / "dataset.json").read_text())["collections"]["neutral"]
    assert (entry["of"], entry["slots"], entry["select"]) == ("constituents", 5, ["charge == 0"])
