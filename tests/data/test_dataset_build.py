import json

import numpy as np
import pytest

from jetloom.config.load import load_merged
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.data.features import input_matrix
from jetloom.errors import (
    BudgetError,
    ConfigurationError,
    CorruptFileError,
    EmptySampleError,
    InputError,
    MissingFileError,
)
from jetloom.expressions import evaluate
from jetloom.io.hdf5.tables import TableReader
from tiny_analysis import CONFIG, analysis, make_jets, merged, write_jets


def _all_rows(dataset, role=None, view=None):
    view = view or dataset.view()
    return np.concatenate([block for name in ([role] if role else view.files) for block in view.blocks(name)])


@pytest.fixture(scope="module")
def built(converted, tmp_path_factory):
    directory = tmp_path_factory.mktemp("dataset")
    build(analysis(), "flavour", converted, directory)
    return Dataset.open(directory)


@pytest.fixture(scope="module")
def raw(converted):
    return np.concatenate([TableReader(path).read("jets") for paths in converted.values() for path in paths])


def _keys(rows):
    return rows["run_number"].astype(np.uint64) << np.uint64(40) | rows["event_number"]


def test_every_labelled_jet_is_in_one_part(built, raw):
    rows = _all_rows(built)
    labelled = raw[raw["truth"] > 0]
    assert len(rows) == len(labelled) == sum(entry["jets"] for entry in built.description["summary"])
    assert sorted(_keys(rows)) == sorted(_keys(labelled))
    events = [set(_keys(_all_rows(built, role)).tolist()) for role in ("train", "validation", "test")]
    assert not events[0] & events[1]
    assert not events[0] & events[2]
    assert not events[1] & events[2]
    lost = {entry["reason"]: (entry["before"], entry["after"]) for entry in built.description["counts"]}
    assert lost == {"in the file": (len(raw), len(raw)), "no class": (len(raw), len(labelled))}


def test_inputs_are_the_expressions_of_the_jets(built, raw):
    rows = np.sort(_all_rows(built), order=["event_number", "pt"])
    jets = np.sort(raw[raw["truth"] > 0], order=["event_number", "pt"])
    columns = {name: jets[name] for name in jets.dtype.names}
    for entry in built.description["inputs"]:
        np.testing.assert_array_equal(
            rows[entry["column"]], np.asarray(evaluate(entry["expression"], columns), np.float32)
        )
    np.testing.assert_array_equal(rows["eta"], jets["eta"])
    assert (rows["label"] == (jets["truth"] < 21)).all()
    assert [entry["title"] for entry in built.description["spectators"]] == ["Jet $p_T$ [GeV]", "eta"]
    view = built.view()
    names = view.facts.rows.names
    np.testing.assert_array_equal(input_matrix(rows, names), np.stack([rows[name] for name in names], 1))


def test_weights_add_up(built, raw):
    train = _all_rows(built, "train")
    sums = np.bincount(train["label"], train["weight"].astype(float))
    np.testing.assert_allclose(sums, len(train) / 2, rtol=1e-6)
    # In pb: cross-section times the share of the sample's weight that was kept.
    rows = _all_rows(built)
    kept = raw["mc_event_weight"][:800][raw["truth"][:800] > 0].sum(dtype=float) / raw["mc_event_weight"][:800].sum()
    assert rows["event_weight"][rows["sample"] == 0].sum() == pytest.approx(10.0 * kept, rel=1e-5)


