import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetloom.config.tasks.split import Split
from jetloom.data.building.split import PARTS, assign_parts, event_hash, folds, part_names, roles

EVENTS = np.arange(20_000, dtype=np.uint64)
RUNS = np.full(len(EVENTS), 284500, np.uint32)
MASK = 2**64 - 1


def test_the_hash_never_changes():
    runs = np.array([0, 1, 284500, 2**32 - 1], np.uint32)
    events = np.array([0, 1, 123456789, 2**64 - 1], np.uint64)
    golden = [9735418304920043012, 1162012260631026008, 8053299193648063601, 1143368212753738876]
    assert event_hash(runs, events).tolist() == golden
    assert event_hash(runs[2:3], events[2:3], 7).tolist() == [15959281911049803217]


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**32))
def test_the_hash_equals_splitmix64_in_plain_integers(run, event, salt):
    golden = 0x9E3779B97F4A7C15

    def mix(z):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    state = mix((mix((event + golden) & MASK) + golden * run + golden) & MASK)
    expected = mix(state ^ mix((salt + golden) & MASK))
    assert event_hash(np.array([run], np.uint32), np.array([event], np.uint64), salt).tolist() == [expected]


@pytest.mark.parametrize("dtype", ["i4", "i8", "u4", "u8"])
def test_the_hash_does_not_depend_on_the_type_of_the_numbers(dtype):
    assert (event_hash(RUNS.astype(dtype), EVENTS.astype(dtype)) == event_hash(RUNS, EVENTS)).all()


def test_the_part_depends_on_the_event_alone():
    order = np.random.default_rng(1).permutation(len(EVENTS))
    parts = assign_parts(event_hash(RUNS, EVENTS), Split())
    assert (assign_parts(event_hash(RUNS[order], EVENTS[order]), Split()) == parts[order]).all()
    assert (assign_parts(event_hash(RUNS[:10], EVENTS[:10]), Split()) == parts[:10]).all()
    jets = np.repeat(EVENTS, 2)
    both = assign_parts(event_hash(np.repeat(RUNS, 2), jets), Split()).reshape(-1, 2)
    assert (both[:, 0] == both[:, 1]).all()


def test_run_and_salt_give_other_parts():
    hashes = event_hash(RUNS, EVENTS)
    for other in (event_hash(RUNS + 1, EVENTS), event_hash(RUNS, EVENTS, 1)):
        assert (hashes != other).all()
        same = assign_parts(hashes, Split(train=0.5, validation=0.25, test=0.25)) == assign_parts(
            other, Split(train=0.5, validation=0.25, test=0.25)
        )
        assert abs(same.mean() - (0.25 + 2 * 0.0625)) < 0.02  # independent


@pytest.mark.parametrize("shares", [(0.7, 0.15, 0.15), (0.5, 0.25, 0.25), (0.98, 0.01, 0.01)])
def test_the_shares_are_right(shares):
    split = Split(**dict(zip(PARTS, shares, strict=True)))
    counts = np.bincount(assign_parts(event_hash(RUNS, EVENTS), split), minlength=3) / len(EVENTS)
    np.testing.assert_allclose(counts, shares, atol=4 * 0.5 / np.sqrt(len(EVENTS)))


@pytest.mark.parametrize("number", [3, 5, 10])
def test_over_all_folds_each_event_is_tested_once_by_a_model_that_never_saw_it(number):
    split = Split(folds=number)
    part = assign_parts(event_hash(RUNS, EVENTS), split)
    names = part_names(split)
    assert sorted(set(part.tolist())) == list(range(number)) == folds(split)
    assert np.bincount(part).min() > 0.9 * len(EVENTS) / number
    tested = np.zeros(len(EVENTS), int)
    for fold in folds(split):
        used = roles(split, fold)
        assert sorted(name for part in used.values() for name in part) == sorted(names)  # each part has one role
        assert len(used["train"]) == number - 2
        tested += np.isin(part, [names.index(name) for name in used["test"]])
    assert (tested == 1).all()


def test_without_folds_each_part_has_the_role_of_its_name():
    assert folds(Split()) == [None]
    assert roles(Split(), None) == {"train": ["train"], "validation": ["validation"], "test": ["test"]}


def test_extreme_hashes_have_a_part():
    ends = np.array([0, MASK], np.uint64)
    assert assign_parts(ends, Split()).tolist() == [0, 2]
    assert assign_parts(ends, Split(folds=3)).tolist() == [0, 2]


def test_the_folds_are_shared_as_the_slices_say():
    split = Split(folds=5, slices={"train": 2, "validation": 2, "test": 1})
    assert roles(split, 3) == {"train": ["fold1", "fold2"], "validation": ["fold4", "fold0"], "test": ["fold3"]}
    tested = [name for fold in folds(split) for name in roles(split, fold)["test"]]
    assert sorted(tested) == part_names(split)
    plain = Split(folds=5)
    usual = Split(folds=5, slices={"train": 3})
    assert [roles(plain, fold) for fold in range(5)] == [roles(usual, fold) for fold in range(5)]


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        ({"train": 3, "validation": 2, "test": 1}, r"slices: train \+ validation \+ test is 6, and there are 5 folds"),
        ({"train": 2, "validation": 1, "test": 2}, r"slices\.test: with 5 folds .* only if it is 1, not 2"),
    ],
)
def test_numbers_of_slices_are_checked(slices, message):
    with pytest.raises(ValueError, match=message):
        Split(folds=5, slices=slices)
