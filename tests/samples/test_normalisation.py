"""The normalisation of a sample follows what was read, whatever way a part was left out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetloom.config.samples import Sample
from jetloom.errors import BadValueError, ConfigurationError
from jetloom.samples.facts import FileFacts
from jetloom.samples.normalisation import normalise

UNIT = 2.5
"""Weight of each event: then each way to normalise gives the same yield."""


def sample(**settings):
    return Sample.model_validate({"files": ["x"], "cross_section": 20.3, **settings})


def file(entries, events=None, skim=1.0, **facts):
    """A file of events of equal weight, of which some were read; ``skim`` is the share of those that were generated."""
    events = entries if events is None else events
    generated = round(entries / skim)
    booked = {"events": generated, "sum_of_weights": generated * UNIT}
    return FileFacts(
        Path("x.h5"), entries=entries, events=events, sum_of_weights=events * UNIT, **({"bookkeeping": booked} | facts)
    )


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=5), st.booleans())
def test_however_much_is_read_the_yield_is_that_of_all(sizes, booked):
    """With a limit on events and files left out, the yield stays what it is, by each of the three ways."""
    extra = {} if booked else {"bookkeeping": None}
    files = [file(entries, min(entries, most), **extra) for entries, most in sizes]
    entries, seen = (sum(getattr(each, key) for each in files) for key in ("entries", "sum_of_weights"))
    for settings in ({}, {"sum_of_weights": entries * UNIT}, {"sum_of_weights": "events"}):
        found = normalise("a", sample(**settings), files)
        assert found.found == pytest.approx(20.3)
        assert found.total == pytest.approx(seen)
        assert found.expected == 20.3
        assert found.warnings == []
    assert found.share == pytest.approx(sum(each.events for each in files) / entries)


@given(st.integers(1, 4), st.integers(1, 20))
def test_a_skim_keeps_its_share_of_the_yield_whatever_is_read_of_it(tenths, most):
    files = [file(100, most, skim=tenths / 10), file(300, most, skim=tenths / 10)]
    whole = sum(each.bookkeeping["sum_of_weights"] for each in files)
    assert normalise("a", sample(), files).found == pytest.approx(20.3 * tenths / 10, rel=0.02)
    assert normalise("a", sample(sum_of_weights=whole), files).found == pytest.approx(20.3 * tenths / 10, rel=0.02)
    assert normalise("a", sample(), files[:1]).found == pytest.approx(20.3 * tenths / 10, rel=0.02)


def test_a_limit_of_a_given_sum():
    files = [file(1500, 100, bookkeeping=None)] * 2
    found = normalise("a", sample(sum_of_weights=3000 * UNIT), files)
    assert (found.total, found.source) == (pytest.approx(200 * UNIT), "given")


def test_a_file_that_was_skipped():
    bad = FileFacts(Path("bad.h5"), "skipped", "is truncated")
    assert normalise("a", sample(), [file(100), bad]).found == pytest.approx(20.3)
    with pytest.raises(ConfigurationError, match=r"samples\.a\.sum_of_weights: is given for all 2 files.*bad"):
        normalise("a", sample(sum_of_weights=500), [file(100), bad])


def test_one_given_by_hand_wins_and_a_difference_is_told():
    found = normalise("a", sample(sum_of_weights=300.0), [file(100)])
    assert (found.total, found.source) == (300.0, "given")
    assert found.warnings == ["sum_of_weights is given as 300, and the bookkeeping of its files says 250"]
    assert normalise("a", sample(sum_of_weights=250.1), [file(100)]).warnings == []
    found = normalise("a", sample(sum_of_weights=100.0), [file(100, 50, bookkeeping=None)])
    assert found.warnings == ["sum_of_weights is given as 100, and the events in its files alone have 250"]


def test_weights_that_are_not_those_of_the_bookkeeping_are_told():
    booked = {"events": 100, "sum_of_weights": 90.0}
    found = normalise("a", sample(), [file(100, bookkeeping=booked)])
    assert found.warnings == ["the weights of its events sum to 250, and its bookkeeping says 90"]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigurationError, match="1 of 2 files have no bookkeeping"):
        normalise("a", sample(), [file(100), file(100, bookkeeping=None)])
    with pytest.raises(ConfigurationError, match="1 of 1 files have no bookkeeping"):
        normalise("a", sample(sum_of_weights="bookkeeping"), [file(100, bookkeeping=None)])
    with pytest.raises(BadValueError, match="knows of 50 events, and it holds 100"):
        normalise("a", sample(), [file(100, skim=2.0)])
    assert normalise("a", sample(sum_of_weights="events"), [file(100, skim=2.0)]).source == "events"


def test_recorded_data_has_no_cross_section():
    found = normalise("a", sample(is_data=True, sum_of_weights=3.0), [file(100, 10)])
    assert (found.expected, found.found, found.total) == (None, None, 10 * UNIT)


@pytest.mark.parametrize(
    ("settings", "warnings"),
    [
        ({"cross_section": 1.0}, []),
        ({}, ["is recorded data: cross_section of the configuration is not used"]),
        (
            {"sum_of_weights": 3.0},
            ["is recorded data: cross_section and sum_of_weights of the configuration are not used"],
        ),
    ],
)
def test_numbers_that_recorded_data_do_not_use_are_told(settings, warnings):
    found = normalise("a", sample(is_data=True, **settings), [file(100, 10)])
    assert (found.warnings, found.expected, found.found) == (warnings, None, None)