def test_what_is_fitted_is_fitted_on_the_training_part(built):
    view = built.view()
    values = input_matrix(_all_rows(built, "train"), view.facts.rows.names).astype(float)
    np.testing.assert_allclose(view.facts.rows.mean, values.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(view.facts.rows.std, values.std(axis=0), rtol=1e-9)
    np.testing.assert_array_equal(view.facts.rows.missing, view.facts.rows.mean)
    entry = built.description["views"][0]
    assert (np.array(entry["low"]) >= values.min(axis=0)).all()
    assert (np.array(entry["high"]) <= values.max(axis=0)).all()


def test_the_column_sample_counts_in_the_order_of_the_names(built, converted):
    rows, names = _all_rows(built), built.description["sample_names"]
    assert names == list(converted)
    for index, name in enumerate(names):
        events = np.concatenate([TableReader(path).read("jets")["event_number"] for path in converted[name]])
        assert np.isin(rows["event_number"][rows["sample"] == index], events).all()


def test_nothing_but_the_dataset_is_left(built):
    names = {path.relative_to(built.directory).as_posix() for path in built.directory.rglob("*")}
    assert names == {"dataset.json", "fingerprint.txt", "parts"} | {
        f"parts/{name}.h5" for name in ("train", "validation", "test")
    }
    assert (built.directory / "fingerprint.txt").read_text().strip() == built.fingerprint


def test_equal_content_gives_an_equal_fingerprint(built, make):
    assert make(title="Another title", spectators=["pt", "eta"]).fingerprint == built.fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": ["log(pt)", "width"]},
        {"inputs": ["width", "log(pt)", "ntrk"]},
        {"labels": {"gluon": {"when": "truth in (21, 2)"}}},
        {"weights": {"equalise": False}},
        {"split": {"salt": 1}},
        {"split": {"folds": 3}},
        {"select": ["pt > 25"]},
        {"missing": {"width": 0.5}},
        {"spectators": ["eta", "pt"]},
    ],
)
def test_other_content_gives_another_fingerprint(built, make, changes):
    assert make(**changes).fingerprint != built.fingerprint


def test_one_changed_row_gives_another_fingerprint(built, converted, tmp_path):
    jets = make_jets(400, 3, 0.8, first_event=20_000)
    files = {**converted, "ttbar": [write_jets(tmp_path / "same.h5", jets)]}
    build(analysis(), "flavour", files, tmp_path / "same")
    assert Dataset.open(tmp_path / "same").fingerprint == built.fingerprint
    chosen = np.flatnonzero(jets["truth"] > 0)[7]
    jets["width"][chosen] = np.nextafter(jets["width"][chosen], np.float32(1))
    files = {**converted, "ttbar": [write_jets(tmp_path / "other.h5", jets)]}
    build(analysis(), "flavour", files, tmp_path / "other")
    assert Dataset.open(tmp_path / "other").fingerprint != built.fingerprint


def test_folds_share_the_parts_and_have_their_own_weights(make):
    dataset = make(split={"folds": 3})
    tested = []
    for fold in range(3):
        view = dataset.view(fold)
        assert view.weight == f"weight_fold{fold}"
        train = _all_rows(dataset, "train", view)
        np.testing.assert_allclose(np.bincount(train["label"], train[view.weight].astype(float)), len(train) / 2, 1e-6)
        inputs = input_matrix(train, view.facts.rows.names).astype(float)
        np.testing.assert_allclose(view.facts.rows.mean, inputs.mean(axis=0), rtol=1e-9)
        tested += view.files["test"]
        assert view.rows("train") == len(train)
    assert len(set(tested)) == 3
    with pytest.raises(ConfigurationError, match="has no fold 3"):
        dataset.view(3)
    with pytest.raises(ConfigurationError, match="has no fold None"):
        dataset.view()


def test_missing_values_become_nan_and_have_a_value_for_them(converted, make, tmp_path):
    jets = make_jets(400, 3, 0.8, first_event=20_000)
    jets["width"][::4] = np.nan
    jets["width"][1::4] = np.inf
    jets["pt"][::10] = 0  # log(0)
    files = {**converted, "ttbar": [write_jets(tmp_path / "ttbar.h5", jets)]}
    dataset = make(files, missing={"width": -1.0})
    view, rows = dataset.view(), None
    rows = _all_rows(dataset)
    assert np.isnan(rows["width"]).sum() == (~np.isfinite(jets["width"][jets["truth"] > 0])).sum()
    assert not np.isinf(rows["log_pt"]).any()
    assert view.facts.rows.missing.tolist() == [view.facts.rows.mean[0], -1.0, view.facts.rows.mean[2]]
    train = _all_rows(dataset, "train")
    assert view.facts.rows.mean[1] == pytest.approx(np.nanmean(train["width"], dtype=float), rel=1e-9)
    assert dataset.description["views"][0]["missing_share"][1] == pytest.approx(np.isnan(train["width"]).mean())


