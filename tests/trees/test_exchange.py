"""Text and JSON in and out: golden jets, round trips, and what is broken."""

import json

import numpy as np
import pytest

from golden_jets import CONSTITUENTS, DAUGHTERS, MOMENTA, NODES, OFFSETS, RANKS, SEEDS, STATES
from jetloom.cli.main import main
from jetloom.config.tasks.trees import Trees
from jetloom.cutflow import CutFlow
from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.trees import TREE_BRANCHING
from jetloom.trees import imports, json_files
from jetloom.trees.convert import file_to_trees
from jetloom.trees.exports import PRECISE, to_json
from jetloom.trees.records import ATLAS_NAMES, read_record

NAMES = {0: "cambridge_aachen", -1: "anti_kt", 1: "kt"}


def text_of(jets):
    lines = []
    for index, jet in enumerate(jets):
        lines += [f"J {index}", f"N {len(jet)}", *(" ".join(map(str, row)) for row in jet)]
    return "\n".join(lines) + "\n"


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / "jets.dat"
    path.write_text(text_of(CONSTITUENTS))
    return path


def flat(value):
    """All numbers of nested lists."""
    return [number for part in value for number in flat(part)] if isinstance(value, list) else [value]


def records_of(path):
    return json.loads(path.read_text())["JuniprJets"]


@pytest.mark.parametrize("exponent", [0, -1, 1])
def test_raw_jets_become_the_golden_records(raw, tmp_path, exponent):
    assert to_json(raw, tmp_path / "out.json", "reference", "3", Trees(algorithm=NAMES[exponent])) == 2
    for jet, record in enumerate(records_of(tmp_path / "out.json")):
        n = len(CONSTITUENTS[jet]) - 1
        assert (record["label"], record["multiplicity"], record["n_branchings"]) == (3, n + 1, n)
        assert record["mothers_id_energy_order"] == RANKS[jet][exponent]
        assert record["CS_ID_mothers"] == list(range(2 * n, n, -1))
        assert record["CS_ID_daughters"] == DAUGHTERS[jet][exponent]
        assert record["CS_ID_intermediate_states"] == STATES[jet][exponent]
        seed = [SEEDS[jet][0], 0, 0, SEEDS[jet][1]]
        assert record["seed_momentum"] == pytest.approx(seed, abs=1e-5)
        nodes = np.array(record["CSJets"])
        if exponent == 0:
            assert nodes == pytest.approx(np.array(NODES[jet]), abs=2e-6)
        assert record["mother_momenta"] == [record["CSJets"][node] for node in record["CS_ID_mothers"]]
        assert record["daughter_momenta"][0][1] == record["CSJets"][DAUGHTERS[jet][exponent][0][1]]


