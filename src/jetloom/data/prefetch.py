"""Making the next items in a thread while one is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")

END = object()


def prefetched(items: Generator[Item, None, None], ahead: int) -> Iterator[Item]:
    """Give the items in their order, of which a thread makes up to ``ahead`` in advance.

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
