"""Values of inputs that are no measurements are found: too large to be scaled, or recurring far from all others."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flat_files import flat_schema, write_flat
from jetloom.config.conversion import Conversion
from jetloom.config.load import load_merged
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.task import Task
from jetloom.data.building.build import build
from jetloom.data.fitting.spread import bulk_of, recurring
from jetloom.errors import BadValueError


def _found(column):
    rows = np.asarray(column, np.float32)[:, None]

    def blocks():
        return (rows[start : start + 700] for start in range(0, len(rows), 700))

    bulk = bulk_of(blocks, len(rows))
    known = rows[np.isfinite(rows)]
    return bulk, recurring(bulk, ["x"], np.array([known.min()]), np.array([known.max()]), blocks)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([-999.0, -99.0, 9999.0, -1e6]), st.floats(0.002, 0.9), st.integers(0, 50),
    st.sampled_from(["normal", "exponential", "poisson", "mostly zero"]),
)  # fmt: skip
def test_a_sentinel_is_found_with_its_share_whatever_that_is(sentinel, share, seed, shape):
    rng = np.random.default_rng(seed)
    draw = {
        "normal": rng.standard_normal, "exponential": rng.standard_exponential, "poisson": partial(rng.poisson, 4),
        "mostly zero": partial(rng.poisson, 0.05),
    }[shape]  # fmt: skip
    values = draw(size=3000).astype("f4")
    hit = rng.random(3000) < share
    values[hit] = sentinel
    if hit.sum() < 2:
        return
    found = _found(values)[1]
    assert [entry["value"] for entry in found] == [np.float32(sentinel)]
    assert found[0]["jets"] == hit.sum()
    assert found[0]["share"] == pytest.approx(hit.mean())


def test_two_sentinels_at_one_end_are_both_found_and_nan_is_none():
    values = np.random.default_rng(1).normal(0, 1, 5000)
    values[:50], values[50:90], values[90:200] = -999, -99, np.nan
    assert [(entry["value"], entry["jets"]) for entry in _found(values)[1]] == [(-999.0, 50), (-99.0, 40)]


@pytest.mark.parametrize("shape", ["normal", "exponential", "poisson", "cauchy", "lognormal", "constant", "flags"])
def test_honest_distributions_are_not_suspected(shape):
    rng = np.random.default_rng(2)
    values = {
        "normal": rng.normal(50, 10, 20_000), "exponential": rng.exponential(50, 20_000),
        "poisson": rng.poisson(3, 20_000), "cauchy": rng.standard_cauchy(20_000),
        "lognormal": rng.lognormal(3, 1, 20_000),
        "constant": np.full(20_000, 4.0), "flags": rng.random(20_000) < 0.01,
    }[shape]  # fmt: skip
    assert _found(values)[1] == []


def test_the_sample_is_even_over_all_blocks():
    column = np.arange(450_000, dtype=np.float32)
    bulk, _ = _found(column)
    assert 75_000 < len(bulk.rows) <= 100_000
    assert np.unique(np.diff(bulk.rows[:, 0])).tolist() == [5.0]
    assert bulk.median[0] == pytest.approx(225_000, rel=1e-3)
    assert bulk.spread[0] == pytest.approx(0.3413 * 450_000, rel=1e-3)


def _dataset(tmp_path, width, schema=None, **task):
    path = write_flat(tmp_path / "a.root", events=len(width) // 2, width=np.asarray(width, "f4"))
    to_hdf5(Task(path, schema or flat_schema(), Conversion()), tmp_path / "a.h5")
    labels = {"gluon": {"when": "truth == 21"}, "quark": {"when": "truth == 1"}}
    content = {"labels": labels, "inputs": ["pt", "width"], **task}
    analysis = load_merged({"analysis": "a", "samples": {"mc": {"files": ["x"]}}, "tasks": {"qg": content}})
    return build(analysis, "qg", {"mc": [tmp_path / "a.h5"]}, tmp_path / "d")


def _widths(rows=2000):
    return np.random.default_rng(3).normal(0.1, 0.04, rows).astype("f4")


@pytest.mark.parametrize("value", [-np.finfo("f4").max, 3e38, 1e16])
@pytest.mark.parametrize("place", range(0, 2000, 667))
def test_what_nothing_can_scale_is_refused_with_input_value_and_share(tmp_path, value, place):
    width = _widths()
    width[place] = value
    with pytest.raises(BadValueError, match=r"a\.h5: input 'width': .* in 1 of 2000 jets \(0\.05 %\).*missing: \["):
        _dataset(tmp_path, width)


def test_declared_in_the_schema_it_is_missing(tmp_path):
    width = _widths()
    width[[4, 900]] = -np.finfo("f4").max
    schema = flat_schema(width={"branch": "jet_width", "missing": [-3.40282347e38]})
    view = _dataset(tmp_path, width, schema)["views"][0]
    assert view["std"][1] == pytest.approx(0.04, rel=0.1)
    assert view["suspects"] == []
    assert 0 < view["missing_share"][1] < 0.01


def test_a_recurring_value_is_told_and_robust_scaling_is_not_moved(tmp_path, caplog):
    width = _widths()
    width[::50] = -99
    views = {way: _dataset(tmp_path / way, width, scaling=way)["views"][0] for way in ("standard", "robust")}
    assert "input 'width': -99 in" in caplog.text
    assert "its standard deviation" in caplog.text
    assert views["standard"]["std"][1] > 5
    assert views["robust"]["std"][1] == pytest.approx(0.04, rel=0.1)
    assert views["robust"]["mean"][1] == views["robust"]["missing"][1] == pytest.approx(0.1, abs=0.01)
    for view in views.values():
        (suspect,) = view["suspects"]
        assert (suspect["column"], suspect["value"]) == ("width", -99.0)
        assert suspect["share"] == pytest.approx(0.02, rel=0.3)


@pytest.fixture(autouse=True)
def _directories(tmp_path):
    for name in ("standard", "robust"):
        (tmp_path / name).mkdir()
