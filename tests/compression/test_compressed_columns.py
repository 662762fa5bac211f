"""Any values, any bounds: no value outside, nothing lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jetloom.compression import grids
from jetloom.compression.bounds import EXACT, Bound, parse_bound
from jetloom.compression.columns import decode_column, encode_column
from jetloom.compression.streams import DamageError, pack_integers, unpack_integers
from jetloom.errors import ConfigurationError, InputError

FLOATS = st.sampled_from(["f4", "f8"])
INTEGERS = st.sampled_from(["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
BOUNDS = st.one_of(
    st.just(EXACT),
    st.floats(1e-12, 1e12).map(lambda size: Bound("absolute", size)),
    st.floats(1e-7, 0.25).map(lambda size: Bound("relative", size)),
)


def round_trip(values, bound, predicted=None):
    encoded = encode_column(values, bound, predicted)
    decoded = decode_column(encoded.facts, encoded.data, values.dtype, predicted)
    assert decoded.dtype == values.dtype
    assert decoded.tobytes() == encoded.decoded.tobytes()
    return encoded, decoded


def allowed(values, decoded, bound):
    """The bound, said again in the precision that is exact for singles and good to 1e-16 for doubles."""
    wide, back = values.astype(np.longdouble), decoded.astype(np.longdouble)
    finite = np.isfinite(wide)
    assert (np.isfinite(back) == finite).all()
    assert values[~finite].tobytes() == decoded[~finite].tobytes()
    limit = bound.size if bound.kind == "absolute" else bound.size * np.abs(wide[finite])
    return np.abs(wide[finite] - back[finite]) <= limit


@given(st.data(), FLOATS, BOUNDS)
def test_no_float_is_outside_its_bound(data, kind, bound):
    dtype = np.dtype(kind)
    width = 8 * dtype.itemsize
    raw = data.draw(hnp.arrays(f"u{dtype.itemsize}", st.integers(0, 50), elements=st.integers(0, 2**width - 1)))
    usual = data.draw(hnp.arrays(dtype, st.integers(0, 50), elements=st.floats(-1000, 1000, width=width)))
    values = np.concatenate([raw.view(dtype), usual, usual[:5], np.zeros(data.draw(st.integers(0, 3)), dtype)])
    _, decoded = round_trip(values, bound)
    if bound is EXACT:
        assert decoded.tobytes() == values.tobytes()
    else:
        assert allowed(values, decoded, bound).all()


@given(st.data(), INTEGERS, BOUNDS)
def test_integers_come_back_exactly_or_within_their_bound(data, kind, bound):
    values = data.draw(hnp.arrays(kind, st.integers(0, 60)))
    _, decoded = round_trip(values, bound)
    if bound is EXACT:
        assert (decoded == values).all()
    else:
        assert allowed(values, decoded, bound).all()


@given(st.data(), FLOATS, BOUNDS)
def test_a_prediction_however_bad_changes_no_bound(data, kind, bound):
    values = data.draw(hnp.arrays(kind, 30))
    predicted = data.draw(hnp.arrays(kind, 30))
    _, decoded = round_trip(values, bound, predicted)
    assert grids.within(values, decoded, bound).all()


def test_a_good_prediction_needs_fewer_bytes():
    rng = np.random.default_rng(1)
    truth = rng.normal(0, 10, 5000).astype("f4")
    near = truth + rng.normal(0, 0.01, 5000).astype("f4")
    bound = Bound("absolute", 0.001)
    alone, _ = round_trip(truth, bound)
    helped, _ = round_trip(truth, bound, near)
    assert len(helped.data) < 0.5 * len(alone.data)


@given(hnp.arrays("i8", st.integers(0, 300), elements=st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))))
def test_any_integers_come_back(codes):
    assert (unpack_integers(pack_integers(codes), len(codes)) == codes).all()


@pytest.mark.parametrize(
    ("codes", "entropy"),
    [
        (np.random.default_rng(1).integers(0, 10, 60_000), np.log2(10)),
        # Of a normal distribution with a width of many steps: log2(sigma sqrt(2 pi e)).
        (
            np.rint(np.random.default_rng(2).normal(0, 1000, 60_000)).astype(np.int64),
            np.log2(1000 * np.sqrt(2 * np.pi * np.e)),
        ),
        (np.where(np.random.default_rng(3).random(60_000) < 0.11, grids.NAN, 7), 0.4999),
    ],
)
def test_integers_need_hardly_more_than_their_entropy(codes, entropy):
    assert 8 * len(pack_integers(codes)) / len(codes) == pytest.approx(entropy, abs=0.03)


def test_bytes_follow_from_the_values():
    values = np.random.default_rng(4).normal(size=1000)
    assert encode_column(values, parse_bound("0.1%")).data == encode_column(values.copy(), parse_bound("0.1%")).data


def test_a_relative_bound_costs_little_more_than_a_logarithm_would():
    """A uniform grid of the logarithm with the same worst error is the best there is for one number."""
    values = np.random.default_rng(5).uniform(0, 8, 60_000)
    values = np.exp(values)
    encoded, _ = round_trip(values, Bound("relative", 0.001))
    best = np.log2(8 / (2 * np.arctanh(0.001)))
    assert 8 * len(encoded.data) / len(values) < best + 0.15


def test_truncated_numbers_are_seen_as_such():
    values = np.random.default_rng(6).normal(size=20_000).astype("f4")
    truncated = (values.view("u4") & np.uint32(0xFFFF0000)).view("f4")
    whole, _ = round_trip(values, EXACT)
    short, _ = round_trip(truncated, EXACT)
    assert len(short.data) < len(whole.data) - 15 / 8 * len(values)


@pytest.mark.parametrize("kind", ["f2", "c16", "U3", "M8[s]"])
def test_other_types_are_refused(kind):
    with pytest.raises(InputError, match="cannot be compressed"):
        encode_column(np.zeros(3, kind), EXACT)


@given(st.data())
def test_other_bytes_are_damage_and_not_a_crash(data):
    values = np.arange(40) % 7
    encoded = encode_column(values, EXACT)
    broken = bytearray(encoded.data)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode_column(encoded.facts, bytes(broken), values.dtype)
    except (DamageError, ValueError, OverflowError):
        return
    assert len(found) == len(values)  # the digest of the block tells


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("0.1%", Bound("relative", 0.001)),
        ("1e-3", Bound("absolute", 0.001)),
        ("0", EXACT),
        ("0%", EXACT),
        ("exact", EXACT),
    ],
)
def test_bounds_are_read(text, bound):
    assert parse_bound(text) == bound
    assert parse_bound(str(bound)) == bound


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "50%", "1e", "0.1 GeV", "1 %%"])
def test_what_is_no_bound_is_refused(text):
    with pytest.raises(ConfigurationError):
        parse_bound(text)
