"""What clients send to be added: looked at before it is accepted, with a reason for what is not."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from tuwen.errors import PictureError
from tuwen.serve import uploads
from tuwen.serve.problems import Problem
from tuwen.serve.schemas import NewRecord


def shared(text: str | None, label: str | None, metadata: str) -> NewRecord:
    """What a form says about all of its files."""
    try:
        known = json.loads(metadata)
        texts = [{"text": text}] if text else []
        return NewRecord.model_validate({"texts": texts, "label": label or None, "metadata": known})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Problem(422, "invalid", f"{place}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise Problem(422, "invalid", "metadata is not JSON") from error


def taken(
    opened: Any, sent: list[NewRecord], megapixels: int
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Records whose pictures were looked at, and what was not taken; runs in a thread."""
    records: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    known = opened.encoder.modalities
    for record in sent:
        images = []
        for image in record.images if "image" in known else ():
            try:
                data = uploads.from_base64(image.data, uploads.plain_name(image.name))
            except PictureError as error:
                refused.append(_refusal(image.name, error))
                continue
            kept = picture(opened, image.id, image.name, data, megapixels, refused)
            if kept is not None:
                images.append(kept)
        texts = [{"id": text.id, "text": text.text} for text in record.texts if "text" in known]
        refused += _left_out(record, known, opened.encoder.name)
        if images or texts:
            about = {"label": record.label, "metadata": record.metadata}
            records.append({"entity": record.entity, "images": images, "texts": texts, **about})
        elif not record.images and not record.texts:
            refused.append({"item": "record", "code": "empty-row", "reason": "no picture and no text"})
    return records, refused


def _left_out(record: NewRecord, known: Collection[str], encoder: str) -> list[dict[str, str]]:
    """What the encoder of a collection has no vectors for."""
    named = {"image": [each.id or each.name for each in record.images]}
    named["text"] = [each.id or each.text[:40] for each in record.texts]
    return [
        {"item": name, "code": "not-encoded", "reason": f"{encoder} does not encode {kind}s"}
        for kind, names in named.items()
        if kind not in known
        for name in names
    ]


def picture(
    opened: Any,
    identifier: str | None,
    name: str,
    data: bytes,
    megapixels: int,
    refused: list[dict[str, str]],
) -> dict[str, Any] | None:
    """A picture that can be added, else None and a line in `refused`; runs in a thread."""
    try:
        uploads.open_picture(data, name, megapixels, opened.encoder.image_size)
    except PictureError as error:
        refused.append(_refusal(name, error))
        return None
    return {"id": identifier, "name": uploads.plain_name(name), "data": data}


def _refusal(name: str, error: PictureError) -> dict[str, str]:
    return {"item": uploads.plain_name(name), "code": error.code, "reason": str(error)}
