"""Items taken home: a table of what is known of them, and their pictures, in one ZIP file."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import StreamingResponse

from tuwen import signatures
from tuwen.errors import UnknownName
from tuwen.serve.problems import Problem, busy
from tuwen.serve.schemas import Id, Kind, Model
from tuwen.serve.service import Opened, Shared
from tuwen.serve.settings import Settings
from tuwen.serve.shelf import public
from tuwen.serve.showing import picture
from tuwen.serve.uploads import ENDINGS

if TYPE_CHECKING:
    from tuwen.collection import Collection

router = APIRouter(tags=["items"])
MOST = 500  # items of one file
MOST_BYTES = 512 << 20  # of their pictures
HELD_BYTES = 16 << 20  # of the file in memory; the rest goes to disk
AT_ONCE = 8  # files that are sent
PIECE = 1 << 16
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide ones begin one too
COLUMNS = ("kind", "id", "file", "name", "text", "entity", "label", "metadata")


class Wanted(Model):
    """Items to take home."""

    kind: Kind = "image"
    ids: list[Id] = Field(min_length=1, max_length=MOST)
    pictures: bool = Field(default=True, description="With the pictures, not only the table.")


@router.post(
    "/collections/{collection}/export",
    summary="Take items home",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A ZIP file: `items.csv`, and `pictures/` where they were asked for.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def export(opened: Opened, service: Shared, wanted: Wanted) -> StreamingResponse:
    """Items as a table with their pictures; ids that nothing has and pictures that are gone are left out."""
    if sum(not each.closed for each in service.exports) >= AT_ONCE:  # each may be half a gigabyte on disk
        raise busy("other exports are on their way; try again", 10)
    made = await service.ask_long(_archive, opened, wanted, service.settings)
    service.exports.add(made)
    headers = {"Content-Disposition": 'attachment; filename="tuwen.zip"'}
    return StreamingResponse(_pieces(made), media_type="application/zip", headers=headers)


def _archive(collection: Collection, wanted: Wanted, settings: Settings) -> SpooledTemporaryFile[bytes]:
    made = SpooledTemporaryFile(HELD_BYTES)  # noqa: SIM115 - whoever sends it closes it
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    total = 0
    try:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:  # pictures are compressed already
            for number, identifier in enumerate(dict.fromkeys(wanted.ids), 1):
                try:
                    row = public(collection.get(wanted.kind, identifier))
                except UnknownName:
                    continue
                data = _picture(collection, identifier, settings) if wanted.kind == "image" else None
                if data is not None and wanted.pictures:
                    total += len(data)
                    if total > MOST_BYTES:
                        raise Problem(422, "too-large", "the pictures are too large together; take fewer")
                    row["file"] = f"pictures/{_file_name(number, identifier, data)}"
                    archive.writestr(row["file"], data)
                row["metadata"] = json.dumps(row["metadata"], ensure_ascii=False)
                writer.writerow({name: _cell(value) for name, value in row.items()})
            # with a mark, or spreadsheet programs show Chinese as garbage
            archive.writestr("items.csv", table.getvalue().encode("utf-8-sig"))
    except BaseException:
        made.close()
        raise
    return made


def _pieces(made: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with made:
        made.seek(0)
        while piece := made.read(PIECE):
            yield piece


def _picture(collection: Collection, identifier: str, settings: Settings) -> bytes | None:
    try:
        return picture(collection, identifier, settings).data
    except Problem:
        return None


def _file_name(number: int, identifier: str, data: bytes) -> str:
    """A name that leads nowhere when it is unpacked: a number and the harmless signs of the id."""
    kind = signatures.picture(data)
    plain = re.sub(r"[^\w-]", "_", identifier)[:60]
    return f"{number:03}-{plain}{ENDINGS[kind] if kind else ''}"


def _cell(value: Any) -> str:
    """A value that a spreadsheet program takes for text, not for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in _FORMULA else text
