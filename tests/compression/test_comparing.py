"""Compressors at the same bounds, files before and after, and what is told of them."""

import awkward as ak
import numpy as np
import pytest
import uproot

from jetloom.cli.main import main
from jetloom.compression.bounds import EXACT, Bound
from jetloom.compression.comparing.costs import chains, cost_of, scaled
from jetloom.compression.comparing.memory import peak_of
from jetloom.compression.comparing.methods import METHODS, OURS, available, truncated
from jetloom.compression.comparing.pairs import Triple, read_pairs
from jetloom.compression.files import compress, decompress
from jetloom.errors import ConfigurationError, ExitCode, InputError

PEERS = [
    pytest.param(name, marks=[] if name in available()[0] else pytest.mark.skip("extra peers")) for name in METHODS
]


def odd_values(count, seed=2):
    rng = np.random.default_rng(seed)
    values = (rng.exponential(50, count) * rng.choice([-1, 1], count)).astype("f4")
    values[:40:4] = 0
    values[1:40:4], values[2:40:8] = np.nan, -np.inf
    return values


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("bound", [EXACT, Bound("relative", 1e-3), Bound("absolute", 1e-2)], ids=str)
def test_a_method_gives_back_what_it_was_given_within_the_bound(name, bound):
    values = odd_values(3000)
    coded = METHODS[name](values, bound)
    assert coded.decoded.dtype == values.dtype
    assert np.array_equal(np.isfinite(coded.decoded), np.isfinite(values))
    good = np.isfinite(values)
    one, other = values[good].astype("f8"), coded.decoded[good].astype("f8")
    allowed = {"exact": 0, "absolute": bound.size, "relative": bound.size * np.abs(one)}[bound.kind]
    # A peer may miss it by what single precision rounds off.
    assert (np.abs(one - other) <= allowed + (0 if name == OURS else 1e-7 * np.abs(one))).all()
    assert 0 < coded.size < values.nbytes


@pytest.mark.parametrize("name", PEERS)
def test_integers_and_nothing_at_all_go_through_every_method(name):
    integers = np.random.default_rng(1).integers(0, 40, 500).astype("i4")
    assert np.array_equal(METHODS[name](integers, EXACT).decoded, integers)
    assert len(METHODS[name](np.empty(0, "f4"), Bound("absolute", 0.1)).decoded) == 0


def test_truncation_keeps_as_few_bits_as_the_bound_needs():
    values = np.abs(odd_values(1000)[40:])
    short = truncated(values, Bound("relative", 2.0**-9))
    assert (np.abs(short / values.astype("f8") - 1) <= 2.0**-9).all()
    assert not (short.view("u4") & ((1 << 15) - 1)).any()  # 8 bits of the mantissa are left
    assert truncated(values, EXACT) is values


def test_costs_count_what_misses_its_bound(monkeypatch):
    columns = {"pt": np.linspace(10, 20, 1000).astype("f4")}
    bounds = {"pt": Bound("absolute", 0.1)}
    fair = cost_of(OURS, columns, bounds)
    assert (fair.outside, fair.bounded_values) == (0, 1000)
    assert 0.4 < fair.distortion < 0.7  # uniform in a bin: 1 / sqrt(3)

    def unfair(values, bound):
        coded = METHODS["zstd alone"](values, bound)
        return coded._replace(decoded=np.where(np.arange(len(values)) < 7, values + 1, values).astype("f4"))

    monkeypatch.setitem(METHODS, "unfair", unfair)
    assert cost_of("unfair", columns, bounds).outside == 7
    wider = scaled({**bounds, "n": EXACT, "m": Bound("relative", 0.1)}, 10)
    assert (wider["pt"].size, wider["n"], wider["m"].size) == (1.0, EXACT, 0.25)


def test_chains_pack_truncated_floats_and_try_zstd_behind_the_codes():
    rng = np.random.default_rng(3)
    columns = {"pt": rng.exponential(50, 4000).astype("f4")}
    found = chains(columns, {"pt": Bound("relative", 1e-3)})
    assert found["jetloom"] < found["truncated floats, then jetloom exactly"] < columns["pt"].nbytes
    assert abs(found["jetloom, then zstd"] / found["jetloom"] - 1) < 0.02  # nothing is left to find


