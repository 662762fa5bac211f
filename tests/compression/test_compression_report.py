"""The page of a compression: numbers by hand, and all figures from what was stored."""

import numpy as np
import pytest

from jetloom.cli.main import main
from jetloom.compression.files import compress, decompress
from jetloom.errors import ExitCode
from jetloom.evaluation.compression.residuals import corner, correlations, measure, residuals_of, response
from jetloom.io.hdf5.tables import TableWriter
from jetloom.plots import style
from jetloom.report.compression.stored import read_figures, read_numbers


def test_residuals_by_hand():
    original = np.array([1.0, 2.0, 4.0, 0.0, np.nan], "f4")
    decoded = np.array([1.5, 2.0, 3.0, 0.0, np.nan], "f4")
    assert residuals_of(original, decoded, "difference")[:4].tolist() == [0.5, 0.0, -1.0, 0.0]
    found = measure("m", "1", "relative", original, decoded, 3)
    real = np.array([0.5, 0.0, -0.25])
    assert (found.values, found.exceptions, found.outside, found.kept_exactly) == (5, 2, 3, 3)
    assert found.mean == pytest.approx(real.mean())
    assert found.sigma == pytest.approx(real.std(ddof=1))
    assert found.sigma_error == pytest.approx(found.sigma / np.sqrt(6))
    assert found.mean_error == pytest.approx(found.sigma / np.sqrt(3))
    assert (found.lowest, found.highest) == (-0.25, 0.5)
    assert found.original.sum() == found.decoded.sum() == 4


def test_integers_get_a_bin_each():
    counts = np.repeat(np.arange(5), [3, 1, 4, 1, 5]).astype("i4")
    found = measure("n", "exact", "difference", counts, counts, 0)
    assert found.original.tolist() == [3, 1, 4, 1, 5]
    assert found.edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5]


def test_correlations_are_those_of_what_moves():
    rng = np.random.default_rng(1)
    one = rng.normal(size=2000)
    found = correlations({"a": one, "b": -one, "c": np.zeros(2000), "d": np.where(one > 2, np.nan, one)})
    assert found[0, 1] == pytest.approx(-1)
    assert np.isnan(found[2]).all()
    assert found[0, 3] == pytest.approx(1)
    shown = corner("group", {"a": one, "b": rng.normal(size=2000)}, ["relative", "difference"])
    assert shown.pairs[1][0].sum() > 1950  # 99.5 % of each
    assert shown.quantiles[0] == pytest.approx([-1, 1], abs=0.1)


def test_response_in_bins():
    pt = np.array([10.0, 20, 30, 40])
    found = response("pt", pt, pt * [1.1, 0.9, 1.2, 1.2], "pt", pt, bins=2)
    assert found.entries.tolist() == [2, 2]
    assert found.mean == pytest.approx([1.0, 1.2])
    assert found.sigma == pytest.approx([0.1 * np.sqrt(2), 0.0], abs=1e-7)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    directory = tmp_path_factory.mktemp("compared")

    def table(path, seed, scale):
        rng = np.random.default_rng(seed)
        rows = np.zeros(1500, [("event_number", "u8"), *((name, "f4") for name in ("pt", "eta", "phi", "m"))])
        rows["event_number"] = np.arange(1500)
        for name in ("pt", "m"):
            rows[name] = scale * rng.exponential(30, 1500) + 1
        for name in ("eta", "phi"):
            rows[name] = rng.uniform(-2, 2, 1500)
        with TableWriter(path, {"jets": (rows.dtype, None)}) as writer:
            writer.append(jets=rows)

    for name, seed, scale in (("a", 1, 1), ("b", 2, 3)):
        table(directory / f"{name}.h5", seed, scale)
    config = directory / "config.yaml"
    config.write_text(
        "label: Made up\nsamples: {a: {files: [a.root]}, b: {files: [b.root]}}\n"
        "compressions: {c: {sample: a, variables: 4, bounds: {pt: 0.1%, m: 0.1%, eta: 0.001}, others: [b],"
        " scales: [1, 10]}}\n"
    )
    chosen = ["--config", str(config), "--compression", "c"]
    paths = [str(directory / name) for name in ("a.h5", "a.jlc", "back.h5")]
    assert main(["compress", paths[0], "-o", paths[1], *chosen]) == ExitCode.DONE
    assert main(["decompress", paths[1], "-o", paths[2]]) == ExitCode.DONE
    files = ["--original", paths[0], "--compressed", paths[1], "--decompressed", paths[2]]
    output = ["--output", str(directory / "out")]
    verb = ["compare_compression", *chosen, *files, "--other", str(directory / "b.h5"), *output]
    assert main(verb) == ExitCode.DONE
    return directory / "out", chosen, verb


