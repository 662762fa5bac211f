"""Items made in threads: their order, errors in their place, and threads that end."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.data.streams.prefetch import AHEAD, made, prefetched


def numbers(count, closed):
    try:
        yield from range(count)
    finally:
        closed.append(True)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 20), st.integers(1, 5), st.randoms())
def test_items_come_in_the_order_of_the_work_whichever_is_done_first(count, threads, random):
    """Some pieces wait until a later one is done, as far as there are threads to do it."""
    late = {piece for piece in range(count - 1) if piece % threads == 0 and threads > 1 and random.random() < 0.5}
    done = [threading.Event() for _ in range(count)]

    def make(piece):
        if piece in late:
            assert done[piece + 1].wait(10)
        done[piece].set()
        return -piece

    closed: list[bool] = []
    assert list(made(numbers(count, closed), make, threads)) == [-piece for piece in range(count)]
    assert closed == [True]


def test_no_more_work_is_begun_than_is_allowed_in_advance():
    closed: list[bool] = []
    drawn: list[int] = []

    def work():
        for piece in numbers(100, closed):
            drawn.append(piece)
            yield piece

    items = made(work(), lambda piece: piece, 2)
    assert next(items) == 0
    assert len(drawn) == 2 * AHEAD + 1
    items.close()
    assert closed == [True]


def error_at_three(piece):
    if piece == 3:
        raise KeyError("three")
    return piece


def items_with_an_error():
    for piece in range(9):
        yield error_at_three(piece)


@pytest.mark.parametrize(
    "start", [lambda: prefetched(items_with_an_error(), 3), lambda: made(numbers(9, []), error_at_three, 2)]
)
def test_an_error_in_the_making_is_raised_in_its_place_and_ends_the_threads(start):
    before = threading.active_count()
    found: list[int] = []
    with pytest.raises(KeyError, match="three"):
        found.extend(start())
    assert found == [0, 1, 2]
    assert threading.active_count() == before
