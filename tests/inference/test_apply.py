"""Applying models: what is written, which events may be, and what becomes of folds."""

import shutil

import numpy as np
import pytest
import uproot
from applied_analysis import apply, hdf5, inside

from jetloom.config.tasks.split import Split
from jetloom.data.building.split import assign_parts, event_hash
from jetloom.io.hdf5.tables import TableReader


def read(path, tree="events"):
    with uproot.open(path) as file:
        return file[tree].arrays(library="ak")


def test_a_sample_that_did_not_train_gets_all_its_columns_and_the_outputs(plain):
    assert apply(plain, "--samples", "other") == 0
    found = read(plain / "out" / "other.root")
    with inside(plain), TableReader(hdf5("other")) as reader:
        jets = reader.read("jets")
    jets = jets[jets["pt"] > 35]
    import awkward as ak

    flat = ak.flatten(found["jets_pt"]).to_numpy()
    np.testing.assert_array_equal(flat, jets["pt"])
    assert flat.dtype == jets["pt"].dtype
    assert ak.flatten(found["jets_truth"]).to_numpy().dtype == jets["truth"].dtype
    counts = ak.num(found["jets_pt"]).to_numpy()
    np.testing.assert_array_equal(np.repeat(found["event_number"].to_numpy(), counts), jets["event_number"])
    total = found["jets_output_gluon"] + found["jets_output_quark"]
    np.testing.assert_allclose(ak.flatten(total).to_numpy(), 1.0, rtol=1e-5)
    assert len(np.unique(ak.flatten(found["jets_output_gluon"]).to_numpy())) > 100


def test_the_outputs_are_those_of_the_evaluation(plain):
    with inside(plain):
        from jetloom.cli.main import main

        assert main(["evaluate", "-q", "--config", "my.json", "--task", "flavour"]) == 0
        assert apply(plain, "--samples", "one", "two", "--part", "test", "--format", "hdf5", output="same") == 0
        with TableReader("results/a/best/flavour/predictions.h5") as reader:
            expected = reader.read("jets")
        rows = []
        for name in ("one", "two"):
            with TableReader(f"same/{name}.h5") as reader:
                rows.append(reader.read("jets"))
        found = np.concatenate(rows)
    order = np.lexsort((expected["pt"], expected["event_number"]))
    ours = np.lexsort((found["pt"], found["event_number"]))
    np.testing.assert_array_equal(expected["event_number"][order], found["event_number"][ours])
    np.testing.assert_allclose(expected["score_quark"][order], found["output_quark"][ours], rtol=1e-5)


@pytest.mark.parametrize("named", ["one.root", "renamed.root", "renamed.h5"])
def test_a_file_that_trained_is_refused_whatever_its_name(plain, named, capsys):
    ending = named.rpartition(".")[2]
    source = plain / ("one.root" if ending == "root" else hdf5("one"))
    if not (plain / named).exists():
        shutil.copy(source, plain / named)
    assert apply(plain, named, output="refused") == 3
    assert "took part in the training of 'flavour' (equal content)" in capsys.readouterr().err
    assert not any((plain / "refused").glob("*"))
    assert apply(plain, named, "--part", "test", output="tested") == 0


def test_a_file_of_other_bytes_with_events_that_trained_is_refused(plain, capsys):
    import flat_files

    flat_files.write_flat(plain / "again.root", events=350, first=0)
    assert apply(plain, "again.root", output="refused") == 3
    assert "events of it took part in the training of 'flavour' (run 1 event" in capsys.readouterr().err
    assert not any((plain / "refused").glob("*"))


def test_what_trained_is_applied_on_demand_and_marked(plain):
    split = Split(train=0.6, validation=0.2, test=0.2)
    for part, wanted in {"train": [0, 1], "test": [2], "all": [0, 1, 2]}.items():
        assert apply(plain, hdf5("one"), "--part", part, output=part) == 0
        found = read(plain / part / "one.root")
        hashes = event_hash(found["run_number"].to_numpy(), found["event_number"].to_numpy())
        np.testing.assert_array_equal(found["output_part"].to_numpy(), assign_parts(hashes, split))
        assert sorted(set(found["output_part"].tolist())) == wanted


