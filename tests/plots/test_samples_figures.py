"""Spectra of slices, the quarantine, and the list of samples."""

import json

import numpy as np
import pytest
import yaml

from jetloom.cli.main import main
from jetloom.config.load import load_analysis
from jetloom.evaluation.statistics.histogram import Histogram
from jetloom.io.hdf5.tables import TableWriter
from jetloom.io.trees import QUARANTINE
from jetloom.plots.samples import quarantine as quarantined
from jetloom.plots.samples import slices
from jetloom.plots.samples.quarantine import LISTED, Quarantined
from jetloom.plots.samples.slices import kinks, spectra

CONFIG = {
    "analysis": "sliced",
    "samples": {
        "low": {"files": ["low.root"], "cross_section": 100.0},
        "high": {"files": ["high.root"], "cross_section": 1.0, "title": "High"},
    },
    "conversion": {"slots": {"constituents": 9}},
    "tasks": {"one": {"reads": "trees", "labels": {"all": {"when": "pt > 0"}}, "inputs": ["pt"]}},
}
JETS = np.dtype([("mc_event_weight", "f4"), ("pt", "f4")])
REASONS = ["a momentum is not finite", "falls apart within trees.radius"]


def write(path, sum_of_weights, **tables):
    path.parent.mkdir(parents=True, exist_ok=True)
    with TableWriter(path, {name: (rows.dtype, None) for name, rows in tables.items()}) as writer:
        writer.attributes |= {"status": "converted", "events": 7, "sum_of_weights": sum_of_weights, "reasons": REASONS}
        writer.append(**tables)


def quarantine(rows):
    found = np.zeros(rows, QUARANTINE)
    found["run_number"], found["event_number"], found["row"] = 3, 1000 + np.arange(rows), np.arange(rows)
    found["reason"] = np.arange(rows) % 2
    found["kept"] = found["reason"] == 1
    found["pt"], found["phi"] = 50.0, np.linspace(-3, 3, rows)
    found["largest_piece"][found["reason"] == 1], found["second_piece"][found["reason"] == 1] = 12, 3
    return found


