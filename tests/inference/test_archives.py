"""Archives: applied without the analysis, copied, renamed, listed."""

import json
import shutil
import zipfile

import numpy as np
import pytest
from applied_analysis import apply, hdf5, inside

from jetloom.cli.main import main
from jetloom.io.hdf5.tables import TableReader


@pytest.fixture(scope="session")
def alone(plain, tmp_path_factory):
    """The best model, deployed, in a directory without its analysis."""
    directory = tmp_path_factory.mktemp("alone")
    with inside(plain):
        words = ["--config", "my.json", "--task", "flavour", "--output", str(directory / "best.zip")]
        assert main(["deploy", "-q", *words]) == 0
    for name in ("one", "other"):
        shutil.copy(plain / f"{name}.root", directory)
    return directory


def outputs(path):
    with TableReader(path) as reader:
        return reader.read("jets")["output_quark"]


def test_a_model_alone_says_the_same_of_a_file(alone, plain):
    assert apply(plain, hdf5("other"), "--format", "hdf5", output="for_alone") == 0
    assert apply(alone, "--model", "best.zip", "other.root", "--format", "hdf5") == 0
    np.testing.assert_array_equal(outputs(alone / "out" / "other.h5"), outputs(plain / "for_alone" / "other.h5"))


def test_a_model_alone_knows_what_trained_it(alone, plain, capsys):
    assert apply(alone, "--model", "best.zip", "one.root", output="no") == 3
    assert "took part in the training of 'flavour' (equal content)" in capsys.readouterr().err
    import flat_files

    flat_files.write_flat(alone / "more.root", events=310, first=0)
    assert apply(alone, "--model", "best.zip", "more.root", output="no") == 3
    assert "events of it took part in the training" in capsys.readouterr().err
    assert not any((alone / "no").glob("*"))
    assert apply(alone, "--model", "best.zip", "one.root", "--part", "test", output="yes") == 0


def test_a_model_of_folds_goes_alone_too(folded, tmp_path):
    with inside(folded):
        words = ["--config", "my.json", "--task", "flavour", "--output", str(tmp_path / "folds.zip")]
        assert main(["deploy", "-q", *words]) == 0
    assert apply(folded, "--samples", "one", "--format", "hdf5", output="for_alone") == 0
    shutil.copy(folded / "one.root", tmp_path)
    assert apply(tmp_path, "--model", "folds.zip", "one.root", "--format", "hdf5") == 0
    np.testing.assert_array_equal(outputs(tmp_path / "out" / "one.h5"), outputs(folded / "for_alone" / "one.h5"))


def test_lacking_inputs_and_other_units_are_told(alone, capsys):
    import yaml

    import flat_files

    schema = flat_files.flat_schema().model_dump(mode="json")
    schema["jets"]["fields"]["Width"] = schema["jets"]["fields"].pop("width")
    (alone / "lacks.yaml").write_text(yaml.safe_dump(schema))
    assert apply(alone, "--model", "best.zip", "other.root", "--schema", "lacks.yaml", output="no") == 3
    assert "has no variable 'width', which the model needs for 'width'; did you mean 'Width'" in capsys.readouterr().err
    schema = flat_files.flat_schema(pt={"branch": "jet_pt", "unit": "um"}).model_dump(mode="json")
    (alone / "units.yaml").write_text(yaml.safe_dump(schema))
    assert apply(alone, "--model", "best.zip", "other.root", "--schema", "units.yaml", output="no") == 3
    assert "jets.pt: is in mm, and the model was trained on no unit" in capsys.readouterr().err


def test_a_copy_and_a_new_name_load_under_it(alone, capsys):
    with inside(alone):
        assert main(["archive", "-q", "copy", "best.zip", "copies/second"]) == 0
        assert main(["archive", "-q", "rename", "copies/second.zip", "copies/third.zip"]) == 0
        assert [path.name for path in (alone / "copies").iterdir()] == ["third.zip"]
        assert main(["archive", "list", "."]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0][:3] == ["archive", "name", "task"]
    assert {(line[0], line[1]) for line in lines[1:]} == {("best.zip", "best"), ("copies/third.zip", "third")}
    assert apply(alone, "--model", "copies/third.zip", "other.root", "--format", "hdf5", output="third") == 0
    assert apply(alone, "--model", "best.zip", "other.root", "--format", "hdf5", output="first") == 0
    np.testing.assert_array_equal(outputs(alone / "third" / "other.h5"), outputs(alone / "first" / "other.h5"))
    import talos

    assert talos.Restore(alone / "copies" / "third.zip").details["name"] == "third"


def test_the_members_of_an_old_archive_get_the_new_name(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as file:
        for name in ("old_model.json", "old_model.h5", "old_results.csv", "README.txt"):
            file.writestr(name, name)
    with inside(tmp_path):
        assert main(["archive", "-q", "copy", "old.zip", "new.zip"]) == 0
        assert main(["archive", "copy", "old.zip", "new.zip"]) == 2
    with zipfile.ZipFile(tmp_path / "new.zip") as file:
        assert set(file.namelist()) == {"new_model.json", "new_model.h5", "new_results.csv", "README.txt"}
    assert "new.zip: is there already" in capsys.readouterr().err


def test_an_archive_that_is_damaged_or_of_others_is_told(alone, tmp_path, capsys):
    path = tmp_path / "x.zip"
    content = {}
    with zipfile.ZipFile(alone / "best.zip") as file:
        content = {name: file.read(name) for name in file.namelist()}

    def written(**changes):
        with zipfile.ZipFile(path, "w") as file:
            for name, data in (content | changes).items():
                if data is not None:
                    file.writestr(name, data)
        return apply(alone, "--model", str(path), "other.root", output="no"), capsys.readouterr().err

    recipe = json.loads(content["jetloom.json"])
    for changes, line in (
        ({"jetloom.json": None}, "has no jetloom.json"),
        ({"jetloom.json": b"{}"}, "is not as it was written"),
        ({"jetloom.json": json.dumps(recipe | {"point": "p1"}).encode()}, "is not as it was written"),
        ({"networks/whole.keras": content["networks/whole.keras"][:-5]}, "is not the network that was deployed"),
        ({"seen.npz": b"nothing"}, "the events that trained"),
    ):
        code, said = written(**changes)
        assert code == 3, line
        assert line in said
        assert said.count("\n") == 1
    path.write_bytes((alone / "best.zip").read_bytes()[:1000])
    assert apply(alone, "--model", str(path), "other.root", output="no") == 3
    assert not (alone / "no").exists() or not any((alone / "no").iterdir())


def test_any_point_is_deployed(tmp_path_factory):
    from applied_analysis import make_analysis

    directory = tmp_path_factory.mktemp("points")
    make_analysis(directory, scan={"activation": ["relu", "tanh"]})
    import pandas as pd
    import talos

    table = pd.read_csv(directory / "results/a/scans/flavour/scan.csv")
    with inside(directory):
        for place in (0, 1):
            point = table["point"][place]
            assert main(["deploy", "-q", "--config", "my.json", "--task", "flavour", "--point", point]) == 0
            restored = talos.Restore(directory / f"results/a/scans/flavour/{point}.zip")
            assert restored.details["point"] == point
            activations = {layer.activation.__name__ for layer in restored.model.layers if "activation_" in layer.name}
            assert activations == {table["activation"][place]}
        assert main(["deploy", "-q", "--config", "my.json", "--task", "flavour", "--point", "p0"]) == 2
