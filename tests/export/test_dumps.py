import json
import re
import shutil
import subprocess

import h5py
import numpy as np
import pytest

import export_networks
from jetloom.cli.main import main
from jetloom.errors import ConfigurationError, CorruptFileError, MissingObjectError, ParityError
from jetloom.export.dumps.commands import commands
from jetloom.export.dumps.layouts import events_and_offsets, four_vectors, jets_of_events, track_slots
from jetloom.export.dumps.plain import read_plain, write_plain
from jetloom.export.dumps.scores import open_scorer, validate
from jetloom.export.export import export
from jetloom.export.formats import find_format
from jetloom.export.lwtnn.document import InputNode, Variable
from jetloom.export.lwtnn.variables import Variables
from jetloom.export.rows import all_rows
from jetloom.export.subject import Subject
from jetloom.io.hdf5.tables import TableWriter

FIELDS = "ip_log_ratio,sv_significance,HadronConeExclTruthLabelID"
ROWS = 5000
JETS = [("run_number", "u4"), ("event_number", "u8"), ("pt", "f4"), ("eta", "f4"), ("phi", "f4"), ("m", "f4")]
JETS += [("ip_log_ratio", "f4"), ("sv_significance", "f4"), ("HadronConeExclTruthLabelID", "i4")]


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """A converted file of jets of three flavours with tracks."""
    generator = np.random.default_rng(1)
    jets = np.zeros(ROWS, JETS)
    jets["run_number"] = 1
    jets["event_number"] = np.sort(generator.integers(0, 1200, ROWS))
    label = generator.choice([0, 4, 5], ROWS, p=[0.6, 0.15, 0.25])
    jets["HadronConeExclTruthLabelID"] = label
    jets["ip_log_ratio"] = generator.normal(label - 2.0, 2.0)
    jets["sv_significance"] = np.where(generator.random(ROWS) < label / 6, generator.exponential(5 + 2 * label), np.nan)
    jets["ip_log_ratio"][::50] = np.nan
    for name, low, high in (("pt", 20, 200), ("eta", -2.4, 2.4), ("phi", -3.1, 3.1), ("m", 1, 20)):
        jets[name] = generator.uniform(low, high, ROWS)
    tracks = np.zeros((ROWS, 8), [("pt", "f4"), ("eta", "f4"), ("phi", "f4"), ("valid", "?")])
    tracks["valid"] = np.arange(8) < generator.integers(0, 9, ROWS)[:, None]
    for name in ("pt", "eta", "phi"):
        tracks[name] = generator.uniform(0.5, 3, (ROWS, 8)) * tracks["valid"]
    path = tmp_path_factory.mktemp("converted") / "jets.h5"
    with TableWriter(path, {"jets": (jets.dtype, None), "tracks": (tracks.dtype, 8)}) as writer:
        writer.append(jets=jets, tracks=tracks)
    return path


@pytest.fixture(scope="module")
def network(keras):
    """A network of one layer with its values for what is missing, of three flavours."""
    from jetloom.models.blocks.missing import fill_missing

    given = keras.Input((2,), name="jets")
    x = keras.layers.Normalization(mean=[0.0, 1.0], variance=[9.0, 4.0])(fill_missing(given, np.array([-9.0, 0.0])))
    return export_networks.fill(keras.Model(given, keras.layers.Dense(3, activation="softmax", name="flavour")(x)))


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    """The network as lwtnn, ONNX and Keras' parts; a variable of it is an expression of the file's."""
    node = InputNode("btag", [Variable("ip_log_ratio", 0.0, 1.0), Variable("log_sv", 0.0, 1.0)])
    names = Variables([node], [], {"flavour": ["light", "charm", "bottom"]})
    made = {"ip_log_ratio": "ip_log_ratio", "log_sv": "log(1 + sv_significance)"}
    subject = Subject(network, names, {"inputs": made})
    directory, rows = tmp_path_factory.mktemp("exported"), all_rows(subject, None)
    return {
        name: directory / export(subject, find_format(name), rows, directory / find_format(name).file)["file"]
        for name in ("lwtnn", "onnx", "keras")
    }


