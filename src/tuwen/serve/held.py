"""Bytes that are held in memory for clients, bounded for all together and for each."""

from __future__ import annotations

from collections import Counter


class Held:
    """Counts bytes by client; only the event loop changes it.

    Args:
        most: For all clients together; one client may have half of it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_client: Counter[str] = Counter()
        self.total = 0

    def fits(self, client: str, size: int) -> bool:
        """Whether so many bytes more are allowed."""
        return self.total + size <= self._most and self._by_client[client] + size <= self._most // 2

    def take(self, client: str, size: int) -> None:
        """Count bytes."""
        self.total += size
        self._by_client[client] += size

    def give(self, client: str, size: int) -> None:
        """Count them no more."""
        self.total -= size
        self._by_client[client] -= size
        if self._by_client[client] <= 0:
            del self._by_client[client]
