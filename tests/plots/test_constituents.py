"""Jets and constituents before and after cuts: what is read, what follows from it, what is drawn."""

import math

import awkward as ak
import numpy as np
import pytest
import yaml

import dxaod_files
from jetloom import paths
from jetloom.cli.main import main
from jetloom.config.load import load_analysis
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.task import Task
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.layout import make_layout
from jetloom.io.root.events import Collection, offsets_of
from jetloom.plots.samples import constituents, side_by_side
from jetloom.plots.samples.before_after import read_sample
from jetloom.plots.samples.quantities import Jets, differences, of_members
from jetloom.plots.samples.side_by_side import Drawn, bins
from jetloom.plots.style import class_styles

CONFIG = {
    "analysis": "shown",
    "label": "jetloom simulation",
    "samples": {name: {"files": [f"{name}_*.root"], "title": name.title()} for name in ("ttbar", "dijet")},
    "conversion": {
        "select": {"jets": ["pt > 30"], "constituents": {"constituents": ["pt > 2"]}},
        "slots": {"constituents": 5},
    },
    "tasks": {
        "quarks": {
            "labels": {
                "gluon": {"when": "PartonTruthLabelID == 21"},
                "quark": {"when": "PartonTruthLabelID < 6", "title": "Quark"},
            },
            "inputs": ["pt"],
        }
    },
}
NINE = {
    "constituents": {"delta_r", "e_log", "difference_px_log", "count_log"},
    "jets": {"label", "isNotPVJet", "e", "pt", "Width"},
}
"""The plots that the quark/gluon study had side by side."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Two samples of two files each, converted."""
    directory = tmp_path_factory.mktemp("shown")
    (directory / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "data": str(directory)}, sort_keys=False))
    for number, sample in enumerate(CONFIG["samples"]):
        for place in range(2):
            content = dxaod_files.content(60, seed=10 * number + place)
            path = dxaod_files.write(directory / f"{sample}_{place}.root", content)
            conversion = load_analysis(directory / "config.yaml").conversion
            output = directory / "results" / "shown" / "hdf5" / sample / f"{sample}_{place}.h5"
            to_hdf5(Task(path, find_schema("simulated"), conversion), output)
    return directory


@pytest.fixture
def analysis(shown, monkeypatch):
    monkeypatch.chdir(shown)
    return load_analysis("config.yaml")


def jets_of(parts, pt=None):
    """Jets that are the sums of their constituents, each a list of (pt, eta, phi, m)."""
    rows = []
    for each in parts:
        px = sum(p * math.cos(phi) for p, _, phi, _ in each)
        py = sum(p * math.sin(phi) for p, _, phi, _ in each)
        pz = sum(p * math.sinh(eta) for p, eta, _, _ in each)
        e = sum(math.sqrt((p * math.cosh(eta)) ** 2 + m * m) for p, eta, _, m in each)
        p = math.hypot(px, py)
        rows.append((p, math.asinh(pz / p), math.atan2(py, px), math.sqrt(max(e * e - p * p - pz * pz, 0.0))))
    flat = np.array([part for each in parts for part in each])
    names = ("pt", "eta", "phi", "m")
    members = Collection(offsets_of(np.array([len(each) for each in parts])), dict(zip(names, flat.T, strict=True)))
    return Jets(dict(zip(names, np.array(rows).T, strict=True)), np.ones(len(parts)), members)


PARTS = [[(30.0, 0.2, 3.1, 0.14), (20.0, 0.3, -3.1, 0.0), (3.0, -0.1, 3.0, 0.5)], [(50.0, -1.0, 0.5, 0.0)]]


def test_jets_that_are_sums_close_to_zero():
    found = differences(jets_of(PARTS))
    assert set(found) == {f"{kind}_{key}" for kind in ("difference", "relative") for key in ("e", "px", "py")}
    for name, quantity in found.items():
        np.testing.assert_allclose(quantity.values, 0.0, atol=1e-9, err_msg=name)


def test_what_is_taken_away_is_the_difference():
    whole = jets_of(PARTS)
    kept = whole.members.keep_rows(np.array([True, True, False, True]))
    found = differences(Jets(whole.columns, whole.weights, kept))
    lost = 3.0 * math.cos(3.0)
    np.testing.assert_allclose(found["difference_px"].values, [lost, 0.0], atol=1e-9)
    np.testing.assert_allclose(found["relative_px"].values, [lost / whole.columns["pt"][0], 0.0], atol=1e-9)
    energy = math.sqrt((3.0 * math.cosh(0.1)) ** 2 + 0.25)
    np.testing.assert_allclose(found["difference_e"].values, [energy, 0.0], atol=1e-9)