def test_the_dump_is_twelve_bytes_a_jet_in_chunks_of_2048_deflated(converted, tmp_path):
    path = tmp_path / "out.h5"
    assert main(["dump", str(converted), "--fields", FIELDS, "--output", str(path), "-q"]) == 0
    with h5py.File(path) as file:
        jets = file["jets"]
        assert jets.dtype.itemsize == 12
        assert [jets.dtype.fields[name][1] for name in FIELDS.split(",")] == [0, 4, 8]
        assert (jets.chunks, jets.maxshape, jets.compression, jets.compression_opts) == ((2048,), (None,), "gzip", 7)
    if shutil.which("h5ls"):
        said = subprocess.run(["h5ls", "-v", path], capture_output=True, text=True, check=True).stdout
        assert re.search(r"jets\s+Dataset \{5000/Inf\}", said)
        assert "Chunks:    {2048} 24576 bytes" in said
        assert "Filter-0:  deflate-1 OPT {7}" in said
        assert "60000 logical bytes" in said
        for field in ('"ip_log_ratio"     +0    native float', '"HadronConeExclTruthLabelID" +8    native int'):
            assert field in said
        assert "} 12 bytes" in said
    assert (
        main(["dump", str(converted), "--fields", "pt", "--chunk", "64", "--deflate", "0", "-o", str(path), "-q"]) == 0
    )
    with h5py.File(path) as file:
        assert (file["jets"].chunks, file["jets"].compression) == ((64,), None)


def test_a_dxaod_is_dumped_in_one_step_and_cuts_change_counts(data, tmp_path):
    path, counts = tmp_path / "out.h5", []
    source = [
        str(data / "PHYSLITE_example.root"),
        "--schema",
        "physlite",
        "--fields",
        "pt,eta,HadronConeExclTruthLabelID",
    ]
    for cuts in ([], ["--select-jets", "pt > 30", "--select-jets", "abs(eta) < 1.5"]):
        assert main(["dump", *source, *cuts, "--output", str(path), "-q"]) == 0
        rows = read_plain(path)
        counts.append(len(rows))
        low, high = (20, 2.5) if not cuts else (30, 1.5)
        assert rows["pt"].min() > low
        assert np.abs(rows["eta"]).max() < high
    assert counts[0] > counts[1] > 0


def test_a_bad_file_and_an_unknown_field_are_one_line(data, converted, tmp_path, capsys):
    given = ["--schema", "physlite", "--fields", "pt", "--output", str(tmp_path / "x.h5")]
    assert main(["dump", str(data / "broken" / "junk.root"), *given]) == 3
    assert "junk.root" in capsys.readouterr().err.strip().splitlines()[-1]
    assert main(["dump", str(converted), "--fields", "jf_sig,pt", "--output", str(tmp_path / "x.h5")]) == 3
    assert "no field 'jf_sig'" in capsys.readouterr().err
    assert not (tmp_path / "x.h5").exists()


def test_tracks_are_padded_hardest_first_and_eta_is_eta(converted, tmp_path):
    path = tmp_path / "out.h5"
    assert main(["dump", str(converted), "--fields", "pt,eta,phi", "--tracks", "20", "--output", str(path), "-q"]) == 0
    jets, tracks = read_plain(path), read_plain(path, "tracks")
    assert tracks.shape == (ROWS, 20)
    pt = np.nan_to_num(tracks["pt"], nan=-1)
    assert (np.diff(pt, axis=1) <= 0).all()
    assert np.isnan(tracks["pt"][:, 8:]).all()
    there = ~np.isnan(tracks["eta"])
    assert np.abs(tracks["eta"][there]).max() <= 3
    assert not np.array_equal(tracks["eta"][there], tracks["pt"][there])
    phi = np.zeros((1, 1), [("pt", "f4"), ("eta", "f4"), ("phi", "f4"), ("valid", "?")])
    phi[0, 0] = (1.0, 1.0, 3.0, True)
    jet = np.array([(0.0, 1.0, -3.0)], [("pt", "f4"), ("eta", "f4"), ("phi", "f4")])
    assert track_slots(jet, phi, 1)["deltaR"][0, 0] == pytest.approx(2 * np.pi - 6, abs=1e-6)
    assert len(jets) == ROWS


def test_events_lead_to_their_jets(converted, tmp_path):
    path = tmp_path / "out.h5"
    assert main(["dump", str(converted), "--fields", "pt,eta,phi,m", "--events", "--output", str(path), "-q"]) == 0
    with h5py.File(converted) as file:
        rows = file["jets"][:]
    event, jets = read_plain(path, "event"), jets_of_events(path)
    numbers, counts = np.unique(rows["event_number"], return_counts=True)
    assert [len(one) for one in jets] == counts.tolist() == event["nJets"].tolist()
    place = 17
    own = rows[rows["event_number"] == numbers[place]]
    assert np.array_equal(jets[place]["pt"], own["pt"])
    energy, px, py, pz = four_vectors(jets[place]).T
    assert np.sqrt(energy**2 - px**2 - py**2 - pz**2) == pytest.approx(own["m"], rel=1e-3)
    event["nJets"][3] += 1
    write_plain(path, {"event": event, "jet": np.concatenate(jets)}, {})
    with pytest.raises(CorruptFileError, match="do not lead through all jets"):
        jets_of_events(path)
    assert events_and_offsets(rows[:0], rows[:0])["event"].shape == (0,)


