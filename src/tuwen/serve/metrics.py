"""Counts and times of requests, written in the text form that Prometheus reads."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the classes of the latency histogram, in seconds."""

_METHODS = {"GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"}


class Metrics:
    """What a server counts; labels are routes, never addresses, so that their number is bounded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._classes: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self._refused: Counter[str] = Counter()
        self.running = 0

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        method = method if method in _METHODS else "other"
        with self._lock:
            self._requests[method, route, status] += 1
            classes = self._classes.setdefault(route, [0] * (len(BOUNDS) + 1))
            classes[bisect_left(BOUNDS, seconds)] += 1
            self._seconds[route] = self._seconds.get(route, 0.0) + seconds

    def refused(self, why: str) -> None:
        """Count a request that was turned away before it was looked at."""
        with self._lock:
            self._refused[why] += 1

    def text(self, gauges: Iterable[tuple[str, str, Mapping[str, str], float]] = ()) -> str:
        """All of it, in the text form of version 0.0.4.

        Args:
            gauges: Name, help, labels and value of what is measured at this moment.
        """
        with self._lock:
            requests, seconds = sorted(self._requests.items()), dict(self._seconds)
            classes = {route: list(counts) for route, counts in sorted(self._classes.items())}
            refused = sorted(self._refused.items())
        lines = ["# HELP tuwen_requests_total Requests answered.", "# TYPE tuwen_requests_total counter"]
        for (method, route, status), count in requests:
            labels = {"method": method, "route": route, "status": str(status)}
            lines.append(_line("tuwen_requests_total", labels, count))
        lines += ["# HELP tuwen_refused_total Requests turned away.", "# TYPE tuwen_refused_total counter"]
        lines += [_line("tuwen_refused_total", {"why": why}, count) for why, count in refused]
        lines += [
            "# HELP tuwen_request_seconds Time from request to answer.",
            "# TYPE tuwen_request_seconds histogram",
        ]
        for route, counts in classes.items():
            total = 0
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
                total += count
                lines.append(_line("tuwen_request_seconds_bucket", {"route": route, "le": bound}, total))
            lines.append(_line("tuwen_request_seconds_sum", {"route": route}, round(seconds[route], 6)))
            lines.append(_line("tuwen_request_seconds_count", {"route": route}, total))
        named = ""
        for name, words, own, value in gauges:
            if name != named:
                lines += [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
                named = name
            lines.append(_line(name, own, value))
        return "\n".join(lines) + "\n"


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    listed = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
    return f"{name}{{{listed}}} {value}" if listed else f"{name} {value}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