def test_the_published_record(data, tmp_path):
    to_json(data / "jets_readme.dat", tmp_path / "out.json", "reference", "0", Trees())
    published = records_of(data / "jets_readme_junipr_ca.json")
    for ours, theirs in zip(records_of(tmp_path / "out.json"), published, strict=True):
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            if (
                name.startswith("CS_ID")
                or name in ("label", "multiplicity", "n_branchings")
                or name == "mothers_id_energy_order"
            ):
                assert ours[name] == value
            else:
                assert np.array(ours[name]) == pytest.approx(np.array(value), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("dialect", ["reference", "atlas"])
def test_json_round_trips(raw, tmp_path, dialect):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    to_json(raw, first, dialect, "1", Trees(algorithm="kt"))
    to_json(first, second, dialect, None, Trees())
    assert second.read_text() == first.read_text()


def test_json_round_trips_through_a_file_of_trees(raw, tmp_path):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    file_to_trees(raw, tmp_path / "trees.h5", Trees(), label=1)
    to_json(tmp_path / "trees.h5", first, "reference", None, Trees())
    file_to_trees(first, tmp_path / "again.h5", Trees())
    to_json(tmp_path / "again.h5", second, "reference", "label", Trees())
    assert second.read_text() == first.read_text()
    with TableReader(tmp_path / "trees.h5") as one, TableReader(tmp_path / "again.h5") as other:
        assert one.read("branchings").tobytes() == other.read("branchings").tobytes()
        for name in ("seed_e", "seed_m", "n_branchings", "first_branching", "label"):
            assert (one.read("jets")[name] == other.read("jets")[name]).all()


def test_the_atlas_dialect(raw, tmp_path):
    to_json(raw, tmp_path / "reference.json", "reference", "0", Trees())
    to_json(raw, tmp_path / "atlas.json", "atlas", "0", Trees())
    for ours, theirs in zip(records_of(tmp_path / "reference.json"), records_of(tmp_path / "atlas.json"), strict=True):
        assert list(theirs) == [ATLAS_NAMES.get(name, name) for name in ours]
        assert theirs["CS_ID_daugthers"] == ours["CS_ID_daughters"]
        assert theirs["branching"] == np.round(ours["branchings"], 8).tolist()
    negative = text_of([[[3, 0, 0, 2.9], [0, 3, 0, 3]]])
    (tmp_path / "negative.dat").write_text(negative)
    to_json(tmp_path / "negative.dat", tmp_path / "negative.json", "atlas", "0", Trees())
    assert min(row[3] for row in records_of(tmp_path / "negative.json")[0]["CSJets"]) == 0


def test_one_constituent_is_a_record(tmp_path):
    (tmp_path / "one.dat").write_text("J 0\nN 1\n3 0 4 5\n")
    to_json(tmp_path / "one.dat", tmp_path / "one.json", "reference", "0", Trees())
    (record,) = records_of(tmp_path / "one.json")
    assert record["CS_ID_intermediate_states"] == [[0]]
    assert record["CSJets"] == [record["seed_momentum"]]
    assert record["branchings"] == record["mother_momenta"] == record["CS_ID_mothers"] == []
    branchings, seed, label = read_record(record, TREE_BRANCHING)
    assert (len(branchings), seed, label) == (0, [5.0, 0.0], 0)


def test_a_jet_along_y_has_no_nan_and_is_counted(tmp_path):
    (tmp_path / "y.dat").write_text("J 0\nN 2\n0 3 0 3\n0 4 0 5\n" + text_of(CONSTITUENTS))
    writer = file_to_trees(tmp_path / "y.dat", tmp_path / "y.h5", Trees())
    assert (writer.trees, writer.along_y) == (3, 1)


OLD = """J 7
3 0 4 13
2
0 0
0.4 0.3 1.0 0.1 0.25 0.2 2.0 0.05
7.8 0.1 4.1 2 5.2 0.3 1.0 1 5.85 0.12 4.0 1 1.95 0.2 2.0 0.1
13 0 0 12 7.8 0.1 4.1 2
"""


def test_the_oldest_text_is_read(tmp_path):
    (tmp_path / "old.txt").write_text(OLD + OLD.replace("J 7", "8"))
    file_to_trees(tmp_path / "old.txt", tmp_path / "old.h5", Trees(), label=1)
    with TableReader(tmp_path / "old.h5") as reader:
        jets, rows = reader.read("jets"), reader.read("branchings")
    assert jets["event_number"].tolist() == [7, 8]
    assert jets["label"].tolist() == [1, 1]
    assert jets["seed_m"] == pytest.approx([12, 12])
    assert rows["z"][:2] == pytest.approx([0.4, 0.25])
    assert rows["mother"][:2].tolist() == [0, 1]
    assert [rows["hard_node"][:2].tolist(), rows["soft_node"][:2].tolist()] == [[3, 0], [1, 2]]
    assert rows["soft_e"][:2] == pytest.approx([5.2, 1.95])
    to_json(tmp_path / "old.h5", tmp_path / "old.json", "reference", None, Trees())
    record = records_of(tmp_path / "old.json")[0]
    assert record["CS_ID_intermediate_states"] == [[4], [3, 1], [0, 1, 2]]
    assert record["CS_ID_mothers"] == [4, 3]


RAW = text_of(CONSTITUENTS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RAW.replace("-2 1 1.5 2.6962\n", ""), r"jets\.dat: jet 0, line 6: the next jet begins where 1 more"),
        (RAW.rsplit("\n", 2)[0], r"jet 1, line 14: the file ends where 1 more constituents"),
        (RAW.replace("3 6 1 6.7838", "3 6 1"), r"jet 0, line 5: has 3 numbers where px py pz E"),
        (RAW.replace("3 6 1 6.7838", "3 6 1 x"), r"jet 0, line 5: '3 6 1 x' is not four numbers"),
        (RAW.replace("N 7", "N seven"), r"jet 1, line 8: expected 'N <number>', not 'N seven'"),
        (RAW.replace("N 4", "N 3"), r"line 6: expected 'J <number>', not '-2 1 1.5 2.6962'"),
        ("hello\n", r"line 1: expected 'J <number>', not 'hello'"),
        (OLD.replace("13 0 0 12 7.8", "7.8"), r"jet 7, line 7: has 4 numbers, E theta phi m of the mothers are 8"),
        (OLD.replace("0 0\n0.4", "0 2\n0.4"), r"jet 7, line 4: a rank is beyond"),
        (OLD.replace("0.25", "q"), r"jet 7, line 5: holds what is no number"),
        (OLD.rsplit("\n", 2)[0], r"jet 7, line 7: the file ends where"),
        (OLD + "J x\n1 2 3 4\n", r"line 8: expected 'J <number>', not 'J x'"),
    ],
)
def test_broken_text_names_file_jet_and_line(tmp_path, text, message):
    path = tmp_path / "jets.dat"
    path.write_text(text)
    with pytest.raises(CorruptFileError, match=message):
        file_to_trees(path, tmp_path / "trees.h5", Trees())
    assert [file.name for file in tmp_path.iterdir()] == ["jets.dat"]


