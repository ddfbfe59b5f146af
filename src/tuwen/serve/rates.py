"""How often a client may ask: a bucket of tokens each, refilled at a steady rate."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

CLIENTS = 10_000  # that are remembered


class Rates:
    """Buckets by client.

    Args:
        rate: Requests a second; 0 for no limit.
        burst: That may come at once.
        clock: Seconds that only rise.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, float(max(burst, 1)), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, and when

    def take(self, client: str, cost: float = 1.0) -> float:
        """Seconds that the client must wait; 0 when it may go on."""
        if self._rate <= 0:
            return 0.0
        now = self._clock()
        left, then = self._buckets.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._rate)
        wait = 0.0 if left >= cost else (cost - left) / self._rate
        self._buckets[client] = (left if wait else left - cost, now)
        while len(self._buckets) > CLIENTS:  # the one that has been silent longest
            self._buckets.popitem(last=False)
        return wait

    def give(self, client: str, cost: float = 1.0) -> None:
        """Take a request back: it is not one of those that are counted."""
        if client in self._buckets:
            left, then = self._buckets[client]
            self._buckets[client] = (min(self._burst, left + cost), then)