def test_stored_components_are_used_and_computed_beside():
    jets = jets_of(PARTS)
    columns = {**jets.columns, "px": np.array([1000.0, 2000.0])}
    found = differences(Jets(columns, jets.weights, jets.members))
    assert found["difference_px"].values[0] > 1000.0
    np.testing.assert_allclose(found["difference_px_computed"].values, 0.0, atol=1e-9)


def test_quantities_of_constituents(analysis):
    layout = make_layout(find_schema("simulated"), analysis.conversion)
    jets = jets_of(PARTS)
    found = of_members(jets, layout, "constituents", closure=False)
    assert found["count"].values.tolist() == [3, 1]
    assert found["e"].values[1] == pytest.approx(math.sqrt((20.0 * math.cosh(0.3)) ** 2))
    # Across phi = pi: the way around the circle is the short one.
    axis = {key: jets.columns[key][0] for key in ("eta", "phi")}
    apart = abs(-3.1 - axis["phi"])
    assert found["delta_r"].values[1] == pytest.approx(math.hypot(0.3 - axis["eta"], min(apart, 2 * math.pi - apart)))
    assert found["delta_r"].values[3] == pytest.approx(0.0, abs=1e-9)
    assert found["e"].title == "Constituent $E$ [GeV]"
    assert found["e"].logarithmic
    assert not found["eta"].logarithmic


@pytest.mark.parametrize("collection", [None, "constituents"])
def test_both_sides_are_of_the_same_events(analysis, collection):
    sample = read_sample(analysis, "dijet", collection, events=40)
    assert sample.events == 40  # 20 of each of two files
    before, after = sample.before, sample.after
    expected = [ak.flatten(dxaod_files.content(60, seed=10 + place)["AnalysisJetsAuxDyn.pt"][:20]) for place in (0, 1)]
    np.testing.assert_allclose(before.columns["pt"], np.concatenate(expected) / 1000, rtol=1e-6)
    np.testing.assert_array_equal(after.columns["pt"], before.columns["pt"][before.columns["pt"] > 30])
    assert len(after.weights) == len(after.columns["pt"])
    if collection:
        assert before.members.columns["pt"].min() < 2 < after.members.columns["pt"].min()
        assert before.members.counts.max() > 5 == after.members.counts.max()
        assert len(before.members.offsets) == len(before.weights) + 1


def test_weights_are_those_of_the_events(analysis):
    sample = read_sample(analysis, "ttbar", "constituents", events=10_000)
    assert sample.events == 120
    with TableReader(paths.hdf5_file(analysis, "ttbar", "ttbar_0")) as reader:
        rows = reader.read("jets")
    np.testing.assert_allclose(sample.after.weights[: len(rows)], rows["mc_event_weight"])
    assert len(set(sample.before.weights)) > 50


@pytest.mark.parametrize("name", NINE)
def test_the_nine_named_figures_are_among_those_that_are_drawn(analysis, tmp_path, monkeypatch, name):
    real, asked = constituents.draw, []

    def only_some(path, *arguments):
        asked.append(path.name)
        if path.name in ("difference_px_log", "label"):
            real(path, *arguments)

    monkeypatch.setattr(constituents, "draw", only_some)
    code = main(["plot_constituents", "--config", "config.yaml", "--collection", name, "--output", str(tmp_path)])
    assert code == 0
    assert NINE[name] <= set(asked)
    assert len(asked) == len(set(asked))
    pictures = {path.name for path in (tmp_path / name).iterdir()}
    figure = "label" if name == "jets" else "difference_px_log"
    assert pictures == {f"{figure}.png", f"{figure}.pdf"}


def test_an_unknown_collection(analysis, capsys):
    assert main(["plot_constituents", "--config", "config.yaml", "--collection", "constituent"]) != 0
    assert "did you mean 'constituents'" in capsys.readouterr().err


def test_a_quantity_that_one_sample_lacks_is_left_out(analysis, tmp_path, monkeypatch):
    monkeypatch.setattr(constituents, "draw", lambda *_: None)
    real = constituents.of_jets
    monkeypatch.setattr(
        constituents,
        "of_jets",
        lambda jets, layout: {k: v for k, v in real(jets, layout).items() if k != "pt" or len(jets.weights) != 120},
    )
    assert "Width" in constituents.draw_collection(analysis, "jets", tmp_path)