def broken(records, change):
    change(records[1])
    return {"JuniprJets": records}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: record.pop("branchings"), "branchings: is missing"),
        (lambda record: record["CSJets"].pop(), r"CSJets: has the shape \(12, 4\) where \(13, 4\)"),
        (lambda record: record["CSJets"][0].pop(), "CSJets: its rows are of different lengths"),
        (lambda record: record.update(multiplicity=3), "multiplicity: is 3 with 6 branchings"),
        (lambda record: record.update(label="quark"), "label: is not a whole number"),
        (lambda record: record["CS_ID_mothers"].__setitem__(0, 1.5), "CS_ID_mothers: holds what is no number"),
        (lambda record: record["CSJets"][0].__setitem__(0, "x"), "CSJets: holds what is no number"),
    ],
)
def test_a_broken_record_names_file_and_jet(raw, tmp_path, change, message):
    path = tmp_path / "in.json"
    to_json(raw, path, "reference", "0", Trees())
    path.write_text(json.dumps(broken(records_of(path), change)))
    with pytest.raises(CorruptFileError, match=r"in\.json: jet 1: " + message):
        file_to_trees(path, tmp_path / "trees.h5", Trees())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "jet 1: the record has no end"),
        (lambda text: text.replace(",\n{", "\n{"), "jet 0: neither ',' nor ']'"),
        (lambda text: text.replace('"label"', "label", 1), "jet 0: the record is no JSON"),
        (
            lambda text: text.replace('"label"', f'"x": {"[" * 50000}{"]" * 50000}, "label"', 1),
            "jet 0: the record is no JSON",
        ),
        (lambda text: text.replace(",\n{", ",\n7, {"), "jet 1: '7' where a record should be"),
        (lambda text: text.replace("JuniprJets", "Jets"), "does not begin with"),
        (lambda text: text[:-4], "jet 1: neither ',' nor ']'"),
        (lambda _: "", "does not begin with"),
    ],
)
@pytest.mark.parametrize("piece", [1 << 20, 7])
def test_broken_json_names_file_and_jet(raw, tmp_path, monkeypatch, change, message, piece):
    monkeypatch.setattr(json_files, "PIECE", piece)
    path = tmp_path / "in.json"
    to_json(raw, path, "reference", "0", Trees())
    path.write_text(change(path.read_text()))
    with pytest.raises(CorruptFileError, match=message):
        list(json_files.read_records(path))


def test_records_are_read_whatever_the_layout(raw, tmp_path, monkeypatch):
    path = tmp_path / "in.json"
    to_json(raw, path, "reference", "0", Trees())
    expected = records_of(path)
    monkeypatch.setattr(json_files, "PIECE", 11)
    for text in (json.dumps(json.loads(path.read_text()), indent=2), json.dumps(json.loads(path.read_text()))):
        path.write_text(text)
        assert list(json_files.read_records(path)) == expected
    path.write_text('{"JuniprJets": [ ]}')
    assert list(json_files.read_records(path)) == []


