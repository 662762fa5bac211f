"""Whole files: ROOT, HDF5 and NumPy there and back; damage loses what it hits."""

import awkward as ak
import numpy as np
import pytest
import uproot

from jetloom.cli.main import main
from jetloom.compression.bounds import EXACT, Bound
from jetloom.compression.container import Reader
from jetloom.compression.files import compress, decompress
from jetloom.errors import ConfigurationError, CorruptFileError, InputError, MissingObjectError
from jetloom.io.hdf5.tables import TableReader, TableWriter

BOUNDS = {"*_pt": Bound("relative", 1e-3), "jets_eta": Bound("absolute", 1e-3)}


def events(count, seed=1):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 5, count)
    total = int(lengths.sum())
    return {
        "run": np.full(count, 284500, np.uint32),
        "event": np.arange(count, dtype=np.uint64) * 977,
        "weight": rng.normal(1, 0.3, count),
        "jets_pt": ak.unflatten((20 * rng.pareto(4, total) + 20).astype(np.float32), lengths),
        "jets_eta": ak.unflatten(rng.normal(0, 2, total).astype(np.float32), lengths),
        "jets_n": ak.unflatten(rng.poisson(20, total).astype(np.int32), lengths),
        "muons_pt": ak.unflatten(
            np.where(rng.random(count) < 0.1, np.nan, rng.random(count)), np.ones(count, np.int64)
        ),
    }


@pytest.fixture(scope="module", params=["ttree", "rntuple"])
def tree_file(request, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param) / "in.root"
    with uproot.recreate(path) as file:
        arrays = events(2500)
        if request.param == "ttree":
            file.mktree(
                "Events", {k: a.dtype if isinstance(a, np.ndarray) else a.type.content for k, a in arrays.items()}
            )
            file["Events"].extend(arrays)
        else:
            file.mkrntuple("Events", ak.Array(arrays))
    return path


@pytest.mark.parametrize("as_kind", [None, "ttree", "rntuple"])
def test_a_tree_comes_back_with_names_types_lists_and_values(tree_file, tmp_path, as_kind):
    packed, back = tmp_path / "x.jlc", tmp_path / "back.root"
    patterns = ["run", "event", "weight", "jets_*", "muons_*"]
    made = compress(tree_file, packed, BOUNDS, patterns=patterns, entries=1000)
    assert made.entries == 2500
    assert made.after < 0.75 * made.raw
    decompress(packed, back, as_kind=as_kind)
    with uproot.open(tree_file) as one, uproot.open(back) as other:
        kind = type(one["Events"]).__name__ if as_kind is None else {"ttree": "TTree", "rntuple": "RNTuple"}[as_kind]
        assert kind in type(other["Events"]).__name__
        for name in events(1):
            old, new = one["Events"][name].array(), other["Events"][name].array()
            assert str(old.type) == str(new.type)
            if old.ndim > 1:
                assert ak.all(ak.num(old) == ak.num(new))
                old, new = ak.flatten(old), ak.flatten(new)
            old, new = np.asarray(old), np.asarray(new)
            if name.endswith("_pt"):
                good = ~np.isnan(old)
                assert np.isnan(new[~good]).all()
                assert (np.abs(new[good] - old[good]) <= 1e-3 * old[good]).all()
            elif name == "jets_eta":
                assert (np.abs(new.astype(float) - old) <= 1e-3).all()
            else:
                assert old.tobytes() == new.tobytes()