def test_bins_hold_what_there_is():
    values = np.linspace(-3.0, 10.0, 1001)
    plain = bins([values])
    assert plain[0] <= -2.9
    assert plain[-1] >= 9.9
    centred = bins([values], centred=True)
    middle = np.searchsorted(centred, 0.0)
    assert centred[middle - 1] == pytest.approx(-centred[middle])
    spread = bins([np.abs(values)], logarithmic=True)
    np.testing.assert_allclose(np.diff(np.log(spread)), np.diff(np.log(spread))[0])
    counts = bins([np.arange(1, 60)], logarithmic=True)
    np.testing.assert_array_equal(counts % 1, 0.5)
    assert counts[0] == 0.5
    assert counts[-1] > 59
    np.testing.assert_array_equal(np.diff(counts, n=2) >= 0, True)  # widths only grow
    assert np.diff(counts).max() > 1
    for odd in ([np.zeros(5)], [np.zeros(0)], [np.full(3, np.nan)]):
        for logarithmic in (False, True):
            assert (np.diff(bins(odd, logarithmic)) > 0).all()


def test_whole_numbers_that_are_equally_many_are_a_flat_histogram(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(side_by_side, "steps", lambda axes, ends, values, errors, **_: seen.append((ends, values)))
    numbers = np.arange(1.0, 201.0)
    one = Drawn((numbers, np.ones(200)), (numbers, np.ones(200)))
    side_by_side.draw(tmp_path / "count_log", "N", "jets", class_styles([{"name": "a"}]), [one], logarithmic=True)
    ends, values = seen[0]
    assert (np.diff(ends) > 1).any()
    np.testing.assert_allclose(values[:-2], 1 / 200)  # the last bin reaches beyond the numbers


def test_a_side_of_zero_where_nothing_is_stays_narrow():
    ends = bins([np.append(np.linspace(0.0, 10.0, 1000), 0.0)], centred=True)
    step = ends[1] - ends[0]
    assert ends[0] == pytest.approx(-2.5 * step, rel=1e-6)
    assert ends[-1] > 9.9
    below = bins([-np.linspace(0.0, 10.0, 1000)], centred=True)
    assert below[-1] == pytest.approx(2.5 * step, rel=1e-3)


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        (15.0, 280.0, ["20", "50", "100", "200"]),
        (11.0, 990.0, ["20", "50", "100", "200", "500"]),  # a single power of ten
        (15.0, 2800.0, None),
    ],
)
def test_numbers_on_a_short_logarithmic_axis_are_written_out(tmp_path, monkeypatch, low, high, written):
    from jetloom.plots import style

    texts = []
    real = style._save
    monkeypatch.setattr(style, "_save", lambda figure, path: (texts.append(_texts(figure)), real(figure, path)))
    values = np.geomspace(low, high, 1000)
    one = Drawn((values, np.ones(1000)), (values, np.ones(1000)))
    side_by_side.draw(tmp_path / "pt_log", "pt", "jets", class_styles([{"name": "a"}]), [one], logarithmic=True)
    assert (texts[0] == written) is (written is not None)


def _texts(figure):
    """What is written at the horizontal axis of the first panel, between its ends."""
    figure.canvas.draw()
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    labels = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    return [text.get_text() for place, text in labels if low <= place <= high and text.get_text()]


def test_absolute_values_on_logarithmic_axes():
    values = np.array([-10.0, 10.0, 1.0])
    one, other = Drawn((values, np.ones(3)), (values[:1], np.ones(1))).histograms(np.array([0.5, 5.0, 50.0]), True)
    assert one.sums.tolist() == [1.0, 2.0]
    assert other.sums.tolist() == [0.0, 1.0]


def test_no_events_no_figures(analysis):
    assert paths.shown_collections(analysis) == ["jets", "constituents"]
    assert paths.shown_collections(analysis.model_copy(update={"diagnostics": 0})) == []


def test_a_few_files_are_shown_from_first_to_last():
    sources = {f"f{place}": f"{place}.root" for place in range(100)}
    shown = paths.shown_files(sources)
    assert len(shown) == paths.SHOWN_FILES
    assert next(iter(shown)) == "f0"
    assert list(shown)[-1] == "f99"
    assert paths.shown_files({"a": 1}) == {"a": 1}