@pytest.mark.parametrize("word", ["nan", "-nan", "inf", "NaN"])
def test_a_record_that_is_not_finite_is_quarantined(raw, tmp_path, word):
    path = tmp_path / "in.json"
    to_json(raw, path, "reference", "0", Trees())
    records = path.read_text().splitlines()
    value = str(json.loads(records[1].rstrip(","))["branchings"][0][2])
    path.write_text("\n".join([records[0], records[1].replace(value, word), *records[2:]]))
    file_to_trees(path, tmp_path / "trees.h5", Trees())
    with TableReader(tmp_path / "trees.h5") as reader:
        assert reader.read("jets")["event_number"].tolist() == [1]
        (row,) = reader.read("quarantine")
        assert reader.attribute("reasons")[row["reason"]] == "a momentum is not finite"
        assert CutFlow(reader.attribute("counts")).left("constituents") == 7


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record["CS_ID_daughters"].__setitem__(0, [11, 11]),
        lambda record: record["CS_ID_mothers"].__setitem__(1, 12),
        lambda record: record["mothers_id_energy_order"].__setitem__(0, 3),
        lambda record: record["CS_ID_daughters"].reverse(),
    ],
)
def test_a_record_that_is_no_tree_is_quarantined(raw, tmp_path, change):
    path = tmp_path / "in.json"
    to_json(raw, path, "reference", "0", Trees())
    path.write_text(json.dumps(broken(records_of(path), change)))
    file_to_trees(path, tmp_path / "trees.h5", Trees())
    with TableReader(tmp_path / "trees.h5") as reader:
        assert reader.read("jets")["event_number"].tolist() == [0]
        assert [reader.attribute("reasons")[row["reason"]] for row in reader.read("quarantine")] == [
            "its merges are no tree"
        ]


def test_blocks_of_text_go_on_where_the_last_ended(raw, tmp_path, monkeypatch):
    raw.write_text(RAW * 5)
    file_to_trees(raw, tmp_path / "one.h5", Trees())
    monkeypatch.setattr(imports, "BLOCK_JETS", 3)
    file_to_trees(raw, tmp_path / "many.h5", Trees())
    with TableReader(tmp_path / "one.h5") as one, TableReader(tmp_path / "many.h5") as other:
        for table in ("jets", "branchings"):
            assert one.read(table).tobytes() == other.read(table).tobytes()


def test_precise_branchings_have_the_same_fields():
    assert PRECISE.names == TREE_BRANCHING.names


@pytest.mark.parametrize("name", ["none.dat", "none.txt", "none.json"])
def test_a_file_that_is_not_there(tmp_path, name):
    with pytest.raises(MissingFileError):
        file_to_trees(tmp_path / name, tmp_path / "trees.h5", Trees())


def test_the_verb(raw, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["trees", "jets.dat", "-o", "trees.h5", "--algorithm", "-1", "--label", "2"]) == 0
    assert main(["trees", "trees.h5", "-o", "out.json", "--dialect", "atlas", "--label", "label + (pt > 0)"]) == 0
    assert [record["label"] for record in records_of(tmp_path / "out.json")] == [3, 3]
    assert records_of(tmp_path / "out.json")[1]["mother_id_energy_order"] == RANKS[1][-1]
    for words, code, line in [
        (["jets.dat", "-o", "x.json"], 0, ""),
        (["jets.root", "-o", "x.h5"], 2, r"the name must end in .h5 or .dat"),
        (["jets.dat", "-o", "x.csv"], 2, "the name must end in .h5 or .json"),
        (["trees.h5", "-o", "x.json", "--label", "truht"], 2, "--label: 'truht': no variable 'truht'"),
        (["trees.h5", "-o", "x.json", "--label", "label + 0.5"], 3, "--label 'label + 0.5': holds 2.5, which int64"),
        (["trees.h5", "-o", "x.json", "--label", "0 * label / 0"], 3, "has no value in 2 of 2 rows"),
        (["jets.dat", "-o", "x.h5", "--label", "pt"], 2, "'pt' is no number"),
        (["jets.dat", "-o", "x.h5", "--algorithm", "ca"], 2, "algorithm"),
        (["out.json", "-o", "x.h5", "--min-constituents", "0"], 2, "min_constituents"),
    ]:
        assert main(["trees", *words]) == code
        assert line in capsys.readouterr().err


def test_golden_momenta_are_flat():
    assert len(MOMENTA) == OFFSETS[-1]