@pytest.fixture
def sliced(tmp_path, monkeypatch):
    """Two slices of one spectrum, E^-3 above and below 100 GeV, of equal numbers of jets."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "data": str(tmp_path)}, sort_keys=False))
    rng = np.random.default_rng(5)
    for name, low, high in (("low", 10.0, 100.0), ("high", 100.0, 1000.0)):
        (tmp_path / f"{name}.root").touch()
        jets = np.zeros(40_000, JETS)
        share = rng.random(len(jets))
        jets["pt"] = (low**-2 + share * (high**-2 - low**-2)) ** -0.5
        jets["mc_event_weight"] = 2.0
        write(tmp_path / f"results/sliced/hdf5/{name}/{name}.h5", 2.0 * len(jets), jets=jets)
        rows = quarantine(300 if name == "low" else 0)
        write(tmp_path / f"results/sliced/trees/{name}/{name}.h5", 1.0, jets=jets[:5], quarantine=rows)
    return load_analysis("config.yaml")


def test_weights_join_the_slices_and_their_absence_shows(sliced):
    found = spectra(sliced)
    assert found["low"].weighted.sums.sum() == pytest.approx(100.0, rel=1e-6)
    assert found["high"].weighted.sums.sum() == pytest.approx(1.0, rel=1e-6)
    sums = {name: sum(getattr(each, name).sums for each in found.values()) for name in ("weighted", "plain")}
    squares = sum(each.weighted.squares for each in found.values())
    ratio, error = kinks(sums["weighted"], squares)
    inside = ratio[1:-1]
    assert np.abs(inside - 1).max() < max(0.1, 5 * np.nanmax(error))
    plain, _ = kinks(sums["plain"], sums["plain"])
    assert np.nanmax(np.abs(plain - 1)) > 0.5


def test_kinks_by_hand():
    ratio, error = kinks(np.array([4.0, 3.0, 1.0, 0.0, 2.0]), np.array([4.0, 3.0, 1.0, 0.0, 2.0]))
    assert ratio[1] == pytest.approx(1.5)
    assert error[1] == pytest.approx(1.5 * np.sqrt(1 / 3 + 0.25 * (1 / 4 + 1)))
    assert np.isnan(ratio[[0, 2, 3, 4]]).all()


def test_histograms_are_scaled_to_the_cross_section(sliced):
    one: Histogram = spectra(sliced)["high"].weighted
    filled = one.sums > 0
    # All weights are equal: sum of w^2 = w x sum of w.
    np.testing.assert_allclose(one.squares[filled] / one.sums[filled], 1.0 / 40_000, rtol=1e-6)


def test_steps_beyond_the_panel_are_marked_at_its_edge(sliced, tmp_path, monkeypatch):
    marked = []
    real = slices.mark_outside

    def mark(axes, x, ratio):
        before = len(axes.lines)
        real(axes, x, ratio)
        marked.append([line.get_marker() for line in axes.lines[before:]])

    monkeypatch.setattr(slices, "mark_outside", mark)
    assert main(["plot_samples", "--config", "config.yaml", "--output", str(tmp_path / "out")]) == 0
    weighted, plain = marked
    assert weighted == []
    assert "^" in plain  # where the slices meet without weights


def test_the_figures_and_the_table(sliced, tmp_path):
    assert main(["plot_samples", "--config", "config.yaml", "--output", str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"spectra.png", "spectra.pdf", "quarantine.png", "quarantine.pdf", "quarantine.html"}
    text = (tmp_path / "out" / "quarantine.html").read_text()
    assert f"low: {LISTED} of 300" in text
    assert "1000" in text
    assert f"{1000 + LISTED}" not in text
    assert "12 + 3" in text
    assert "falls apart within trees.radius" in text


def test_a_sample_without_trees_takes_no_colour_away(sliced, tmp_path, monkeypatch):
    content = yaml.safe_load((tmp_path / "config.yaml").read_text())
    content["tasks"]["one"]["samples"] = ["high"]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    given = {}
    for module, name in ((slices, "draw_slices"), (quarantined, "draw_quarantine")):
        monkeypatch.setattr(module, name, lambda *given_to, name=name: given.update({name: given_to}))
    assert main(["plot_samples", "--config", "config.yaml", "--output", str(tmp_path / "out")]) == 0
    colors = {style.name: style.color for style in given["draw_slices"][2]}
    assert list(colors) == ["low", "high"]
    assert {style.name: style.color for style in given["draw_quarantine"][1]} == {"high": colors["high"]}


def test_the_quarantine_of_some_files(sliced, tmp_path):
    found = Quarantined([tmp_path / "results/sliced/trees/low/low.h5"] * 2)
    assert len(found.rows) == len(found.files) == 600
    assert found.jets == 10
    assert len(found.apart) == 300


def test_without_a_quarantined_jet_page_and_figure_say_so(sliced, tmp_path, monkeypatch):
    texts = []
    monkeypatch.setattr(quarantined, "say", lambda axes, text: texts.append(text))
    for name in ("low", "high"):
        path = tmp_path / f"results/sliced/trees/{name}/{name}.h5"
        write(path, 1.0, jets=np.zeros(5, JETS), quarantine=quarantine(0))
    assert main(["plot_samples", "--config", "config.yaml", "--output", str(tmp_path / "out")]) == 0
    assert "Every jet is the tree that it should be" in (tmp_path / "out" / "quarantine.html").read_text()
    assert texts == ["No jet was quarantined: all 10 jets are the trees they should be."]
    assert (tmp_path / "out" / "quarantine.png").is_file()


def test_samples_are_listed_with_what_is_missing(sliced, tmp_path, capsys):
    (tmp_path / "results/sliced/hdf5/high/high.h5").unlink()
    (tmp_path / "low.root").unlink()
    content = yaml.safe_load((tmp_path / "config.yaml").read_text())
    content["samples"]["low"]["files"] = [str(tmp_path / "lo*.root")]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    assert main(["samples", "--config", "config.yaml", "--json"]) == 0
    low, high = json.loads(capsys.readouterr().out)
    assert low["files"] == 0
    assert "matches nothing" in low["missing"][0]
    assert high["files"] == 1
    assert list(high["bad"]) == [str(tmp_path / "high.root")]  # it is empty
    assert main(["samples", "--config", "config.yaml"]) == 0
    text = capsys.readouterr().out
    assert "missing, low" in text
    assert "bad, high" in text


def test_counts_of_converted_samples(sliced, capsys):
    assert main(["samples", "--config", "config.yaml", "--json"]) == 0
    low, high = json.loads(capsys.readouterr().out)
    assert (low["events"], low["jets"], low["converted"]) == (7, 40_000, 1)
    assert low["sum_of_weights"] == 80_000
    assert low["luminosity"] == 800
    assert high["luminosity"] == 80_000
