"""Variables of jets from files as they are: names and order, leading jets, events, filters, two files side by side."""

import awkward as ak
import numpy as np
import pytest
import uproot

from jetloom.cli.main import main
from jetloom.compression.jets.extraction import Request, extract
from jetloom.compression.jets.filters import FILTERS, PER_THOUSAND, needed, passing
from jetloom.compression.jets.pairs import pair
from jetloom.config.jet_variables import GROUPS, SETS
from jetloom.cutflow import CutFlow
from jetloom.errors import ExitCode, InputError, MissingObjectError
from jetloom.io.hdf5.tables import TableReader

TREE = "CollectionTree"
PREFIX = "HLT_xAOD__JetContainer_a4tcemsubjesISFS"


def jets(counts, seed=1):
    rng = np.random.default_rng(seed)
    total = int(np.sum(counts))
    columns = {name: rng.normal(0.1, 0.01, total).astype("f4") for name in SETS["27"]}
    columns |= {"pt": rng.exponential(5e4, total).astype("f4"), "m": rng.exponential(5e3, total).astype("f4")}
    columns |= {name: rng.uniform(-2.5, 2.5, total).astype("f4") for name in ("eta", "phi")}
    columns["N90Constituents"] = rng.integers(1, 40, total).astype("i4")
    return {name: ak.unflatten(values, counts) for name, values in columns.items()}


def written(path, columns, events, prefix=PREFIX, kind="ttree", **more):
    """The momentum is static, the rest dynamic, as in DxAODs."""
    arrays = {"EventInfoAux.eventNumber": np.asarray(events, np.uint64)}
    arrays |= {f"{prefix}Aux{'' if name in SETS['4'] else 'Dyn'}.{name}": one for name, one in columns.items()}
    arrays |= {f"{prefix}AuxDyn.{name}": one for name, one in more.items()}
    with uproot.recreate(path) as file:
        if kind == "rntuple":
            file.mkrntuple(TREE, ak.Array({name.replace(".", ":"): values for name, values in arrays.items()}))
            return path
        types = {n: a.dtype if isinstance(a, np.ndarray) else ak.type(a).content for n, a in arrays.items()}
        file.mktree(TREE, types, counter_name=lambda name: "n" + name.replace(".", "_"))
        file[TREE].extend(arrays)
    return path


COUNTS = [3, 0, 1, 2]


@pytest.fixture(scope="module")
def original():
    return jets(COUNTS)


@pytest.fixture(scope="module")
def source(tmp_path_factory, original):
    return written(tmp_path_factory.mktemp("dxaod") / "a.root", original, [11, 12, 13, 14])


def read(path):
    with TableReader(path) as reader:
        return reader.read("jets"), reader.attribute("missing") if "missing" in reader.own_attributes() else None


@pytest.mark.parametrize("name", ["4", "25", "27"])
@pytest.mark.parametrize("prefix", [PREFIX, PREFIX + "AuxDyn", PREFIX + "Aux."])
def test_a_set_has_its_names_in_its_order_and_raw_values(source, original, tmp_path, name, prefix):
    found = extract(source, TREE, tmp_path / "x.h5", Request(name, prefix))
    rows, _ = read(tmp_path / "x.h5")
    assert rows.dtype.names == ("event_number", *SETS[name])
    assert found.missing == {}
    assert rows["event_number"].tolist() == [11, 11, 11, 13, 14, 14]
    for variable in SETS[name]:
        assert rows[variable].dtype == ak.to_numpy(ak.flatten(original[variable])).dtype
        assert np.array_equal(rows[variable], ak.to_numpy(ak.flatten(original[variable])))


def test_the_sets_have_the_sizes_that_they_are_named_by():
    assert all(len(SETS[name]) == len(set(SETS[name])) == int(name) for name in SETS)
    assert sorted(variable for group in GROUPS.values() for variable in group) == sorted(SETS["27"])


def test_leading_jets_are_the_first_of_their_event(source, original, tmp_path):
    found = extract(source, TREE, tmp_path / "x.h5", Request("4", PREFIX, "leading"))
    rows, _ = read(tmp_path / "x.h5")
    assert rows["pt"].tolist() == [original["pt"][event][0] for event in (0, 2, 3)]
    assert found.flow.left("jets") == len(rows) == 3


def test_rows_of_events_have_a_column_a_jet_and_nan_without_one(source, original, tmp_path):
    extract(source, TREE, tmp_path / "x.h5", Request("27", PREFIX, "events", 2))
    rows, _ = read(tmp_path / "x.h5")
    assert len(rows) == 4
    assert rows["jet2_pt"][0] == original["pt"][0][1]
    assert np.isnan(rows["jet2_eta"]).tolist() == [False, True, True, False]
    assert rows["jet1_N90Constituents"].dtype == np.float64  # may be missing


