import json

import pytest
from toy_analysis import write_model

from jetloom.cli.main import main
from jetloom.io.sealed import read_json
from stored_files import write_result


@pytest.fixture(scope="module")
def options(toy):
    best = json.loads((toy / "scan" / "scan.json").read_text())["best"]
    model = toy / "scan" / best["point"] / best["run"] / "model.keras"
    if not model.is_file():
        write_model(model)
        write_result(model.parent, ["model.keras"])
    found = ["--config", toy / "config.yaml", "--task", "flavour", "--dataset", toy / "dataset", "--scan", toy / "scan"]
    return list(map(str, found)), model


def test_the_best_network_is_exported_with_its_description_and_parity(options, tmp_path):
    given, _ = options
    formats = ["onnx", "lwtnn", "frugally_deep", "saved_model", "keras"]
    assert main(["export", *given, "--formats", *formats, "--output", str(tmp_path / "export")]) == 0
    record = read_json(tmp_path / "export" / "export.json")
    assert [file["format"] for file in record["files"]] == formats
    assert all(len(file["comparisons"]) >= 2 for file in record["files"])
    assert record["description"]["inputs"] == {"log_pt": "log(pt)", "width": "width", "ntracks": "ntracks"}
    assert record["description"]["units"]["lengths"] == "mm"
    page = (tmp_path / "export" / "parity.html").read_text()
    assert "frugally-deep" in page
    assert "rows of the test part" in page
    network = json.loads((tmp_path / "export" / "network.lwtnn.json").read_text())
    assert [one["name"] for one in network["inputs"][0]["variables"]] == ["log_pt", "width", "ntracks"]
    assert next(iter(network["outputs"].values()))["labels"] == ["quark", "gluon", "bottom"]
    assert network["jetloom"]["classes"]["quark"]["when"] == "truth == 0"
    from jetloom.export.onnx.writer import Session

    said = Session(tmp_path / "export" / "network.onnx").description
    assert {key: said[key] for key in record["description"]} == record["description"]
    assert said["schema"]["outputs"][0]["labels"] == ["quark", "gluon", "bottom"]


def test_a_keras_file_with_a_variables_file(options, tmp_path, capsys):
    _, model = options
    assert main(["export", "--network", str(model), "--skeleton"]) == 0
    variables = json.loads(capsys.readouterr().out)
    variables["outputs"][0]["labels"] = ["u", "g", "b"]
    (tmp_path / "variables.json").write_text(json.dumps(variables))
    given = ["--network", str(model), "--variables", str(tmp_path / "variables.json"), "--formats", "lwtnn"]
    assert main(["export", *given, "--output", str(tmp_path / "out")]) == 0
    network = json.loads((tmp_path / "out" / "network.lwtnn.json").read_text())
    assert next(iter(network["outputs"].values()))["labels"] == ["u", "g", "b"]
    del variables["inputs"][0]["variables"][0]
    (tmp_path / "variables.json").write_text(json.dumps(variables))
    assert main(["export", *given, "--output", str(tmp_path / "again")]) == 3
    assert "names 2 variables, and the network takes 3" in capsys.readouterr().err
    assert not (tmp_path / "again").exists() or not list((tmp_path / "again").iterdir())


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ([], 2, "give --config with --task, --network, or --architecture"),
        (["--network", "none.keras", "--formats", "onnx", "--output", "x"], 3, "none.keras: there is no such file"),
        (["--network", "none.keras", "--formats", "onx", "--output", "x"], 2, "no format 'onx'; did you mean 'onnx'"),
        (["--network", "none.keras", "--output", "x"], 2, "no format is asked for"),
        (["--network", "n.keras", "--formats", "frugally_deep", "--frugally-version", "0.15.0"], 2, "Keras 2 only"),
        (["--architecture", "a.json"], 2, "need --weights"),
    ],
)
def test_wrong_options_are_one_line(given, code, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", *given]) == code
    error = capsys.readouterr().err.strip()
    assert message in error
    assert len(error.splitlines()) == 1
