"""Seconds of work, without those of loading libraries, which depend on who asked first."""

from __future__ import annotations

import builtins
import time
from typing import Any, Self


class Stopwatch:
    """Times what happens inside a `with`, one at a time in a process.

    Methods load scipy, scikit-learn or torch when they first need them: seconds that a second fit in the
    same process would not take.

    Attributes:
        seconds: Without loading, known after the block.
    """

    seconds = 0.0

    def __enter__(self) -> Self:
        self._import, self._deep, self._loading = builtins.__import__, 0, 0.0
        builtins.__import__ = self._timed
        self._began = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.perf_counter() - self._began - self._loading
        builtins.__import__ = self._import

    def _timed(self, *name: Any, **more: Any) -> Any:
        """Import; what an import imports is part of it."""
        began, self._deep = time.perf_counter(), self._deep + 1
        try:
            return self._import(*name, **more)
        finally:
            self._deep -= 1
            if not self._deep:
                self._loading += time.perf_counter() - began
