"""One encoder measured in a process of its own: `python -m tuwen.measuring JOB.json`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import encoders, machine
from tuwen.arrays import Array
from tuwen.encoders import Encoder
from tuwen.errors import TuwenError
from tuwen.files import read_json, write_json
from tuwen.metrics import hit_at
from tuwen.records import Picture

MOST_IMAGES = 5_000
MOST_TEXTS = 100_000
PLACES = (1, 5, 10)
# twelve characters each; other words every time, so that nothing can be remembered
_QUERIES = (
    "海边日落时奔跑的两只小狗",
    "穿红裙子的女孩在雪地跳舞",
    "夜晚城市街道上的出租车们",
    "老人坐在公园长椅上看报纸",
)
_ENGLISH = ("a dog on snow", "red city bus", "girl dancing", "men on bikes")


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """What an encoder is and does on this machine.

    Args:
        job: `spec`; `seconds` for each measurement; `images`, paths; `texts`; and, when there are pairs,
            `pairs` with `images` (path and id), `texts` (text and id) and `links` (text, image).

    Returns:
        A row for the table; without what the encoder cannot do.

    Raises:
        TuwenError: It cannot be opened or used.
    """
    began = time.perf_counter()
    encoder = encoders.load(job["spec"])
    for kind in encoder.modalities:
        encoder.encode([], kind)  # one that is not fitted says so
    row: dict[str, Any] = {
        "languages": list(encoder.languages),
        "width": encoder.width,
        "parameters": encoder.parameters,
        "encodes": sorted(encoder.modalities),
    }
    new = not encoder.by_id  # others only look up what they know
    if new:
        (_first_text if "text" in encoder.modalities else _first_image)(encoder, job)
        row["start_s"] = _round(time.perf_counter() - began)
        if "image" in encoder.modalities and job["images"]:
            row["images_s"] = _round(_images_rate(encoder, job["images"], job["seconds"]))
        if "text" in encoder.modalities:
            row["texts_s"] = _round(_texts_rate(encoder, job["texts"], job["seconds"]))
            row["query_ms"] = _round(1000 * _query_seconds(encoder, job["seconds"] / 2))
    row["memory_mb"] = round(machine.peak_mb())
    row["runtime"] = encoder.runtime
    if job.get("pairs") and encoder.modalities == {"image", "text"}:
        row |= _recalls(encoder, job["pairs"])
    return row


def main() -> None:
    """Read a job, measure, and write the answer where the job says."""
    job = read_json(Path(sys.argv[1]))
    try:
        answer = measure(job)
    except (TuwenError, OSError, MemoryError) as error:
        answer = {"problem": " ".join(str(error).split()) or type(error).__name__}
    write_json(Path(job["answer"]), answer)


def _first_text(encoder: Encoder, job: dict[str, Any]) -> None:
    encoder.encode_texts(job["texts"][:1])


def _first_image(encoder: Encoder, job: dict[str, Any]) -> None:
    encoder.encode_images(_readable(encoder, job["images"], 1))


def _readable(encoder: Encoder, images: Sequence[str], most: int) -> list[str]:
    """The first pictures that can be encoded; the first of all, with its error, where none can."""
    made = encoder.prepare_ahead(images)
    found = (str(image) for image, prepared in made if isinstance(prepared, np.ndarray))
    return list(islice(found, most)) or list(images[:1])


def _images_rate(encoder: Encoder, images: Sequence[str], seconds: float) -> float:
    """Pictures a second, from file to vector, as `tuwen encode` does it."""
    few = _readable(encoder, images, 4)
    encoder.encode_images(few[:1])
    each = _timed(lambda: encoder.encode_images(few)) / len(few)
    count = int(np.clip(seconds / each, 4, MOST_IMAGES))

    def run() -> None:
        made = encoder.prepare_ahead(islice(cycle(images), count))
        while batch := list(islice(made, encoder.batch_size)):
            whole = [prepared for _, prepared in batch if isinstance(prepared, np.ndarray)]
            if whole:
                encoder.encode_prepared(np.stack(whole))

    return count / _timed(run)


def _texts_rate(encoder: Encoder, texts: Sequence[str], seconds: float) -> float:
    encoder.encode_texts(texts[:2])
    each = _timed(lambda: encoder.encode_texts(texts[:8])) / min(8, len(texts))
    count = int(np.clip(seconds / each, 8, MOST_TEXTS))
    many = 16 * encoder.batch_size
    endless = islice(cycle(texts), count)

    def run() -> None:
        while batch := list(islice(endless, many)):
            encoder.encode_texts(batch)

    return count / _timed(run)


def _query_seconds(encoder: Encoder, seconds: float) -> float:
    """The median time of one short text by itself, all of it: cutting to tokens, network, unit length."""
    known = encoder.languages
    queries = _QUERIES if "zh" in known or not known else _ENGLISH
    taken: list[float] = []
    while len(taken) < 5 or (sum(taken) < seconds and len(taken) < 200):
        query = queries[len(taken) % len(queries)]
        taken.append(_timed(lambda query=query: encoder.encode_texts([query])))  # type: ignore[misc]
    return float(np.median(taken))


def _recalls(encoder: Encoder, pairs: dict[str, Any]) -> dict[str, Any]:
    """Percent of queries with a true answer among the first 1, 5 and 10, from text to image and back."""
    records = [Picture(path=image["path"], id=image["id"]) for image in pairs["images"]]
    rows: list[Array] = []
    kept: list[int] = []
    made = enumerate(encoder.prepare_ahead(records))
    while batch := list(islice(made, encoder.batch_size)):
        whole = [(place, prepared) for place, (_, prepared) in batch if isinstance(prepared, np.ndarray)]
        if whole:
            kept += [place for place, _ in whole]
            rows.append(encoder.encode_prepared(np.stack([prepared for _, prepared in whole])))
    if not rows:
        return {"problem": "none of the pairs' pictures could be encoded"}
    texts = encoder.encode_texts(
        [text["text"] for text in pairs["texts"]], ids=[text["id"] for text in pairs["texts"]]
    )
    true = np.zeros((len(texts), len(records)), dtype=bool)
    for text, image in pairs["links"]:
        true[text, image] = True
    scores, true = texts @ np.concatenate(rows).T, true[:, kept]
    return {
        "text_to_image": [_percent(scores, true, k) for k in PLACES],
        "image_to_text": [_percent(scores.T, true.T, k) for k in PLACES],
        "pairs": {"images": len(kept), "texts": len(texts)},
    }


def _percent(scores: Array, true: Array, k: int) -> float:
    return round(100 * float(np.nanmean(hit_at(scores, true, k))), 1)


def _timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _round(value: float) -> float:
    """Three significant digits."""
    return float(f"{value:.3g}")


if __name__ == "__main__":
    main()