def test_numbers_are_those_of_the_files(compared):
    output, _, _ = compared
    numbers = read_numbers(output)
    assert numbers["entries"] == numbers["compared"] == 1500
    assert numbers["sizes"]["memory"] == 1500 * (8 + 4 * 4)
    assert numbers["variables"]["jets/pt"]["definition"] == "relative"
    assert 0.0003 < numbers["variables"]["jets/eta"]["sigma"] < 0.001
    assert numbers["variables"]["jets/phi"]["highest"] == 0
    assert {one["outside"] for one in numbers["variables"].values()} == {0}
    assert numbers["methods"]["jetloom"]["ratio"] > numbers["methods"]["zstd alone"]["ratio"]
    assert numbers["others"]["b"]["beyond"]["jets/pt"] > 0.001 > numbers["others"]["b"]["beyond"]["jets/eta"]
    shown = read_figures(output)
    assert {curve.method for curve in shown.curves} == set(numbers["methods"]) - {"zstd alone"}
    assert all(np.diff(curve.bits).max() < 0 for curve in shown.curves)
    assert {(one.name, one.against) for one in shown.responses} == {
        (f"jets/{name}", f"jets/{other}") for name in ("pt", "m") for other in ("pt", "eta")
    }


def test_what_leaves_the_range_is_warned_of(compared, capsys):
    _, _, verb = compared
    assert main([*verb, "-q"]) == ExitCode.DONE
    told = capsys.readouterr().err
    assert "b: jets/pt: " in told
    assert "outside of the range of 'a'" in told
    assert "jets/eta" not in told


def test_figures_are_drawn_from_what_was_stored(compared, tmp_path, monkeypatch):
    output, chosen, _ = compared

    def save(figure, path):  # rendering takes a second a figure
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".png").touch()

    monkeypatch.setattr(style, "_save", save)
    verb = ["plot_compression", *chosen, "--numbers", str(output), "--output", str(tmp_path)]
    assert main(verb) == ExitCode.DONE
    drawn = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png")}
    names = {f"variables/jets_{name}.png" for name in ("event_number", "pt", "eta", "phi", "m")}
    assert drawn == names | {"methods.png", "curves.png", "response.png", "correlation.png", "corners/momentum.png"}
    text = (tmp_path / "compression.html").read_text()
    assert "every one of them within its bound" in text
    assert "with the 0 bytes of a model" in text
    assert "jets/pt (" in text  # outside of the range, on the other sample


def test_files_of_other_numbers_are_refused(compared, capsys):
    _, _, verb = compared
    assert main([*verb, "--compressed", "a.jlc", "b.jlc"]) == ExitCode.CONFIGURATION
    assert main([*verb, "--other"]) == ExitCode.CONFIGURATION
    assert "as many" in capsys.readouterr().err


def test_one_verb_after_another_is_what_the_library_does(compared, tmp_path):
    output, _, _ = compared
    packed = output.parent / "a.jlc"
    decompress(packed, tmp_path / "x.h5")
    compress(tmp_path / "x.h5", tmp_path / "x.jlc", {})
    assert (tmp_path / "x.jlc").stat().st_size < 1500 * 24  # what lost its bits before packs well bit for bit