def test_each_event_is_applied_once_by_the_fold_that_never_saw_it(folded):
    assert apply(folded, "--samples", "one", "two", "other") == 0
    import awkward as ak

    from jetloom.config.load import load_analysis
    from jetloom.inference.applied.networks import Networks
    from jetloom.inference.prediction import load_model, predict
    from jetloom.scan.chosen import choose

    with inside(folded):
        chosen = choose(load_analysis("my.json"), "flavour")
        networks = {fold: load_model(path) for fold, path in chosen.files.items()}
        Networks(chosen.recipe, networks, 10)
        expected = {}
        for fold, network in networks.items():
            view = chosen.dataset.view(fold)
            for rows, output in predict(network, chosen.recipe.model, view, "test"):
                keys = zip(rows["event_number"].tolist(), rows["pt"].tolist(), strict=True)
                expected |= dict(zip(keys, output[:, 1].tolist(), strict=True))
    found = {}
    for name in ("one", "two"):
        arrays = read(folded / "out" / f"{name}.root")
        events = np.repeat(arrays["event_number"].to_numpy(), ak.num(arrays["jets_pt"]).to_numpy())
        keys = list(zip(events.tolist(), ak.flatten(arrays["jets_pt"]).tolist(), strict=True))
        assert len(set(keys)) == len(keys)
        found |= dict(zip(keys, ak.flatten(arrays["jets_output_quark"]).tolist(), strict=True))
    assert found.keys() == expected.keys()
    np.testing.assert_allclose([found[key] for key in expected], list(expected.values()), rtol=1e-5)


def test_a_fold_that_is_missing_or_of_other_data_is_refused(folded, capsys, tmp_path):
    directory = tmp_path / "copy"
    shutil.copytree(folded, directory)
    (run,) = directory.glob("results/a/scans/flavour/p*/r0f1")
    shutil.move(run, run.with_name("elsewhere"))
    assert apply(directory, "--samples", "other", output="refused") == 3
    assert "r0f1" in capsys.readouterr().err
    shutil.copytree(run.with_name("r0f2"), run)  # another fold in its place
    assert apply(directory, "--samples", "other", output="refused") == 3
    assert "fold" in capsys.readouterr().err
    assert not (directory / "refused").exists()


def test_a_lacking_input_is_told_with_near_misses(plain, capsys):
    with inside(plain):
        import h5py  # noqa: F401

        from jetloom.io.hdf5.tables import TableWriter

        with TableReader(hdf5("other")) as reader:
            jets = reader.read("jets")
        names = [{"width": "Width"}.get(name, name) for name in jets.dtype.names]
        renamed = jets.astype([(new, jets.dtype[old]) for new, old in zip(names, jets.dtype.names, strict=True)])
        with TableWriter(plain / "lacks.h5", {"jets": (renamed.dtype, None)}) as writer:
            writer.append(jets=renamed)
    assert apply(plain, "lacks.h5", output="refused") == 3
    assert "has no variable 'width', which the model needs for 'width'; did you mean 'Width'" in capsys.readouterr().err


def test_a_file_of_another_unit_is_refused(plain, capsys):
    import yaml

    from flat_files import flat_schema

    schema = flat_schema(pt={"branch": "jet_pt", "unit": "m"}).model_dump(mode="json")
    (plain / "metres.yaml").write_text(yaml.safe_dump(schema))
    assert apply(plain, "other.root", "--schema", "metres.yaml", output="refused") == 3
    assert "jets.pt: is in mm, and the model was trained on no unit" in capsys.readouterr().err


def test_all_losses_are_counted(plain):
    from jetloom.io.sealed import read_json

    assert apply(plain, "other.root", "--record", "record.json", output="counted") == 0
    record = read_json(plain / "record.json")
    (entry,) = record["inputs"]
    steps = {step["reason"]: (step["before"], step["after"]) for step in entry["counts"] if step["level"] == "jets"}
    assert steps["in the file"] == (600, 600)
    assert steps["pt > 32"][0] == 600
    assert steps["pt > 35"] == (steps["pt > 32"][1], entry["rows"])
    assert record["files"] == {"other.root": {"t": 300}}


def test_two_sizes_of_batches_give_the_same(plain):
    values = []
    for rows in ("17", "100000"):
        assert apply(plain, hdf5("other"), "--format", "hdf5", "--rows", rows, output=rows) == 0
        with TableReader(plain / rows / "other.h5") as reader:
            values.append(reader.read("jets")["output_gluon"])
    np.testing.assert_allclose(*values, rtol=1e-6)


def test_files_by_class_and_by_sample(plain):
    import awkward as ak

    assert apply(plain, "--samples", "one", "two", "--part", "all", "--by", "class", output="classes") == 0
    assert sorted(path.name for path in (plain / "classes").iterdir()) == [
        "gluon.root",
        "quark.root",
        "unlabelled.root",
    ]
    gluons = read(plain / "classes" / "gluon.root")
    assert set(ak.flatten(gluons["jets_truth"]).tolist()) == {21}
    assert (
        apply(plain, f"x={hdf5('one')}", f"x={hdf5('two')}", "--part", "all", "--by", "sample", output="samples") == 0
    )
    (file,) = (plain / "samples").iterdir()
    assert file.name == "x.root"
    quarks = read(plain / "classes" / "quark.root")
    total = ak.sum(ak.num(gluons["jets_pt"])) + ak.sum(ak.num(quarks["jets_pt"]))
    assert ak.sum(ak.num(read(file)["jets_pt"])) == total


