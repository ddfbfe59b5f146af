"""Collections made ready to illustrate headlines: once for many questions, and anew after a change."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tuwen.serve.problems import busy

if TYPE_CHECKING:
    from tuwen.collection import Collection
    from tuwen.illustrate.base import Answer
    from tuwen.illustrate.run import Illustrator
    from tuwen.records import Refusal

WAIT_SECONDS = 5.0  # for a library that is being made ready


class Libraries:
    """Libraries by the name of their collection, each asked by one thread at a time."""

    def __init__(self, names: Sequence[str]) -> None:
        self.locks = {name: threading.Lock() for name in names}
        self._ready: dict[str, tuple[int, Illustrator]] = {}  # with the commit that they know

    def ask(
        self,
        name: str,
        collection: Collection,
        headlines: Sequence[tuple[str, str, str]],
        how: dict[str, Any],
    ) -> tuple[list[Answer], list[Refusal]]:
        """Pictures for headlines.

        Args:
            name: Of the collection.
            collection: Itself.
            headlines: Id, text and class of each.
            how: Fields of `illustrate.options.Options`.

        Raises:
            Problem: 503 while another request makes the library ready.
        """
        from tuwen.illustrate.base import Query
        from tuwen.illustrate.options import Options
        from tuwen.illustrate.run import Illustrator

        if not self.locks[name].acquire(timeout=WAIT_SECONDS):
            raise busy("the library is being made ready; try again", 5)
        try:
            now = collection.store.view.head.sequence
            known = self._ready.get(name)
            if known is None or known[0] != now:
                known = self._ready[name] = (now, Illustrator(collection))
            queries = [Query(id=identifier, text=text, label=label) for identifier, text, label in headlines]
            return known[1].ask(queries, Options(**how))
        finally:
            self.locks[name].release()