def test_an_input_that_is_always_missing_is_refused(make):
    with pytest.raises(EmptySampleError, match=r"input 'log_eta_100': is NaN in every jet"):
        make(inputs=["width", "log(eta - 100)"])


def test_cuts_are_counted_in_order(make, raw):
    dataset = make(select=["pt > 30", "abs(eta) < 1"], weights={"negative": "drop"})
    counts = dataset.description["counts"][1:]
    assert [entry["reason"] for entry in counts] == ["pt > 30", "abs(eta) < 1", "no class", "weight not positive"]
    assert counts[0]["before"] == len(raw)
    assert counts[0]["after"] == counts[1]["before"] == (raw["pt"] > 30).sum()
    assert counts[-1]["after"] == len(_all_rows(dataset))


def test_negative_weights_are_kept_or_made_positive_or_dropped(converted, make, tmp_path):
    jets = make_jets(400, 3, 0.8, first_event=20_000)
    jets["mc_event_weight"][::5] *= -1
    files = {**converted, "ttbar": [write_jets(tmp_path / "ttbar.h5", jets)]}
    labelled = jets[jets["truth"] > 0]
    negative = {}
    for treatment in ("keep", "absolute", "drop"):
        rows = _all_rows(make(files, tmp_path / treatment, weights={"negative": treatment}))
        rows = rows[rows["sample"] == 1]
        negative[treatment] = ((rows["weight"] < 0).sum(), len(rows))
    lost = (labelled["mc_event_weight"] < 0).sum()
    assert negative == {
        "keep": (lost, len(labelled)),
        "absolute": (0, len(labelled)),
        "drop": (0, len(labelled) - lost),
    }


