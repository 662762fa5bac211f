"""Archives of the old system: read without a pickle, and the same numbers as by hand."""

import json
import zipfile

import h5py
import numpy as np
import pytest
import uproot
import yaml
from applied_analysis import inside

from event_files import make_events, write_events, write_schema
from jetloom.cli.main import main

RNG = np.random.default_rng(4)
KERNELS = [RNG.normal(size=(3, 5)).astype("f4"), RNG.normal(size=(5, 2)).astype("f4")]
BIASES = [RNG.normal(size=5).astype("f4"), RNG.normal(size=2).astype("f4")]
SAID = {
    "schema": "flat.yaml", "inputs": ["ht", "log(met)", "n_jets"], "classes": ["hh", "tt"],
    "mean": [300.0, 4.0, 4.0], "scale": [80.0, 0.5, 2.0], "select": ["ht > 220"],
}  # fmt: skip


def architecture():
    """As Keras 2 writes it: an input a variable, put together."""
    inputs = [
        {"class_name": "InputLayer", "name": name, "inbound_nodes": [],
         "config": {"batch_input_shape": [None, 1], "dtype": "float32", "name": name}}
        for name in ("a", "b", "c")
    ]  # fmt: skip

    def layer(kind, name, sources, **config):
        nodes = [[[source, 0, 0, {}] for source in sources]]
        return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}

    layers = [
        *inputs, layer("Concatenate", "all", ["a", "b", "c"], axis=-1),
        layer("Dense", "d0", ["all"], units=5, activation="relu", use_bias=True),
        layer("Dense", "d1", ["d0"], units=2, activation="softmax", use_bias=True),
    ]  # fmt: skip
    config = {"name": "m", "layers": layers, "input_layers": [[n, 0, 0] for n in "abc"]}
    config["output_layers"] = [["d1", 0, 0]]
    return {"class_name": "Model", "config": config, "keras_version": "2.2.4", "backend": "tensorflow"}


@pytest.fixture
def old(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        for place, name in enumerate(("d0", "d1")):
            group = file.create_group(name)
            names = [f"{name}/kernel:0", f"{name}/bias:0"]
            group.attrs["weight_names"] = [text.encode() for text in names]
            for text, values in zip(names, (KERNELS[place], BIASES[place]), strict=True):
                group[text] = values
        file.attrs["layer_names"] = [b"d0", b"d1"]
        file.attrs["keras_version"] = b"2.2.4"
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as file:
        file.writestr("old_model.json", json.dumps(architecture()))
        file.write(tmp_path / "weights.h5", "old_model.h5")
        file.writestr("old_params.npy", b"a pickle")
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(SAID))
    write_schema(tmp_path / "flat.yaml")
    write_events(tmp_path / "e.root", make_events(200, 1, True))
    return tmp_path


def apply(directory, *words):
    with inside(directory):
        return main(["apply", "-q", "--model", "old.zip", "e.root", "-o", "out", *words])


def test_an_old_archive_gives_the_numbers_of_its_network(old, capsys):
    assert apply(old, "--old", "old.yaml") == 0
    assert "does not say what trained it" in capsys.readouterr().err
    with uproot.open(old / "out" / "e.root") as file:
        found = file["Nominal"].arrays(library="np")
    values = np.stack([found["ht"], np.log(found["met"]), found["n_jets"]], axis=1)
    hidden = np.maximum((values - SAID["mean"]) / SAID["scale"] @ KERNELS[0] + BIASES[0], 0) @ KERNELS[1] + BIASES[1]
    expected = np.exp(hidden - hidden.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found["output_hh"], expected[:, 0], rtol=1e-5)
    assert found["ht"].min() > 220


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"mean": [1.0]}, "mean: 1 numbers for 3 inputs"),
        ({"inputs": ["ht"], "mean": [], "scale": []}, "inputs: 1 are named, and the network has 3"),
        ({"classes": ["hh"]}, "classes: 1 are named, and the network has 2"),
        (
            {"inputs": ["ht", "mett", "n_jets"]},
            "has no variable 'mett', which the model needs for 'mett'; did you mean",
        ),
    ],
)
def test_a_description_that_does_not_fit_is_one_line(old, capsys, change, line):
    (old / "bad.yaml").write_text(yaml.safe_dump(SAID | change))
    assert apply(old, "--old", "bad.yaml") in (2, 3)
    said = capsys.readouterr().err.splitlines()[-1]
    assert line in said
    assert not any((old / "out").glob("*"))


def test_pickles_are_refused(old, capsys):
    (old / "scaler.pkl").write_bytes(b"x")
    assert apply(old, "--old", "scaler.pkl") == 2
    assert "is a pickle, which may run anything when it is read" in capsys.readouterr().err
