"""Making the next items in threads while one is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Work = TypeVar("Work")
Item = TypeVar("Item")

AHEAD = 3
"""Batches that are made in advance by each thread."""

END = object()


def prefetched(items: Generator[Item, None, None], ahead: int) -> Iterator[Item]:
    """Return the items in their order, of which a thread makes up to ``ahead`` in advance.

    An error in the making is raised where its item would have been given. The generator is closed with this one.
    """
    pool = ThreadPoolExecutor(1)
    try:
        waiting: deque[Future[Any]] = deque(pool.submit(next, items, END) for _ in range(ahead))
        while (item := waiting.popleft().result()) is not END:
            waiting.append(pool.submit(next, items, END))
            yield item
    finally:
        pool.shutdown(cancel_futures=True)
        items.close()


def made(work: Generator[Work, None, None], make: Callable[[Work], Item], threads: int) -> Iterator[Item]:
    """Return what is made of each piece of work, in the order of the work, whichever thread is done first.

    Parameters
    ----------
    work : generator
        Says what is to be made. It runs in the caller's thread, so it should be quick; it is closed with this one.
    make : callable
        Runs in one of the threads, so it should leave the interpreter to the others (compiled code does). What it gives
        may depend on its piece of work alone.
    threads : int
        That make items, each up to :data:`AHEAD` in advance.
    """
    pool = ThreadPoolExecutor(threads)
    try:
        waiting: deque[Future[Item]] = deque()
        for piece in work:
            waiting.append(pool.submit(make, piece))
            if len(waiting) > AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        work.close()
