"""Encoders that learn from the user's items, fitted on a source."""

from __future__ import annotations

from tuwen.data import Source
from tuwen.encoders.fitted import Fitted
from tuwen.errors import InputError
from tuwen.records import Picture, Record


def fit_encoder(source: Source, encoder: Fitted) -> int:
    """Fit an encoder on the texts or the pictures of a source; how many there were.

    A picture that several rows name counts once, a text as often as it stands there.

    Raises:
        InputError: The source has none, or too few.
    """
    texts: list[str] = []
    pictures: dict[str, Picture] = {}
    for record in source.records():
        if not isinstance(record, Record):
            continue  # encoding lists it
        if encoder.modality == "text":
            texts += [text.text for text in record.texts]
        else:
            pictures |= {picture.path: picture for picture in record.images}
    items: list[str] | list[Picture] = texts or list(pictures.values())
    if not items:
        raise InputError(f"{source.path} has no {encoder.modality}s, which {encoder.name} learns from")
    encoder.fit(items)
    return len(items)
