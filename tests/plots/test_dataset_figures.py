"""Spectra of the classes and bins of trees, drawn from datasets of made-up jets."""

import numpy as np
import pytest
import yaml

from jetloom.cli.main import main
from jetloom.config.load import load_merged
from jetloom.data.appearance import with_appearance
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.plots.dataset import bookkeeping, cut_flow, distributions
from jetloom.plots.dataset.binning import draw_binning, write_binning
from jetloom.plots.dataset.spectra import draw_spectra, fill_seeds, fill_spectra
from jetloom.plots.style import COLORS, GREY, class_styles
from tree_files import make_trees, tree_analysis, tree_config, write_trees

FLATTEN = {"flatten": {"to": "quark", "variables": {"pt": 8}}}
MATCH = {"match": {"variables": {"pt": 8}}, "event": False}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files of trees in which quarks are harder than gluons."""
    directory, found = tmp_path_factory.mktemp("trees"), {}
    for name, (jets, branchings) in {
        "dijet": make_trees(2500, 1, 0.2),
        "ttbar": make_trees(2500, 3, 0.9, 20_000),
    }.items():
        jets["pt"] *= np.where(jets["truth"] == 21, 1.0, 1.5)
        found[name] = [write_trees(directory / f"{name}.h5", jets, branchings)]
    return found


@pytest.fixture
def make(files, tmp_path):
    def function(**task):
        analysis = tree_analysis(**task)
        build(analysis, "flavour", files, tmp_path / "dataset")
        return analysis.tasks["flavour"].weights, Dataset.open(tmp_path / "dataset")

    return function


def _distance(histograms):
    """Root mean square of the pulls between the normalised spectra of two classes, in bins that both fill."""
    (first, second), errors = (
        [h.sums / h.sums.sum() for h in histograms],
        [h.squares / h.sums.sum() ** 2 for h in histograms],
    )
    used = (first > 0) & (second > 0)
    return float(np.sqrt(np.mean((first - second)[used] ** 2 / (errors[0] + errors[1])[used])))


@pytest.mark.parametrize("rule", [FLATTEN, MATCH])
def test_spectra_differ_before_and_agree_after(make, rule):
    weights, dataset = make(weights=rule)
    (spectrum,) = fill_spectra(dataset, weights)
    assert spectrum.title == "Jet $p_T$ [GeV]"
    assert _distance(spectrum.before) > 2
    assert _distance(spectrum.after) < 1.7
    rows = np.concatenate([block.rows for block in dataset.view().blocks("train")])
    assert sum(h.entries for h in spectrum.after) == len(rows)


@pytest.mark.parametrize("rule", [FLATTEN, MATCH])
def test_in_the_bins_of_the_matching_the_spectra_are_alike(make, rule):
    weights, dataset = make(weights=rule)
    (spectrum,) = fill_spectra(dataset, weights)
    facts = dataset.description
    inner = facts["matching"]["edges"]["pt"] if rule is MATCH else facts["views"][0]["flattening"]["pt"][1:-1]
    np.testing.assert_array_equal(spectrum.alike[1:-1], inner)
    assert set(spectrum.alike) <= set(spectrum.after[0].edges)
    first = np.searchsorted(spectrum.after[0].edges, spectrum.alike[:-1])
    one, other = (np.add.reduceat(h.sums, first) / h.sums.sum() for h in spectrum.after)
    errors = [np.add.reduceat(h.squares, first) / h.sums.sum() ** 2 for h in spectrum.after]
    limit = 1e-5 if rule is FLATTEN else 3 * np.sqrt(sum(errors))
    assert (np.abs(one - other) <= limit).all()
    before = [np.add.reduceat(h.sums, first) / h.sums.sum() for h in spectrum.before]
    assert np.abs(before[0] - before[1]).max() > 0.03


def test_datasets_of_an_earlier_version_are_drawn_in_their_own_bins(make, tmp_path):
    weights, dataset = make(weights=MATCH)
    edges = np.linspace(20, 200, 31)
    kept = {"edges": edges.tolist(), "sums": np.ones((2, 30)).tolist(), "squares": np.ones((2, 30)).tolist()}
    dataset.description["matching"]["spectra"] = {"pt": kept}
    (spectrum,) = fill_spectra(dataset, weights)
    assert len(spectrum.alike) == 0
    np.testing.assert_array_equal(spectrum.after[0].edges, edges)
    draw_spectra(tmp_path / "spectra", [spectrum], class_styles(dataset.description["classes"]), 0, "", "")


@pytest.mark.parametrize("rule", [MATCH, {}])
def test_energies_and_masses_of_trees_are_shown_before_and_after(make, rule):
    _, dataset = make(weights=rule)
    energy, mass = fill_seeds(dataset)
    assert (energy.title, mass.title) == ("Energy of the tree [GeV]", "Mass of the tree [GeV]")
    rows = np.concatenate([block.rows for block in dataset.view().blocks("train")])
    for spectrum, name in ((energy, "seed_e"), (mass, "seed_m")):
        for index, histogram in enumerate(spectrum.after):
            own = rows["label"] == index
            expected = np.histogram(rows[name][own], histogram.edges, weights=rows["weight"][own].astype(float))[0]
            np.testing.assert_allclose(histogram.sums, expected)
    counts = [sum(h.sums.sum() for h in side) for side in (energy.before, energy.after)]
    if rule:
        assert counts[0] > 1.1 * counts[1]


def test_a_ratio_far_from_one_has_a_logarithmic_axis_and_what_is_unknown_none():
    from matplotlib.figure import Figure

    from jetloom.plots.dataset.spectra import _ratio, _ratio_axis

    panels = Figure().subplots(2)
    _ratio_axis(panels[0], np.array([0.9, 1.0, 1.3, np.nan]))
    assert panels[0].get_yscale() == "linear"
    np.testing.assert_allclose(panels[0].get_ylim(), [0.67, 1.33])
    _ratio_axis(panels[1], np.array([0.5, 1.0, 8.0]))
    assert panels[1].get_yscale() == "log"
    assert panels[1].get_ylim()[0] < 0.5 < 8.0 < panels[1].get_ylim()[1]
    sure, unsure = (np.array([0.5]), np.array([0.1])), (np.array([0.1]), np.array([0.09]))
    assert _ratio(sure, sure)[0] == 1.0
    assert np.isnan(_ratio(sure, unsure)[0])
    assert np.isnan(_ratio(unsure, sure)[0])


def test_without_either_the_spectators_are_shown(make):
    weights, dataset = make(spectators=["event_number", "eta", "pt"])
    assert [spectrum.title for spectrum in fill_spectra(dataset, weights)] == ["eta", "Jet $p_T$ [GeV]"]


def test_a_task_without_spectators_has_an_empty_figure(make, tmp_path):
    weights, dataset = make(spectators=[])
    assert fill_spectra(dataset, weights) == []
    draw_spectra(tmp_path / "spectra", [], class_styles(dataset.description["classes"]), 0, "", "")
    assert (tmp_path / "spectra.png").stat().st_size > 1000


def test_jets_of_no_class_are_in_no_spectrum(make):
    weights, dataset = make(unlabelled="keep")
    labelled = sum(entry["jets"] for entry in dataset.description["summary"] if entry["part"] == "train")
    for spectrum in fill_spectra(dataset, weights):
        assert sum(h.entries for h in spectrum.before) == labelled


def test_the_verb_draws_bins_and_tells_what_lies_beyond(make, tmp_path):
    make(binning={"ranges": "junipr", "e_sub": 50.0, "granularity": 20})
    content = tree_config(binning={"ranges": "junipr", "e_sub": 50.0, "granularity": 20})
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    options = ["--config", str(tmp_path / "c.yaml"), "--task", "flavour", "--dataset", str(tmp_path / "dataset")]
    assert main(["plot_binning", *options, "--output", str(tmp_path / "trees")]) == 0
    text = (tmp_path / "trees" / "binning.html").read_text()
    entry = Dataset.open(tmp_path / "dataset").view().facts.trees["shares"]["z"]
    assert f"{100 * entry['below']:.2f} %" in text
    assert "more than 2% beyond the range" in text
    assert "empty: 14, 15, 16, 17, 18, 19" in text
    assert "cambridge_aachen" in text
    assert "<h2>Bins of trees: dataset flavour</h2>" in text
    assert (tmp_path / "trees" / "binning.png").stat().st_size > 10_000
    assert (tmp_path / "trees" / "seeds.png").stat().st_size > 10_000


def test_a_dataset_without_trees_has_no_bins_to_draw(files, tmp_path):
    build(tree_analysis(reads="jets"), "flavour", files, tmp_path / "dataset")
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(tree_config(reads="jets"), sort_keys=False))
    options = ["--config", str(tmp_path / "c.yaml"), "--task", "flavour", "--dataset", str(tmp_path / "dataset")]
    assert main(["plot_binning", *options]) != 0


def test_the_logarithm_of_the_atlas_system_starts_at_zero(make, tmp_path):
    _, dataset = make(binning={"scaling": "log1p", "ranges": "junipr"})
    binning = dataset.view().facts.trees
    draw_binning(tmp_path / "binning", binning, 0.02, "ATLAS Simulation", "Jets")
    write_binning(tmp_path / "binning.html", binning, 0.02, "Jets")
    assert "Limit" in (tmp_path / "binning.html").read_text()


def test_what_the_trees_made_is_unknown_before_the_selection():
    jets, _ = make_trees(10, 1)
    np.testing.assert_allclose(distributions._values("log(seed_e)", jets, set()), np.log(jets["seed_e"]), rtol=1e-6)
    before = jets[["pt", "eta"]]
    assert np.isnan(distributions._values("log(seed_e)", before, set())).all()
    np.testing.assert_array_equal(distributions._values("pt", before, set()), jets["pt"])


def test_a_borrowed_dataset_is_dressed_as_the_task_that_uses_it(make):
    _, dataset = make()
    content = tree_config()
    content["tasks"]["other"] = {"dataset": "flavour", "title": "Another", "parameters": {"epochs": 1}}
    worn = with_appearance(dataset, load_merged(content), "other")
    assert (worn.description["task"], worn.description["title"]) == ("other", "Another")
    assert worn.classes == dataset.classes
    assert worn.fingerprint == dataset.fingerprint


def test_samples_keep_the_order_and_the_colours_of_the_configuration(make):
    _, dataset = make()
    content = tree_config()
    samples = content["samples"]
    top = {**samples["ttbar"], "title": "Top"}
    content["samples"] = {"ttbar": top, "other": samples["dijet"], "dijet": samples["dijet"]}
    worn = with_appearance(dataset, load_merged(content), "flavour").description
    # JSON has sorted them: dijet, ttbar.
    assert list(worn["samples"]) == ["ttbar", "dijet"]
    assert cut_flow._flow_colors(worn) == {"Top": COLORS[0], "Dijets": COLORS[2], "All samples": GREY}


def test_the_cut_flow_of_the_dataset_goes_on_where_the_samples_end(make):
    _, dataset = make()
    facts = dataset.description
    for number, entry in enumerate(facts["samples"].values()):
        read = {"stage": "read", "level": "jets", "reason": "in the file", "before": 5000, "after": 5000}
        left = [2500, 1500][number]
        entry["counts"] = [read, {**read, "stage": "select", "reason": "pt > 40", "after": left}]
    facts["counts"][0] |= {"before": 4000, "after": 4000}
    steps = cut_flow.flows(facts)["All samples"]
    assert (steps[0]["stage"], steps[0]["reason"]) == ("dataset", "all samples together")
    assert [step["start"] for step in steps] == [10_000] * len(steps)
    assert [step["start"] for step in cut_flow.flows(facts)["Dijets"]] == [5000, 5000]


def test_figures_of_a_dataset_have_its_name(make, tmp_path):
    _, dataset = make()
    facts = {**dataset.description, "title": "Dense network"}
    cut_flow.write_cut_flow(tmp_path / "flow.html", facts)
    bookkeeping.write_summary(tmp_path / "summary.html", class_styles(facts["classes"]), facts)
    for name in ("flow", "summary"):
        text = (tmp_path / f"{name}.html").read_text()
        assert "dataset flavour" in text
        assert "Dense network" not in text


def test_the_summary_tells_what_files_lack_and_values_far_away(make, tmp_path):
    _, dataset = make()
    facts, path = dataset.description, tmp_path / "summary.html"
    bookkeeping.write_summary(path, class_styles(facts["classes"]), facts)
    assert "What files lack" not in path.read_text()
    assert "Values far from all others" not in path.read_text()
    facts["samples"]["dijet"]["absent"] = {"width": 3}
    facts["views"][0]["suspects"] = [{"column": "Jvt", "value": -999.0, "jets": 7, "share": 0.013, "spreads": 420.0}]
    bookkeeping.write_summary(path, class_styles(facts["classes"]), facts)
    for words in ("What files lack", ">width<", ">3<", "Values far from all others", ">Jvt<", ">-999<", ">1.3 %<"):
        assert words in path.read_text()


def test_the_summary_says_what_became_of_jets_of_no_class(make, tmp_path):
    for policy, words in (("drop", "dropped"), ("keep", "kept, weight 0"), ("majority", "gluon")):
        _, dataset = make(unlabelled=policy)
        facts = dataset.description
        bookkeeping.write_summary(tmp_path / "summary.html", class_styles(facts["classes"]), facts)
        text = (tmp_path / "summary.html").read_text()
        assert f"<td class=text>{words}</td>" in text
        assert f"<td>{facts['samples']['dijet']['unlabelled']}</td>" in text