@pytest.mark.parametrize("kind", ["root", "rntuple"])
def test_a_ntuple_or_a_tree_holds_the_same_as_hdf5(plain, kind):
    import awkward as ak

    assert apply(plain, "other.root", "--format", kind, output=kind) == 0
    assert apply(plain, "other.root", "--format", "hdf5", output="flat") == 0
    found = read(plain / kind / "other.root", "t")
    with TableReader(plain / "flat" / "other.h5") as reader:
        rows = reader.read("jets")
    for name in rows.dtype.names:
        counts = ak.num(found["jets_pt"] if kind == "root" else found["jets"]).to_numpy()
        if name in found.fields:
            values = np.repeat(found[name].to_numpy(), counts)
        else:
            values = ak.flatten(found[f"jets_{name}"] if kind == "root" else found["jets", name]).to_numpy()
        np.testing.assert_array_equal(values, rows[name])
        assert values.dtype == rows[name].dtype


def test_a_friend_has_the_entries_of_its_tree(plain):
    import awkward as ak

    assert apply(plain, "other.root", "--friend", output="friends") == 0
    tree, friend = read(plain / "other.root", "t"), read(plain / "friends" / "other_friend.root", "t")
    assert len(tree) == len(friend)
    counts = ak.num(tree["jet_pt"])
    assert ak.all(ak.num(friend["jets_output_gluon"]) == counts)
    predicted = ~np.isnan(friend["jets_output_gluon"])
    assert ak.all(predicted == (tree["jet_pt"] > 35))
    assert ak.sum(predicted) < ak.sum(counts)
    assert apply(plain, "other.root", "--format", "hdf5", output="flat2") == 0
    with TableReader(plain / "flat2" / "other.h5") as reader:
        rows = reader.read("jets")
    np.testing.assert_array_equal(ak.flatten(friend["jets_output_gluon"][predicted]).to_numpy(), rows["output_gluon"])


def test_several_trees_of_a_file_in_one_pass(plain, capsys):
    from flat_files import write_flat

    with uproot.recreate(plain / "systematics.root") as file:
        for name, shift in {"nominal": 1.0, "JET_up": 1.1, "JET_down": 0.9}.items():
            write_flat(plain / "one_tree.root", events=40, first=9000)
            arrays = read(plain / "one_tree.root", "t")
            columns = {key: arrays[key] for key in arrays.fields if not key.startswith(("jet_", "n"))}
            jets = {key.removeprefix("jet_"): arrays[key] for key in arrays.fields if key.startswith("jet_")}
            jets["pt"] = jets["pt"] * np.float32(shift)
            import awkward as ak

            file.mktree(name, columns | {"jet": ak.zip(jets)})
    assert apply(plain, "systematics.root", "--trees", "nominal", "JET_*", output="trees") == 0
    with uproot.open(plain / "trees" / "systematics.root") as file:
        assert {name.partition(";")[0] for name in file if "TTree" in file.classname_of(name)} == {
            "nominal", "JET_up", "JET_down",
        }  # fmt: skip
        sums = {name: float(np.sum(file[name]["jets_pt"].array(library="ak"))) for name in ("nominal", "JET_up")}
    assert sums["JET_up"] > sums["nominal"]
    assert apply(plain, "systematics.root", "--trees", "nominl", output="trees2") == 3
    assert "nominl: has no such tree; did you mean 'nominal'" in capsys.readouterr().err


def test_a_job_of_the_workflow_does_what_the_configuration_says(plain):
    import json

    from jetloom.config.load import load_merged
    from jetloom.io.sealed import read_json
    from jetloom.planning.applied import pieces

    content = json.loads((plain / "my.json").read_text())
    content["tasks"]["flavour"]["apply"] = {"samples": ["other"], "friend": True}
    (plain / "friends.json").write_text(json.dumps(content))
    with inside(plain):
        from jetloom.cli.main import main

        assert list(pieces(load_merged(content), "flavour")) == ["other/other"]
        words = ["apply", "-q", "--config", "friends.json", "--task", "flavour", "--piece", "other/other"]
        assert main(words) == 0
    record = read_json(plain / "results/a/applied/flavour/other/other.json")
    assert list(record["files"]) == ["other_friend.root"]
    assert (plain / "results/a/applied/flavour/other/other_friend.root").is_file()


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"samples": ["othr"]}, "apply.samples: no sample 'othr'; did you mean 'other'?"),
        ({"samples": ["one"]}, "apply.part: sample 'one' trains: say 'test'"),
        ({"samples": ["other"], "friend": True, "by": "class"}, "a friend is a tree for each tree of an input"),
    ],
)
def test_what_cannot_be_applied_is_said_before_any_job(plain, settings, line):
    import json

    from jetloom.config.load import load_merged
    from jetloom.errors import ConfigurationError

    content = json.loads((plain / "my.json").read_text())
    content["tasks"]["flavour"]["apply"] = settings
    with pytest.raises(ConfigurationError, match=line.replace("?", r"\?")):
        load_merged(content)