def test_memory_is_that_of_the_work_and_not_of_before():
    kept = np.ones(20_000_000, "u1")
    _, little = peak_of(lambda: kept[:10].sum())
    _, much = peak_of(lambda: np.ones(40_000_000, "u1").sum())
    if not np.isnan(much):
        assert little < 20e6 < 30e6 < much < 80e6


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(5)
    lengths = rng.integers(0, 4, 300)
    total = int(lengths.sum())
    arrays = {
        "run": np.full(300, 1, np.uint32),
        "jets_pt": ak.unflatten(rng.exponential(50, total).astype("f4"), lengths),
        "jets_eta": ak.unflatten(rng.normal(size=total).astype("f4"), lengths),
    }
    original = tmp_path / "a.root"
    with uproot.recreate(original) as file:
        file.mktree("T", {k: a.dtype if isinstance(a, np.ndarray) else a.type.content for k, a in arrays.items()})
        file["T"].extend(arrays)
    triple = Triple(original, tmp_path / "a.jlc", tmp_path / "b.root")
    bounds = {"jets_pt": Bound("relative", 1e-3), "jets_eta": Bound("absolute", 1e-3)}
    compress(original, triple.compressed, bounds, patterns=["run", "jets_*"], entries=100)
    decompress(triple.compressed, triple.decompressed)
    return triple


def test_files_before_and_after_are_held_against_each_other(files):
    sides = read_pairs([files, files], None, 400)
    assert sides.entries == sides.kept == 600
    assert set(sides.outside.values()) == {0}
    assert sides.groups["jets_pt"] == sides.groups["jets_eta"] != sides.groups["run"]
    assert len(sides.original["jets_pt"]) == len(sides.decoded["jets_pt"]) == (sides.values - 600) / 2
    assert (sides.original["jets_pt"] != sides.decoded["jets_pt"]).any()
    assert read_pairs([files, files], None, 100).kept == 300


def test_a_decompressed_file_of_something_else_is_seen(files, tmp_path):
    with uproot.recreate(tmp_path / "c.root") as file, uproot.open(files.decompressed) as other:
        arrays = other["T"].arrays(library="ak")
        parts = {name: arrays[name] for name in ("run", "jets_pt", "jets_eta")}
        parts["jets_pt"] = ak.values_astype(parts["jets_pt"] * 1.01, np.float32)
        file.mktree("T", {name: array.type.content for name, array in parts.items()})
        file["T"].extend(parts)
    wrong = files._replace(decompressed=tmp_path / "c.root")
    sides = read_pairs([wrong], None, 1000)
    assert sides.outside["jets_pt"] == len(sides.original["jets_pt"])
    short = tmp_path / "d.root"
    decompress(files.compressed, short, stop=100)
    with pytest.raises(InputError, match=r"d\.root.*: does not have what|another number of entries"):
        read_pairs([files._replace(decompressed=short)], None, 1000)


def test_the_verb_takes_all_from_a_compression_of_a_configuration(files, tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text(
        "samples: {a: {files: [a.root]}}\n"
        "compressions: {c: {sample: a, source: dxaod, branches: [run, 'jets_*'],"
        " bounds: {jets_pt: 0.1%, jets_eta: 0.001}, entries: 100}}\n"
    )
    given = ["compress", str(files.original), "-o", str(tmp_path / "x.jlc"), "--config", str(config), "--compression"]
    assert main([*given, "c"]) == ExitCode.DONE
    assert (tmp_path / "x.jlc").read_bytes() == files.compressed.read_bytes()
    assert main([*given, "d"]) == ExitCode.CONFIGURATION
    assert "no compression 'd'" in capsys.readouterr().err
    assert main([*given, "c", "-b", "jets_pt=1"]) == ExitCode.CONFIGURATION


def test_wrong_sets_bounds_and_samples_are_refused_with_the_key(tmp_path):
    from jetloom.config.load import load_merged

    def refused(**changes):
        settings = {"sample": "a", "bounds": {"pt": 0.001}, **changes}
        with pytest.raises(ConfigurationError) as caught:
            load_merged({"samples": {"a": {"files": ["a.root"]}}, "compressions": {"c": settings}})
        return caught.value.line()

    assert "did you mean" in refused(variables="28") or "known" in refused(variables="28")
    assert "no sample 'b'" in refused(sample="b")
    assert "bounds" in refused(bounds={"pt": "a little"})
    assert "is what is compressed" in refused(others=["a"])