def test_some_entries_are_read_without_the_other_blocks(tree_file, tmp_path):
    packed, back = tmp_path / "x.jlc", tmp_path / "back.root"
    compress(tree_file, packed, {}, patterns=["event", "jets_n"], entries=500)
    with Reader(packed) as reader:
        third = reader.places[2]
        size = reader.places[3].offset - third.offset
    broken = bytearray(packed.read_bytes())
    broken[third.offset + size // 2] ^= 1
    packed.write_bytes(broken)
    decompress(packed, back, start=1600, stop=2100)
    with uproot.open(tree_file) as one, uproot.open(back) as other:
        assert (
            other["Events"]["event"].array() == one["Events"]["event"].array(entry_start=1600, entry_stop=2100)
        ).tolist()
        assert ak.all(
            other["Events"]["jets_n"].array() == one["Events"]["jets_n"].array(entry_start=1600, entry_stop=2100)
        )
    with pytest.raises(CorruptFileError, match=r"entries 1000 to 1500.*checksum"):
        decompress(packed, back, start=1400, stop=2100)


def test_a_damaged_block_loses_itself_and_no_other(tree_file, tmp_path):
    packed, back = tmp_path / "x.jlc", tmp_path / "back.root"
    compress(tree_file, packed, {}, patterns=["event"], entries=500)
    whole = packed.read_bytes()
    rng = np.random.default_rng(3)
    for place in rng.integers(12, len(whole), 60).tolist():
        broken = bytearray(whole)
        broken[place] ^= 1 << int(rng.integers(0, 8))
        packed.write_bytes(broken)
        with Reader(packed) as reader:
            told = bool(reader.damage) or place < reader.places[0].offset  # the contents are read from the index
            try:
                list(reader.pieces())
            except CorruptFileError:
                told = True
        assert told, place
        summary = decompress(packed, back, skip_damaged=True)
        assert summary.entries in (2000, 2500)
        assert summary.entries == 2500 or len(summary.lost) == 1


@pytest.mark.parametrize("left", [0, 5, 100, 2000])
def test_a_file_that_was_cut_is_refused_and_what_is_left_can_be_saved(tree_file, tmp_path, left):
    packed = tmp_path / "x.jlc"
    compress(tree_file, packed, {}, patterns=["event"], entries=100)
    packed.write_bytes(packed.read_bytes()[:left])
    with pytest.raises(CorruptFileError):
        decompress(packed, tmp_path / "back.root")
    assert not (tmp_path / "back.root").exists()
    if left == 2000:
        assert decompress(packed, tmp_path / "back.root", skip_damaged=True).entries > 0


def test_another_version_of_the_format_is_refused(tree_file, tmp_path):
    packed = tmp_path / "x.jlc"
    compress(tree_file, packed, {}, patterns=["event"])
    whole = bytearray(packed.read_bytes())
    whole[8] = 9
    packed.write_bytes(whole)
    with pytest.raises(CorruptFileError, match="version 9"):
        decompress(packed, tmp_path / "back.root")


def test_what_cannot_be_compressed_is_left_out_with_its_reason(tmp_path):
    path = tmp_path / "in.root"
    with uproot.recreate(path) as file:
        deep = ak.Array([[[1.0, 2.0], []], [], [[3.0]]])
        file.mkrntuple("Events", ak.Array({"sampling": deep, "pt": [1.0, 2.0, 3.0]}))
    summary = compress(path, tmp_path / "x.jlc", {})
    assert list(summary.contents.columns) == ["pt"]
    assert "lists of them of one level" in summary.contents.left_out["sampling"]
    with pytest.raises(InputError, match="no branch that can be compressed"):
        compress(path, tmp_path / "x.jlc", {}, patterns=["sampling"])


def test_empty_events_and_an_empty_tree(tmp_path):
    path, packed, back = tmp_path / "in.root", tmp_path / "x.jlc", tmp_path / "back.root"
    with uproot.recreate(path) as file:
        file.mktree("Events", {"pt": "var * float32", "n": "int32"})
        file["Events"].extend({"pt": ak.values_astype(ak.Array([[], [], []]), "float32"), "n": np.zeros(3, np.int32)})
    assert compress(path, packed, {"pt": Bound("relative", 0.01)}, patterns=["pt", "n"]).entries == 3
    decompress(packed, back)
    with uproot.open(back) as file:
        assert file["Events"]["pt"].array().tolist() == [[], [], []]


def test_tables_of_hdf5_come_back_with_their_padding_and_attributes(tmp_path):
    path, packed, back = tmp_path / "in.h5", tmp_path / "x.jlc", tmp_path / "back.h5"
    rng = np.random.default_rng(2)
    jets = np.zeros(700, [("pt", "f4"), ("eta", "f4"), ("event", "u8"), ("is_signal", "?")])
    jets["pt"], jets["eta"] = rng.exponential(50, 700), rng.normal(0, 2, 700)
    jets["event"], jets["is_signal"] = rng.integers(0, 2**63, 700), rng.random(700) < 0.5
    tracks = np.zeros((700, 6), [("pt", "f4"), ("valid", "?")])
    tracks["valid"] = np.arange(6) < rng.integers(0, 7, 700)[:, None]
    tracks["pt"][tracks["valid"]] = rng.exponential(5, tracks["valid"].sum())
    with TableWriter(path, {"jets": (jets.dtype, None), "tracks": (tracks.dtype, 6)}) as writer:
        writer.attributes["units"] = {"jets": {"pt": "GeV"}}
        writer.append(jets=jets, tracks=tracks)
    compress(path, packed, {"pt": Bound("relative", 1e-3), "jets/eta": Bound("absolute", 1e-2)}, entries=256)
    decompress(packed, back)
    with TableReader(back) as reader:
        assert reader.attribute("units") == {"jets": {"pt": "GeV"}}
        new, new_tracks = reader.read("jets"), reader.read("tracks")
    assert (new_tracks["valid"] == tracks["valid"]).all()
    assert (new_tracks["pt"][~tracks["valid"]] == 0).all()
    assert (np.abs(new_tracks["pt"] - tracks["pt"]) <= 1e-3 * tracks["pt"]).all()
    assert (np.abs(new["pt"] - jets["pt"]) <= 1e-3 * jets["pt"]).all()
    assert 0 < np.abs(new["eta"] - jets["eta"]).max() <= 1e-2
    assert (new["event"] == jets["event"]).all()
    assert (new["is_signal"] == jets["is_signal"]).all()


@pytest.mark.parametrize("named", [True, False])
def test_arrays_of_numpy_with_and_without_names(tmp_path, named):
    path, packed, back = tmp_path / "in.npz", tmp_path / "x.jlc", tmp_path / "back.npz"
    data = np.random.default_rng(1).normal(size=(300, 3)) * [1, 10, 100]
    arrays = {"data": data, "names": np.array(["a", "b", "c"])} if named else {"data": data}
    np.savez(path, **arrays)
    compress(path, packed, {"b" if named else "data[[]1]": Bound("absolute", 0.5)})
    decompress(packed, back)
    with np.load(back, allow_pickle=False) as file:
        assert set(file.files) == set(arrays)
        assert (file["data"][:, [0, 2]] == data[:, [0, 2]]).all()
        assert 0.1 < np.abs(file["data"][:, 1] - data[:, 1]).max() <= 0.5
        if named:
            assert file["names"].tolist() == ["a", "b", "c"]


def test_arrays_with_python_objects_are_refused_and_not_run(tmp_path):
    path = tmp_path / "in.npz"
    np.savez(path, data=np.array([{}], dtype=object))
    with pytest.raises(CorruptFileError, match="cannot be read as arrays"):
        compress(path, tmp_path / "x.jlc", {})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--bound", "pt"], "is not NAME=BOUND"),
        (["--bound", "pq=0.1%"], "pq: has a bound, and is not in the file; known: event"),
        (["--bound", "run=0.1%", "--bound", "run=0"], "has two bounds"),
        (["--branches", "even"], "no such variable; did you mean 'event'"),
        (["--tree", "Eventz"], "Eventz"),
        (["--entries", "0"], "a block of 0 entries is none"),
    ],
)
def test_wrong_arguments_are_one_line_and_leave_no_file(tree_file, tmp_path, capfd, arguments, words):
    code = main(["compress", str(tree_file), "-o", str(tmp_path / "x.jlc"), *arguments])
    assert code in (2, 3)
    err = capfd.readouterr().err.strip()
    assert words in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_the_verbs_on_a_file(tree_file, tmp_path, capfd):
    packed, back = tmp_path / "x.jlc", tmp_path / "back.root"
    bounds = ["-b", "*pt=0.1%", "-b", "*eta=0.001"]
    assert main(["compress", str(tree_file), "-o", str(packed), *bounds]) == 0
    assert main(["info", str(packed), "--check"]) == 0
    out = capfd.readouterr().out
    line = next(line for line in out.splitlines() if line.startswith("jets_pt"))
    assert "float32" in line and "0.1%" in line  # noqa: PT018
    assert main(["decompress", str(packed), "-o", str(back), "--entries", "10:20"]) == 0
    with uproot.open(back) as file:
        assert file["Events"].num_entries == 10
    assert main(["decompress", str(packed), "-o", str(tmp_path / "back.h5")]) == 2
    assert main(["decompress", str(packed), "-o", str(back), "--entries", "9000:"]) == 2
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2] + b"x" + whole[len(whole) // 2 + 1 :])
    assert main(["info", str(packed), "--check"]) == 3
    assert "checksum differs" in capfd.readouterr().err


def test_two_files_of_the_same_are_the_same_bytes(tree_file, tmp_path):
    for name in ("a", "b"):
        compress(tree_file, tmp_path / name, BOUNDS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_bound_of_integers_needs_their_name(tree_file, tmp_path):
    made = compress(tree_file, tmp_path / "x.jlc", {"*": Bound("absolute", 2.0)}).contents.columns
    assert made["event"].bound == EXACT
    assert made["weight"].bound == Bound("absolute", 2.0)
    made = compress(tree_file, tmp_path / "x.jlc", {"jets_n": Bound("absolute", 2.0)}).contents.columns
    assert made["jets_n"].bound == Bound("absolute", 2.0)


def test_a_tree_that_is_not_there(tmp_path):
    with uproot.recreate(tmp_path / "in.root") as file:
        file["title"] = "no tree"
    with pytest.raises(MissingObjectError, match="has no tree"):
        compress(tmp_path / "in.root", tmp_path / "x.jlc", {})
    np.savez(tmp_path / "a.npz", a=np.arange(3))
    compress(tmp_path / "a.npz", tmp_path / "a.jlc", {})
    with pytest.raises(ConfigurationError, match="only trees"):
        decompress(tmp_path / "a.jlc", tmp_path / "b.npz", as_kind="ttree")


def test_tables_of_one_number_of_rows_go_together(tmp_path):
    with TableWriter(
        tmp_path / "a.h5", {"jets": (np.dtype([("pt", "f4")]), None), "events": (np.dtype([("n", "i4")]), None)}
    ) as writer:
        writer.append(jets=np.zeros(5, [("pt", "f4")]), events=np.zeros(2, [("n", "i4")]))
    with pytest.raises(InputError, match="different numbers of rows"):
        compress(tmp_path / "a.h5", tmp_path / "a.jlc", {})
    assert compress(tmp_path / "a.h5", tmp_path / "a.jlc", {}, patterns=["jets/*"]).entries == 5
    assert decompress(tmp_path / "a.jlc", tmp_path / "b.h5").entries == 5
    with TableReader(tmp_path / "b.h5") as reader:
        assert reader.rows == {"jets": 5}
