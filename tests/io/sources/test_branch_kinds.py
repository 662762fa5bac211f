"""Branches that cannot become columns are named with the reason."""

from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml

from jetloom.cli.main import main
from jetloom.errors import MissingObjectError
from jetloom.io.root.files import open_source
from jetloom.io.sources.branch_kinds import is_within

SCHEMA = {
    "trees": "tree",
    "naming": "flat",
    "events": {
        "fields": {"run_number": {"branch": "run", "type": "uint32"}, "event_number": {"branch": "run"}},
    },
    "jets": {"fields": {"pt": {}, "eta": {}, "phi": {}, "x": {"optional": True}}},
}


COLUMNS = {
    "text": (["abc", "de"], "text"),
    "objects": (ak.zip({"a": [1, 2], "b": [3, 4]}), "objects with the members a, b"),
    "a vector of each jet": (ak.Array([[[1.0], []], [[3.0]]]), "a vector (give it an 'index' or 'reduce')"),
    "one value of each event": (np.array([1.0, 2.0]), "one value where a list"),
    "missing integers": (ak.Array([[None, 1], [2]]), "entries without a value"),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_of_another_kind_is_refused_with_what_it_is(tmp_path, capsys, kind):
    column, words = COLUMNS[kind]
    jets = ak.Array([[1.0, 2.0], [3.0]])
    with uproot.recreate(tmp_path / "f.root") as file:
        file.mkrntuple("tree", {"run": np.ones(2, np.uint32), "pt": jets, "eta": jets, "phi": jets, "x": column})
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(SCHEMA))
    options = [str(tmp_path / "f.root"), "--schema", str(tmp_path / "s.yaml")]
    assert main(["hdf5", *options, "--output", str(tmp_path / "x.h5")]) == 3
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "f.root: x: " in error
    assert words in error
    assert not (tmp_path / "x.h5").exists()


def test_text_in_a_ttree(tmp_path, capsys):
    jets = ak.Array([[1.0, 2.0], [3.0]])
    with uproot.recreate(tmp_path / "f.root") as file:
        file.mktree("tree", {"run": np.ones(2, np.uint32), "pt": jets, "eta": jets, "phi": jets, "x": ["abc", "de"]})
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(SCHEMA))
    options = [str(tmp_path / "f.root"), "--schema", str(tmp_path / "s.yaml")]
    assert main(["hdf5", *options, "--output", str(tmp_path / "x.h5")]) == 3
    assert "x: cannot be the variable 'jets.x' of the schema: it holds text" in capsys.readouterr().err
    assert main(["check_file", *options]) == 3
    out, err = capsys.readouterr()
    assert "jets.x" in err
    assert [line for line in out.splitlines() if line.endswith("cannot be read: 'x': it holds text")]


@pytest.mark.parametrize("name", ["PHYSLITE_example.root", "uproot-issue-123b.root"])
@pytest.mark.parametrize(
    ("branch", "text"),
    [
        ("AnalysisJets", "it holds whole objects (DataVector<xAOD::Jet_v1>"),
        ("xTrigDecisionAux.", "it is no variable but a group of branches ("),
        ("xTrigDecisionAux.xAOD::AuxInfoBase", "cannot be read ("),
    ],
)
def test_whole_objects_of_real_files(data, name, branch, text):
    with open_source(data / name, ["CollectionTree"]) as source:
        assert text in source.why_unreadable(source.names[branch])
        assert source.why_unreadable("AnalysisJetsAuxDyn.pt") == ""
        assert source.why_unreadable("AnalysisJetsAuxDyn.GhostTrack") == ""


def test_members_of_an_object_that_was_not_split():
    streamer = SimpleNamespace(elements=[SimpleNamespace(name="runNumber")])
    assert is_within(SimpleNamespace(branches=[], streamer=streamer), "runNumber")
    assert not is_within(SimpleNamespace(branches=[], streamer=streamer), "eventNumber")
    assert not is_within(SimpleNamespace(branches=["one"], streamer=streamer), "runNumber")
    assert not is_within(SimpleNamespace(branches=[], streamer=None), "runNumber")


def test_an_unsplit_object_is_named_as_the_cause(data, monkeypatch):
    from jetloom.config.conversion import Conversion
    from jetloom.config.schema import find_schema
    from jetloom.io.root.branches import make_plan

    with open_source(data / "uproot-issue-123b.root", ["CollectionTree"]) as source:
        inner = {name: full for name, full in source.names.items() if "EventInfoAux." not in full}
        unsplit = SimpleNamespace(branches=[], streamer=source.tree["EventInfoAux."].streamer)
        fake = SimpleNamespace(
            names=inner | {"EventInfoAux.": "EventInfoAux."},
            path=source.path,
            found=source.found,
            why_unreadable=source.why_unreadable,
            is_within=lambda branch, member: branch == "EventInfoAux." and is_within(unsplit, member),
        )
        with pytest.raises(
            MissingObjectError, match=r"it is inside of 'EventInfoAux\.', which was written as one object"
        ):
            make_plan(fake, find_schema("physlite"), Conversion())