@pytest.mark.parametrize("name", ["lwtnn", "onnx", "keras"])
def test_scores_are_written_and_are_those_of_keras(converted, exported, network, name, tmp_path):
    path = tmp_path / "out.h5"
    given = [str(converted), "--fields", FIELDS, "--network", str(exported[name]), "--output", str(path), "-q"]
    assert main(["dump", *given]) == 0
    rows = read_plain(path)
    assert rows.dtype.names == (*FIELDS.split(","), "nn_light", "nn_charm", "nn_bottom")
    seen = np.stack([rows["ip_log_ratio"], np.log1p(rows["sv_significance"])], axis=1)
    assert np.isnan(seen).any()
    expected = np.asarray(network(seen.astype(np.float32)))
    assert np.stack([rows[f"nn_{label}"] for label in ("light", "charm", "bottom")], axis=1) == pytest.approx(
        expected, abs=1e-6
    )
    for other in exported.values():
        assert main(["validate_scores", str(path), "--network", str(other), "-q"]) == 0


def test_scores_of_another_network_or_other_rows_fail(converted, exported, tmp_path, capsys):
    path = tmp_path / "out.h5"
    given = [str(converted), "--fields", FIELDS, "--network", str(exported["lwtnn"]), "--output", str(path), "-q"]
    assert main(["dump", *given]) == 0
    content = json.loads(exported["lwtnn"].read_text())
    content["layers"][0]["weights"][0] += 0.01
    (tmp_path / "other.json").write_text(json.dumps(content))
    assert main(["validate_scores", str(path), "--network", str(tmp_path / "other.json")]) == 3
    assert "have other scores than 'other.json' gives, by up to" in capsys.readouterr().err
    rows, scorer = read_plain(path), open_scorer(exported["onnx"])
    moved = rows.copy()
    for label in ("light", "charm", "bottom"):
        moved[f"nn_{label}"] = np.roll(rows[f"nn_{label}"], 1)
    with pytest.raises(ParityError, match="of other rows"):
        validate(moved, scorer, path)
    with pytest.raises(MissingObjectError, match="has no score 'nn_light'"):
        validate(rows[list(rows.dtype.names[:3])], scorer, path)
    with pytest.raises(MissingObjectError, match="needs the column 'sv_significance'"):
        scorer(rows[["ip_log_ratio"]])
    assert main(["validate_scores", str(path), "--network", str(tmp_path / "none.json")]) == 3


def test_architecture_and_variables_are_text_and_weights_are_hdf5(exported):
    text = (exported["keras"] / "architecture.json").read_text()
    assert '"class_name": "Dense"' in text
    variables = json.loads((exported["keras"] / "variables.json").read_text())
    assert [one["name"] for one in variables["inputs"][0]["variables"]] == ["ip_log_ratio", "log_sv"]
    assert {"offset", "scale"} <= set(variables["inputs"][0]["variables"][0])
    if shutil.which("h5ls"):
        weights = exported["keras"] / "network.weights.h5"
        said = subprocess.run(["h5ls", "-r", weights], capture_output=True, text=True, check=True).stdout
        assert re.search(r"/layers/dense/vars/0\s+Dataset \{2, 3\}", said)


def test_commands_of_a_site_are_printed_and_the_number_is_parsed(tmp_path, capsys):
    dataset = "mc16_13TeV.410470.PhPy8EG_A14_ttbar.deriv.DAOD_FTAG2.e6337"
    template = "prun --inDS {dataset} --outDS user.{user}.{number}.mlbnn.{tag}"
    assert main(["grid", "submit", dataset, "--template", template, "--user", "me", "--tag", "v1"]) == 0
    assert capsys.readouterr().out.strip() == f"prun --inDS {dataset} --outDS user.me.410470.mlbnn.v1"
    assert main(["grid", "fetch", "a.410470.b", "--template", f"touch {tmp_path}/{{number}}", "--run"]) == 0
    assert (tmp_path / "410470").exists()
    assert main(["grid", "fetch", "a.410470.b", "--template", "false {dataset}", "--run"]) == 3
    assert "'false' failed with code 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("get {datset}", "no place '{datset}'; did you mean 'dataset'"),
        ("get {number}", "the name 'plain' has no sample number"),
        ("get {user}", "nothing fills '{user}'; give --user"),
        ("get '{dataset}", "cannot be read"),
        ("", "is empty"),
    ],
)
def test_wrong_templates_are_told(template, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        commands(template, ["plain"], r"\.(\d{6,8})\.", {"user": "", "tag": ""})
