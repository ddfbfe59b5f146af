"""An encoder written for a runtime without torch, calibrated and measured on a source."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tuwen.data import Source, open_source
from tuwen.encoders import Encoder
from tuwen.encoders.runtimes import Precision, Runtime, bundle
from tuwen.errors import InputError, PictureError
from tuwen.records import Picture, Record

#: So many pictures and texts set the scales of int8; more change little and take long.
CALIBRATED = 64
#: So many pictures and texts are compared with the source encoder.
COMPARED = 256


def export_encoder(
    encoder: Encoder,
    folder: Path,
    *,
    runtime: Runtime = "onnx",
    precision: Precision = "int8",
    calibrate: Path | None = None,
    check: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[bundle.Variant, dict[str, Any]]:
    """Write an encoder for a runtime, and compare what was written with it.

    With `check` and without `calibrate`, what the folder holds already is compared and not written again.

    Args:
        encoder: Run by torch in float32.
        folder: A new one, or one that this encoder was exported to before.
        runtime: `onnx` or `openvino`.
        precision: `fp32`, `bf16` or `int8`.
        calibrate: A source whose pictures and texts set the scales of OpenVINO's int8.
        check: A source whose pictures and texts are compared; else those of `calibrate`, else random ones.
        say: Called with what is done next.

    Returns:
        What was written, and how near it is to the source: see `exporting.check`.

    Raises:
        InputError: A source is empty or cannot be read, or the encoder cannot be exported.
        MissingExtra: A package that exporting needs is not installed.
    """
    from tuwen.encoders import exporting

    if calibrate is not None and (runtime, precision) != ("openvino", "int8"):
        raise InputError(
            f"only int8 for openvino is calibrated, not {precision} for {runtime}; leave the source out"
        )
    about = exporting.made(folder, encoder)
    there = [] if about is None else about.variants
    found = next((one for one in there if (one.runtime, one.precision) == (runtime, precision)), None)
    if found is None or calibrate is not None or check is None:
        images, texts = _taken(calibrate, CALIBRATED, encoder) if calibrate is not None else ([], [])
        found = exporting.export(
            encoder, folder, runtime=runtime, precision=precision, images=images, texts=texts, say=say
        )
    say("comparing with the source")
    against = check or calibrate
    images, texts = _taken(against, COMPARED, encoder) if against is not None else ([], [])
    origin = against.name if against is not None else "random"
    return found, exporting.check(encoder, folder, found, images=images, texts=texts, origin=origin)


def _taken(path: Path, count: int, encoder: Encoder) -> tuple[list[Picture], list[str]]:
    """Pictures that can be decoded and texts from all over a source, the same each time."""
    source = open_source(path)
    images = [image for image in _drawn(source, count, "image") if isinstance(image, Picture)]
    texts = [text for text in _drawn(source, count, "text") if isinstance(text, str)]
    images = [image for image in images if _whole(image, encoder)] if "image" in encoder.modalities else []
    texts = texts if "text" in encoder.modalities else []
    if not images and not texts:
        raise InputError(f"{path} has no {' and no '.join(f'{one}s' for one in sorted(encoder.modalities))}")
    return images, texts


def _drawn(source: Source, count: int, kind: str) -> list[Picture | str]:
    """Up to `count` items, each as likely as any other (reservoir sampling, Vitter 1985)."""
    rng, kept, seen = random.Random(0), list[Picture | str](), 0  # noqa: S311
    for record in source.records():
        if not isinstance(record, Record):
            continue
        items = record.images if kind == "image" else [text.text for text in record.texts]
        for item in items:
            seen += 1
            if len(kept) < count:
                kept.append(item)
            elif (place := rng.randrange(seen)) < count:
                kept[place] = item
    return kept


def _whole(image: Picture, encoder: Encoder) -> bool:
    try:
        encoder.prepare(image)
    except PictureError:
        return False
    return True
