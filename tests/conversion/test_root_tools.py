"""Helps with ROOT files, held against uproot."""

import numpy as np
import pytest
import uproot

from event_files import make_events, write_events
from flat_files import write_flat
from jetloom.cli.main import main


@pytest.fixture
def events(tmp_path):
    made = make_events(300, 1, True)
    return write_events(tmp_path / "e.root", made), made


def test_entries_after_a_cut_and_sums_are_those_of_the_tree(events, capsys):
    path, made = events
    cut = made["h-t"] > 400000
    assert main(["root", "count", str(path), "--cut", "h_t > 400000 && n_jets >= 0", "--sum", "n_jets", "met*2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["entries 300", f"passed {cut.sum()}"]
    assert lines[2] == f"sum n_jets {float(made['n_jets'][cut].sum())!r}"
    assert float(lines[3].rsplit(" ", 1)[1]) == pytest.approx(2 * made["met*"][cut].astype(float).sum())
    assert main(["root", "count", str(path), str(path)]) == 0
    assert capsys.readouterr().out == "entries 600\n"


def test_the_branches_with_their_types(events, capsys):
    assert main(["root", "list", str(events[0])]) == 0
    lines = dict(line.split("  ") for line in capsys.readouterr().out.splitlines())
    assert lines["lep.Pt()"] == "float"
    assert set(lines) == set(events[1])


def test_branches_are_renamed_left_out_and_added_by_event(events, tmp_path):
    path, made = events
    order = np.random.default_rng(1).permutation(300)
    score = {"evt.number": made["evt.number"][order], "score": np.arange(300, dtype="f4")[order]}
    other = write_events(tmp_path / "scores.root", score)
    words = ["--rename", "h-t=ht", "--keep", "h-t", "evt.number", "--append", str(other), "--branches", "score"]
    assert main(["root", "copy", str(path), *words, "--by", "evt.number", "-o", str(tmp_path / "c.root")]) == 0
    with uproot.open(tmp_path / "c.root") as file:
        found = file["analysis/Nominal"].arrays(library="np")
    assert set(found) == {"ht", "evt.number", "score"}
    np.testing.assert_array_equal(found["ht"], made["h-t"])
    np.testing.assert_array_equal(found["score"], np.arange(300))


def test_a_copy_of_jets_keeps_their_structure(tmp_path):
    write_flat(tmp_path / "j.root", events=50)
    assert (
        main(["root", "copy", str(tmp_path / "j.root"), "--cut", "event_number > 19", "-o", str(tmp_path / "c.root")])
        == 0
    )
    with uproot.open(tmp_path / "j.root") as one, uproot.open(tmp_path / "c.root") as two:
        ours, theirs = two["t"].arrays(["jet_pt", "event_number"]), one["t"].arrays(["jet_pt", "event_number"])[20:]
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["count", "e.root", "--cut", "n_jet > 1"], "has no branch 'n_jet'; did you mean 'n_jets'?"),
        (["count", "e.root", "--tree", "Nominl"], "has no TTree or RNTuple 'Nominl'"),
        (["copy", "e.root", "--rename", "x=y", "-o", "c.root"], "has no branch 'x'"),
        (["copy", "e.root", "--rename", "era=n_jets", "-o", "c.root"], "two branches would be called 'n_jets'"),
        (["copy", "e.root", "--append", "e.root", "-o", "c.root"], "needs --branches"),
        (["copy", "e.root", "--append", "e.root", "--branches", "era", "--by", "n_jets", "-o", "c.root"],
         "two entries have n_jets"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(events, tmp_path, monkeypatch, capsys, words, line):
    monkeypatch.chdir(tmp_path)
    assert main(["root", *words]) in (2, 3)
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
    assert not (tmp_path / "c.root").exists()
