"""Errors a user can meet. Catch `TuwenError` to catch them all.

TuwenError
├── InputError (ValueError)     an argument has a wrong shape, type, value or name
│   ├── UnknownName             a name is not in a registry, a table or a collection
│   ├── PictureError            a picture cannot be decoded; `code` says why
│   └── TextError               a text cannot be encoded; `code` says why
├── CollectionError             a collection cannot be opened, read or written
│   ├── Locked                  another process is writing
│   └── Damaged                 what is on disk is not what was written
├── NotFittedError              a method was used before `fit`
├── Unavailable                 a model is not on this machine and cannot be fetched
├── ServiceError                a server could not be reached, refused or failed; `status` says how
└── MissingExtra (ImportError)  an optional dependency is not installed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TuwenError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(TuwenError, ValueError):
    """An argument has a wrong shape, type, value or name."""


class UnknownName(InputError):
    """A name is not in a registry, a table or a collection."""


class PictureError(InputError):
    """A picture cannot be decoded.

    Attributes:
        code: One short word for the reason, as listed in the ledger (`truncated`, `too-large`, ...).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TextError(InputError):
    """A text cannot be encoded.

    Attributes:
        code: One short word for the reason (`no-features`, ...).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class CollectionError(TuwenError):
    """A collection cannot be opened, read or written."""


class Locked(CollectionError):
    """Another process is writing to the collection."""


class Damaged(CollectionError):
    """What is on disk is not what was written."""


class NotFittedError(TuwenError):
    """`transform` or `similarity` was called before `fit`."""


class Unavailable(TuwenError):
    """A model is not on this machine and cannot be fetched."""


class ServiceError(TuwenError):
    """A server could not be reached, refused or failed.

    Attributes:
        status: Of the answer; 0 when there was none.
        request_id: By which the server's keeper finds it in the log.
    """

    def __init__(self, status: int, message: str, request_id: str = "") -> None:
        super().__init__(message + (f" (request {request_id})" if request_id else ""))
        self.status, self.request_id = status, request_id


class MissingExtra(TuwenError, ImportError):
    """An optional dependency is not installed."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """An `UnknownName` that suggests the nearest known names.

    Args:
        kind: What the name stands for, in the singular ("column", "encoder").
        name: What was asked for.
        known: What there is.
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        hint = f"; did you mean {close[0]!r}?"
    elif names:
        shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        hint = f"; there is {shown}"
    else:
        hint = ""
    return UnknownName(f"no {kind} named {name!r}{hint}")
