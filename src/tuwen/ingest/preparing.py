"""Pictures on their way to the encoder: looked up, read once, decoded, made square; runs in threads."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tuwen import pictures
from tuwen.arrays import Array
from tuwen.data.lines import is_text
from tuwen.encoders import Encoder
from tuwen.errors import PictureError
from tuwen.files import content_hash
from tuwen.ingest.known import DUPLICATE, Known
from tuwen.records import Picture, Refusal


@dataclass(slots=True, kw_only=True)
class Prepared:
    """What became of one picture.

    Attributes:
        path: Of the file, absolute; for bytes, the name of their place.
        known: The bytes need no decoding: they are stored already, or the ledger says why they are not.
        pixels: Ready for the encoder, (size, size, 3) uint8.
        refusal: Why it was not taken.
    """

    path: str
    size: int = -1
    mtime_ns: int = -1
    hash: str = ""
    known: bool = False
    pixels: Array | None = None
    phash: int | None = None
    width_px: int = 0
    height_px: int = 0
    thumbnail: bytes | None = None
    refusal: Refusal | None = None


def prepare(
    picture: Picture, source: str, known: Known, encoder: Encoder, *, retry: bool = False
) -> Prepared:
    """Do with one picture all that needs no other: never raises, so that no picture can stop a run.

    Args:
        picture: The picture.
        source: Where it came from, for the ledger.
        known: What is stored and refused already; files that have not changed are not opened.
        encoder: Says what it needs a picture made to.
        retry: Open files that were refused before though they have not changed.
    """
    made = Prepared(path=picture.path if picture.data is not None else os.path.abspath(picture.path))  # noqa: PTH100
    try:
        _fill(made, picture, known, encoder, retry)
    except PictureError as error:
        made.refusal = _refusal(made, source, error.code, str(error))
    except MemoryError:
        made.refusal = _refusal(made, source, "too-large", f"{made.path} does not fit into memory")
    except Exception as error:  # a decoder's own bug must cost one picture, not the run
        reason = f"{made.path} cannot be decoded ({type(error).__name__}: {error}); restore it from a copy"
        made.refusal = _refusal(made, source, "damaged", reason)
    return made


def _fill(made: Prepared, picture: Picture, known: Known, encoder: Encoder, retry: bool) -> None:
    if picture.data is None:
        path = Path(made.path)
        if not is_text(made.path):
            raise PictureError("bad-path", "the name of the file is not UTF-8; rename the file")
        if _unchanged(made, path, known, retry):
            made.known = True
            return
        data, status = pictures.read(path)
        made.size, made.mtime_ns = status.st_size, status.st_mtime_ns
    else:
        data = picture.data
        made.size = len(data)
    made.hash = content_hash(data)
    if _is_stored(made, known) or (not retry and _was_refused(made, known)):
        made.known = True
        return
    stored = pictures.load_bytes(data, made.path, size=encoder.image_size)
    width, height = stored.info["full_size"]
    image = pictures.upright_rgb(stored)
    turned = image.size != stored.size and image.size == stored.size[::-1]
    made.width_px, made.height_px = (height, width) if turned else (width, height)
    made.pixels = encoder.prepare(picture if encoder.by_id else image)
    # hand-made features are whole here; a row of zeros would be near to nothing
    if _is_blank(made.pixels):
        raise PictureError(
            "featureless",
            f"{made.path} has nothing that {encoder.name} describes (one flat tone?); use another encoder",
        )
    made.phash = pictures.perceptual_hash(image)
    if picture.data is not None:
        made.thumbnail = pictures.thumbnail(image)


def _is_blank(prepared: Array) -> bool:
    """Whether it is a whole feature, or several side by side, that says nothing."""
    names = prepared.dtype.names
    parts = [prepared[name] for name in names] if names else [prepared]
    return all(part.ndim == 1 and not part.any() for part in parts)


def _unchanged(made: Prepared, path: Path, known: Known, retry: bool) -> bool:
    """Whether the file looks as it did when it was stored or refused: then it need not be opened."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return False  # reading it finds the words for what is wrong
    entry, line = known.by_path.get(made.path), known.ledger.get(made.path)
    same = (status.st_size, status.st_mtime_ns)
    if entry is not None and same == (entry.size, entry.mtime_ns):
        made.hash = entry.hash
    elif line is not None and not (retry and line.code != DUPLICATE) and same == (line.size, line.mtime_ns):
        original = known.by_hash.get(line.hash) if line.code == DUPLICATE else None
        if line.code == DUPLICATE and (original is None or not is_there(original.path)):
            return False
        made.hash = line.hash
    else:
        return False
    made.size, made.mtime_ns = same
    return True


def _is_stored(made: Prepared, known: Known) -> bool:
    return made.hash in known.by_hash


def _was_refused(made: Prepared, known: Known) -> bool:
    line = known.ledger.get(made.path)
    return line is not None and line.code != DUPLICATE and line.hash == made.hash


def is_there(path: str) -> bool:
    """Whether a stored picture's file, or the file that holds its bytes, still exists."""
    if os.path.lexists(path):
        return True
    # `table.parquet:12`, `imgs.tsv#1001`, `table.jsonl:12#2`
    holder = re.sub(r"([:#][^:#/]*)+$", "", path)
    return holder != path and os.path.isfile(holder)  # noqa: PTH113


def _refusal(made: Prepared, source: str, code: str, reason: str) -> Refusal:
    return Refusal(
        # a name that is not UTF-8 cannot be stored as it is
        item=made.path.encode("utf-8", "backslashreplace").decode(),
        code=code,
        reason=reason,
        source=source,
        size=made.size,
        mtime_ns=made.mtime_ns,
        hash=made.hash,
    )