def test_data_has_weight_one(converted, tmp_path):
    settings = load_merged(
        merged(
            CONFIG,
            {"samples": {"ttbar": {"is_data": True}}, "tasks": {"flavour": {"weights": {"equalise": False}}}},
        )
    )
    build(settings, "flavour", converted, tmp_path)
    rows = _all_rows(Dataset.open(tmp_path))
    assert (rows["event_weight"][rows["sample"] == 1] == 1).all()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"inputs": ["widht"]}, ConfigurationError, r"jets: 'widht': no variable 'widht'; did you mean 'width'"),
        ({"select": ["pT > 1"]}, ConfigurationError, r"no variable 'pT'; did you mean 'pt'"),
        ({"spectators": ["pt", "phi"]}, ConfigurationError, "no variable 'phi'"),
        ({"labels": {"gluon": {"when": "trut == 21"}}}, ConfigurationError, "no variable 'trut'"),
        (
            {"weights": {"flatten": {"to": "quark", "variables": {"ptt": 5}}}},
            ConfigurationError,
            "no variable 'ptt'; did you mean 'pt'",
        ),
        ({"inputs": ["e > 10"]}, ConfigurationError, "no variable 'e'"),
        ({"inputs": ["pt + eta", "pt - eta"]}, ConfigurationError, "two inputs have the column name 'pt_eta'"),
        ({"inputs": ["-pt"]}, ConfigurationError, "the input '-pt' would take the name of the variable 'pt'"),
        ({"inputs": ["label"]}, ConfigurationError, "inputs: 'label' is the name of a column that"),
        ({"spectators": ["weight"]}, ConfigurationError, "spectators: 'weight' is the name of a column that"),
        (
            {"labels": {"charm": {"when": "truth == 4"}}},
            EmptySampleError,
            "class 'charm': has no jet in the training part",
        ),
        ({"select": ["pt < 0"]}, EmptySampleError, "training part: no jet is left"),
    ],
)
def test_what_cannot_be_built_is_refused_and_leaves_no_dataset(make, tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        make(**changes)
    assert not list(tmp_path.rglob("dataset.json"))
    assert not list(tmp_path.rglob(".*"))


def test_event_numbers_may_be_spectators(make):
    rows = _all_rows(make(spectators=["pt", "event_number"]))
    assert rows["event_number"].max() > 20_000


def test_an_input_keeps_its_own_values_beside_a_variable_of_its_column_name(make):
    rows = _all_rows(make(inputs=["-eta", "width"], spectators=["pt"]))
    other = _all_rows(make(inputs=["eta", "width"], spectators=["pt"]))
    np.testing.assert_array_equal(rows["eta"], -other["eta"])


def test_a_failed_build_leaves_no_description_of_other_parts(make, converted, tmp_path):
    """The parts are replaced one by one; a description of the old ones beside them would lie."""
    make()
    rare = make_jets(400, 3, 0.8, first_event=20_000)
    rare["truth"][rare["truth"] == 3] = 2
    chosen = np.flatnonzero(rare["truth"] > 0)[:1]
    rare["truth"][chosen] = 3  # one jet alone cannot be in three parts
    files = {**converted, "ttbar": [write_jets(tmp_path / "rare.h5", rare)]}
    with pytest.raises(EmptySampleError):
        make(files, labels={"rare": {"when": "truth == 3 and run_number == 1 and event_number > 19999"}})
    labels = {"gluon": {"when": "truth == 21"}, "quark": {"when": "truth in (1, 2)"}}
    jets = make_jets(400, 3, 0.8, first_event=20_000)
    jets["truth"][jets["truth"] != 21] = -1
    with pytest.raises(EmptySampleError, match=r"class 'quark': has no jet in the (validation|test) part"):
        make({"dijet": [_one_quark(tmp_path)], "ttbar": [write_jets(tmp_path / "t.h5", jets)]}, labels=labels)
    with pytest.raises(MissingFileError):
        Dataset.open(tmp_path / "dataset")


def _one_quark(tmp_path):
    from jetloom.config.tasks.split import Split
    from jetloom.data.building.split import assign_parts, event_hash

    jets = make_jets(400, 1, 0.0)
    split = Split(train=0.6, validation=0.2, test=0.2)
    part = assign_parts(event_hash(jets["run_number"], jets["event_number"]), split)
    jets["truth"][np.flatnonzero(part == 0)[0]] = 1
    return write_jets(tmp_path / "one_quark.h5", jets)


def test_a_part_in_which_a_class_has_no_positive_weight_is_refused(make, converted, tmp_path):
    from jetloom.config.tasks.split import Split
    from jetloom.data.building.split import assign_parts, event_hash

    files = {}
    for name, paths in converted.items():
        files[name] = []
        for path in paths:
            jets = TableReader(path).read("jets")
            split = Split(train=0.6, validation=0.2, test=0.2)
            part = assign_parts(event_hash(jets["run_number"], jets["event_number"]), split)
            jets["mc_event_weight"][(part == 2) & (jets["truth"] == 21)] *= -1
            files[name].append(write_jets(tmp_path / path.name, jets))
    with pytest.raises(EmptySampleError, match=r"class 'gluon': the weights of .* jets in the test part sum to -"):
        make(files)


def test_skipped_files_are_held_against_the_budget(converted, tmp_path):
    empty = make_jets(0, 1)
    skipped = write_jets(tmp_path / "bad.h5", empty, status="skipped", reason="is truncated")
    files = {**converted, "dijet": [skipped, *converted["dijet"]]}
    with pytest.raises(BudgetError, match=r"sample 'dijet': 1 of 3 files are bad, the budget is 0%.*is truncated"):
        build(analysis(), "flavour", files, tmp_path / "dataset")
    lenient = load_merged(merged(CONFIG, {"conversion": {"budget": {"files": 0.4}}}))
    facts = build(lenient, "flavour", files, tmp_path / "dataset")["samples"]["dijet"]
    assert facts["skipped"] == [{"file": "bad", "reason": "is truncated"}]
    assert (facts["files"], facts["rows"]) == (3, 800)


def test_an_empty_sample_is_refused(converted, tmp_path):
    empty = {**converted, "ttbar": [write_jets(tmp_path / "ttbar.h5", make_jets(0, 1))]}
    with pytest.raises(EmptySampleError, match="sample 'ttbar': no jet is left of 0 events in 1 files"):
        build(analysis(), "flavour", empty, tmp_path / "dataset")
    with pytest.raises(EmptySampleError, match="sample 'ttbar': has no files"):
        build(analysis(), "flavour", {**converted, "ttbar": []}, tmp_path / "dataset")


def test_a_sample_whose_weights_cancel_is_refused(converted, tmp_path):
    jets = make_jets(400, 1)
    jets["mc_event_weight"] = np.where(np.arange(400) % 2, 1, -1)
    with pytest.raises(EmptySampleError, match="sample 'ttbar': its generator weights sum to 0"):
        build(analysis(), "flavour", {**converted, "ttbar": [write_jets(tmp_path / "t.h5", jets)]}, tmp_path / "d")


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_file_is_refused(converted, tmp_path, share):
    whole = converted["ttbar"][0].read_bytes()
    (tmp_path / "ttbar.h5").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CorruptFileError, match=r"ttbar\.h5"):
        build(analysis(), "flavour", {**converted, "ttbar": [tmp_path / "ttbar.h5"]}, tmp_path / "dataset")
    assert not (tmp_path / "dataset" / "dataset.json").exists()


