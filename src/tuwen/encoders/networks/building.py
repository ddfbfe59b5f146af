"""Networks of the transformers library from tensors already read: quietly, and with nothing looked up."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from tuwen.errors import InputError, MissingExtra

_quiet_lock = threading.Lock()  # transformers' settings are of the whole process


def library(source: str) -> Any:
    """The transformers library, for what is opened.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtra(
            f"opening {source} needs transformers; install it with: pip install 'tuwen[clip]'"
        ) from error
    return transformers


def built(kind: Any, config: Any, tensors: Mapping[str, Tensor], source: str) -> tuple[Any, dict[str, Any]]:
    """A network with these tensors, and which were missing, left over or of another shape.

    Args:
        kind: Its class.
        config: The configuration, of the library's own class.
        tensors: By the library's names.
        source: What they were read from, for messages.

    Raises:
        InputError: The configuration makes no network, or tensors are of another shape.
    """
    with quiet():
        try:
            # no name of a model is given, so nothing is looked for anywhere
            model, found = kind.from_pretrained(
                None,
                config=config,
                state_dict=dict(tensors),
                dtype=torch.float32,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
                local_files_only=True,
            )
        except (ValueError, RuntimeError, TypeError, KeyError, ArithmeticError, ImportError) as error:
            raise InputError(f"{source} cannot be made a {kind.__name__} ({short(error)})") from error
    return model, found


def check_shapes(found: Mapping[str, Any], source: str) -> None:
    """Refuse a network of which tensors, as `built` tells, did not fit.

    Raises:
        InputError: Some did not.
    """
    if found["mismatched_keys"]:
        key, got, wanted = sorted(found["mismatched_keys"])[0]
        raise InputError(
            f"{source} has {key} of shape {tuple(got)}, but its configuration asks for {tuple(wanted)}; "
            "config.json belongs to another checkpoint"
        )


def short(error: Exception) -> str:
    """What an error says, in one short line."""
    return " ".join(str(error).split())[:160]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from writing progress bars and reports; what it had set before comes back."""
    from transformers.utils import logging

    with _quiet_lock:
        level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
        logging.set_verbosity(logging.CRITICAL)
        logging.disable_progress_bar()
        try:
            yield
        finally:
            logging.set_verbosity(level)
            if bars:
                logging.enable_progress_bar()
