"""Small pictures of a collection inside a page, each read once."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tuwen import pictures
from tuwen.items import item_columns, to_items
from tuwen.markup import escape
from tuwen.sheet import picture_of

if TYPE_CHECKING:
    from tuwen.collection import Collection
    from tuwen.results import Item

SIDE = 128
"""Longest side, in pixels."""


class Thumbnails:
    """Pictures as lists of HTML.

    Args:
        collection: Whose pictures.
        lost: HTML that stands for one that cannot be shown.
    """

    def __init__(self, collection: Collection, lost: str) -> None:
        self._collection, self._lost = collection, lost
        self._items: dict[str, Item] = {}
        self._faces: dict[str, str] = {}

    def grid(self, shown: Iterable[tuple[str, str]]) -> str:
        """A list of pictures by id, each with a line of HTML below it."""
        some = list(shown)
        self._read([identifier for identifier, _ in some])
        lines = [
            f'<li>{self._face(identifier)}<span title="{escape(identifier)}">{escape(identifier)}</span>'
            f"<span>{line}</span></li>"
            for identifier, line in some
        ]
        return f'<ul class="pictures">{"".join(lines)}</ul>'

    def _read(self, ids: list[str]) -> None:
        new = [identifier for identifier in ids if identifier not in self._items]
        if new:
            found = self._collection.store.view.by_ids("images", new, item_columns("image"))
            self._items |= {item.id: item for item in to_items(found, "image")}

    def _face(self, identifier: str) -> str:
        if identifier not in self._faces:
            item = self._items.get(identifier)
            picture = picture_of(item, self._collection) if item is not None else None
            if item is None or picture is None:
                self._faces[identifier] = f'<p class="lost">{self._lost}</p>'
            else:
                data = base64.b64encode(pictures.thumbnail(picture, side=SIDE)).decode()
                name = escape(Path(item.path).name or identifier)
                self._faces[identifier] = (
                    f'<img loading="lazy" src="data:image/jpeg;base64,{data}" alt="{name}">'
                )
        return self._faces[identifier]
