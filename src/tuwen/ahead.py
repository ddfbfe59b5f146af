"""Work done ahead in threads while the caller is busy, in order, and never more of it than fits."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

#: Bytes of inputs and results that may wait for the caller, about a hundred pictures.
BUDGET = 1 << 24


def ahead(
    make: Callable[[Item], Made], items: Iterable[Item], *, weigh: Callable[[Item], int], budget: int = BUDGET
) -> Iterator[tuple[Item, Made]]:
    """Each item with what `make` makes of it, in order, made in threads before it is asked for.

    What an item raises is raised when its turn comes; the rest is then not begun.

    Args:
        make: Called in threads, one for each core.
        items: Read by the calling thread, only as far ahead as the budget allows.
        weigh: Bytes that an item and what is made of it take.
        budget: Bytes that may wait; some items wait however large they are, so that no core is idle.
    """
    threads = os.cpu_count() or 1
    window: deque[tuple[Item, Future[Made], int]] = deque()
    held = 0
    pool = ThreadPoolExecutor(threads, thread_name_prefix="ahead")
    try:
        for item in items:
            weight = weigh(item)
            while len(window) > threads and held + weight > budget:
                first, future, freed = window.popleft()
                held -= freed
                yield first, future.result()
            window.append((item, pool.submit(make, item), weight))
            held += weight
        while window:
            first, future, _ = window.popleft()
            yield first, future.result()
    finally:
        # also when the caller leaves early or an item raises
        pool.shutdown(wait=True, cancel_futures=True)
