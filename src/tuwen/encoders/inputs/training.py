"""What the encoders made with gensim share: the import, and quiet while it trains."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tuwen.errors import MissingExtra


def need_gensim(family: str) -> Any:
    """The module `gensim.models`.

    Raises:
        MissingExtra: gensim is not installed.
    """
    try:
        import gensim.models
    except ImportError as error:
        raise MissingExtra(f"{family} needs gensim; install it with: pip install 'tuwen[classic]'") from error
    return gensim.models


@contextmanager
def quiet() -> Iterator[None]:
    """Keep gensim's hints on sizes and workers off the terminal."""
    logger = logging.getLogger("gensim")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
