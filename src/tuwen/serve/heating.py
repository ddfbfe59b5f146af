"""Which parts of a stored picture count for a question."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request

from tuwen import pictures
from tuwen.heat import heat_of
from tuwen.questions import encode_query
from tuwen.serve.answers import Heat
from tuwen.serve.asking import question_of, with_files
from tuwen.serve.schemas import HeatOf
from tuwen.serve.service import Opened, Service, Shared
from tuwen.serve.showing import picture

router = APIRouter(tags=["ask"])


@router.post("/collections/{collection}/heat", response_model=Heat, summary="Which parts count")
async def heat(opened: Opened, service: Shared, request: Request, asked: HeatOf) -> dict[str, Any]:
    """Which parts of a picture count for a question; by occlusion, 50 pictures are encoded.

    It counts as 50 requests where requests are counted.
    """
    return await _answer(opened, service, request, asked, [])


@router.post("/collections/{collection}/heat/upload", response_model=Heat, summary="The same, with pictures")
async def heat_upload(
    opened: Opened,
    service: Shared,
    request: Request,
    files: Annotated[list[UploadFile], File(description="Pictures to ask with.")],
    heat: Annotated[str, Form(description="The item and the question as JSON.", max_length=1 << 18)],
) -> dict[str, Any]:
    """Which parts of a stored picture count for a question of pictures that are sent as files."""
    asked, sent = await with_files(HeatOf, "heat", heat, files)
    return await _answer(opened, service, request, asked, sent)


async def _answer(
    opened: Any, service: Service, request: Request, asked: HeatOf, sent: list[tuple[bytes, str]]
) -> dict[str, Any]:
    settings = service.settings
    if settings.log_queries:
        request.scope["tuwen.asked"] = asked.query or ""

    def work() -> Any:
        data = picture(opened, asked.item, settings).data
        vector = encode_query(opened, question_of(opened, asked, sent, settings.megapixels))
        image = pictures.load_bytes(data, asked.item, size=2 * opened.encoder.image_size)
        return heat_of(opened.encoder, image, vector, how=asked.how)

    found = await service.ask_long(work)
    rows, columns = found.values.shape
    return {
        "rows": rows,
        "columns": columns,
        "values": found.shares().astype(float).round(3).tolist(),
        "how": found.how,
        "score": round(found.score, 4),
        "strength": round(found.strength, 4),
        "most": found.most(),
    }