def test_a_file_that_is_not_there_or_not_of_jetloom(converted, tmp_path):
    with pytest.raises(MissingFileError):
        build(analysis(), "flavour", {**converted, "ttbar": [tmp_path / "ttbar.h5"]}, tmp_path / "dataset")
    import h5py

    with h5py.File(tmp_path / "ttbar.h5", "w") as file:
        file["jets"] = make_jets(10, 1)
    with pytest.raises(CorruptFileError, match="not made by jetloom, or never closed"):
        build(analysis(), "flavour", {**converted, "ttbar": [tmp_path / "ttbar.h5"]}, tmp_path / "dataset")


def test_flipped_bytes_never_crash(converted, tmp_path):
    """A flip is refused by name, or sits where nothing checks it; it is never a crash of another kind."""
    whole = bytearray(converted["ttbar"][0].read_bytes())
    refused = 0
    for offset in np.random.default_rng(3).integers(0, len(whole), 60).tolist():
        flipped = bytearray(whole)
        flipped[offset] ^= 0xFF
        (tmp_path / "ttbar.h5").write_bytes(flipped)
        try:
            build(analysis(), "flavour", {**converted, "ttbar": [tmp_path / "ttbar.h5"]}, tmp_path / "dataset")
        except (InputError, ConfigurationError):
            refused += 1
    assert refused > 0


def test_a_description_that_is_not_there_or_not_whole(built, tmp_path):
    with pytest.raises(MissingFileError, match="run jetloom dataset first"):
        Dataset.open(tmp_path)
    (tmp_path / "dataset.json").write_text(json.dumps(built.description)[:-100])
    with pytest.raises(CorruptFileError, match="is not JSON"):
        Dataset.open(tmp_path)


def test_a_part_that_changed_on_the_disk_is_refused(make):
    dataset = make()
    dataset.verify()
    path = dataset.view().files["train"][0]
    content = bytearray(path.read_bytes())
    content[-100] ^= 1  # one bit of the data, which HDF5 itself does not notice
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"train\.h5: is not as it was written"):
        dataset.verify()
    path.unlink()
    with pytest.raises(MissingFileError, match=r"train\.h5"):
        dataset.verify()