def test_what_is_not_there_or_no_number_a_jet_is_left_out_with_the_reason(original, tmp_path):
    columns = {name: original[name] for name in ("pt", "eta", "phi", "m", "Width", "EMFrac", "Timing")}
    vectors = ak.Array([[[0.1] * 3 for _ in range(count)] for count in COUNTS])
    path = written(tmp_path / "a.root", columns, [1, 2, 3, 4], kind="rntuple", JVFCorr=vectors)
    found = extract(path, TREE, tmp_path / "x.h5", Request("16", PREFIX))
    assert "a list of its own length for each jet" in found.missing["JVFCorr"]
    assert found.missing["Jvt"] == "is not in the file"
    assert read(tmp_path / "x.h5")[1] == found.missing
    with pytest.raises(MissingObjectError, match=r"did you mean 'HLT_xAOD__JetContainer_a4tcemsubjesISFSAux"):
        extract(path, TREE, tmp_path / "y.h5", Request("16", PREFIX[:-1]))
    assert not (tmp_path / "y.h5").exists()


# What each cut takes away: one bad jet for each, by what makes it bad.
BAD = {
    "data": [
        {"EMFrac": 6.0}, {"EMFrac": 0.01, "eta": -2.2}, {"AverageLArQF": 0.9, "EMFrac": 0.96, "LArQuality": 0.9},
        {"NegativeE": -3.1e5}, {"AverageLArQF": 0.9, "HECQuality": -0.6, "HECFrac": 0.6}, {"OotFracClusters10": -0.2},
        {"OotFracClusters5": -0.2}, {"Width": -1.0}, {"WidthPhi": 5.5}, {"Timing": -126.0}, {"LArQuality": 4.5},
        {"HECQuality": 2.6},
    ],
    "simulation": [
        {"EMFrac": -2.1}, {"NegativeE": -6.1e4}, {"Width": 101.0}, {"Timing": 121.0}, {"LArQuality": 2.1}, {"m": 0.5},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_each_cut_takes_away_its_jet_and_is_counted(name):
    bad = BAD[name]
    good = {"m": 5e3, "eta": 1.0, "EMFrac": 0.5, "Width": 0.1}
    columns = {
        variable: np.array([{**good, **one}.get(variable, 0.0) for one in [{}, *bad]]) for variable in needed(name)
    }
    assert set(columns) & set(PER_THOUSAND)
    flow = CutFlow()
    flow.saw("jets", len(bad) + 1)
    kept = passing(columns, FILTERS[name], flow)
    assert kept.tolist() == [True] + [False] * len(bad)
    lost = [step["before"] - step["after"] for step in flow.as_json()[1:]]
    assert lost == [1] * len(bad) == [1] * len(FILTERS[name])


def test_the_verb_counts_and_says_which_cuts_it_cannot_make(original, tmp_path, capsys):
    columns = {name: original[name] for name in ("pt", "eta", "phi", "m", "EMFrac")}
    columns["EMFrac"] = ak.unflatten(np.array([0.5, 6, 0.5, 0.5, 0.5, 0.5], "f4"), COUNTS)
    path = written(tmp_path / "a.root", columns, [1, 2, 3, 4])
    arguments = ["jet_variables", str(path), "-o", str(tmp_path / "x.h5"), "--prefix", PREFIX, "--set", "4"]
    assert main([*arguments, "--filter", "data"]) == ExitCode.DONE
    assert "not applied: LArQuality < 4 (there is no LArQuality)" in capsys.readouterr().err
    rows, _ = read(tmp_path / "x.h5")
    assert rows.dtype.names == ("event_number", *SETS["4"])
    assert len(rows) == 5


def test_two_files_are_matched_by_event_and_distance(original, tmp_path):
    one = written(tmp_path / "a.root", original, [11, 12, 13, 14])
    moved = {name: values[[3, 2, 0]] for name, values in original.items()}
    moved["phi"] = ak.concatenate([moved["phi"][:1] + np.float32(0.2), moved["phi"][1:]])  # of event 14: too far
    moved["pt"] = np.rint(moved["pt"])
    moved = {name: values[:, ::-1] for name, values in moved.items()}
    two = written(tmp_path / "b.root", moved, [14, 13, 11], prefix="Short")
    found = pair((one, two), (TREE, TREE), tmp_path / "x.h5", "27", (PREFIX, "Short"), 0.05)
    assert (found.events, found.events_alone, found.other_events_alone) == (3, 1, 0)
    assert (found.jets, found.jets_alone, found.other_jets_alone) == (4, 2, 2)
    rows, _ = read(tmp_path / "x.h5")
    assert rows["event_number"].tolist() == [11, 11, 11, 13]
    assert rows["pt"].tolist() == [*original["pt"][0].to_list(), original["pt"][2][0]]
    assert np.allclose(rows["other_eta"], rows["eta"])
    twice = written(tmp_path / "c.root", original, [11, 12, 13, 11])
    others = written(tmp_path / "d.root", original, [1, 2, 3, 4])
    for path, why in ((twice, "an event twice"), (others, "no event in common")):
        with pytest.raises(InputError, match=why):
            pair((one, path), (TREE, TREE), tmp_path / "y.h5", "4", (PREFIX, PREFIX), 0.05)
