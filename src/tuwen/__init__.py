"""Image-text cross-modal retrieval in Chinese and English."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuwen.client import Client
    from tuwen.collection import Collection, open
    from tuwen.records import Picture, Record, Text

__version__ = "0.1.0"
__all__ = ["Client", "Collection", "Picture", "Record", "Text", "open"]

_HOMES = {
    "Client": "tuwen.client",
    "Collection": "tuwen.collection",
    "Picture": "tuwen.records",
    "Record": "tuwen.records",
    "Text": "tuwen.records",
    "open": "tuwen.collection",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that `import tuwen` stays instant."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'tuwen' has no attribute {name!r}")
