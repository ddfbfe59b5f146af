"""Self-contained HTML sheets of results: thumbnails inside, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tuwen import pictures
from tuwen.errors import PictureError
from tuwen.files import replacing
from tuwen.markup import Language, escape, framed, in_both

if TYPE_CHECKING:
    from tuwen.collection import Collection
    from tuwen.results import Hit, Item

SIDE = 320
"""Longest side of a thumbnail, in pixels."""

LOOKS = Path(__file__).with_name("sheet.css").read_text(encoding="utf-8")
"""Rules of cards with pictures, behind those of every page."""

_WORDS = {
    "query": ("Query", "查询"),
    "picture": ("by picture", "以图查询"),
    "hits": ("hits", "条结果"),
    "nothing": (
        "Nothing in this collection fits well; these are only the nearest.",
        "没有合适的结果，以下只是最接近的。",
    ),
    "none": ("No hits.", "没有结果。"),
    "score": ("Score", "分数"),
    "sure": ("probability that something fits", "有合适结果的概率"),
    "label": ("Label", "类别"),
    "entity": ("Entity", "实体"),
    "missing": ("The picture cannot be shown", "图片无法显示"),
    "made": (
        "Made by tuwen. Bars are relative to the best score of each query.",
        "由 tuwen 生成。条形长度相对于每个查询的最高分。",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One query and its hits.

    Args:
        query: The words asked, or what the query was.
        hits: Best first.
        image: The picture asked with, if any.
        fits: False when nothing in the collection fits the query; None when that is not known.
        probability: The calibrated probability that something fits, if known.
    """

    query: str
    hits: Sequence[Hit]
    image: Path | None = None
    fits: bool | None = None
    probability: float | None = None


Draw = Callable[["Hit"], Image.Image | None]


def write_sheet(
    path: Path,
    sections: Sequence[Section],
    *,
    title: str = "tuwen",
    language: Language | None = None,
    draw: Draw | None = None,
) -> None:
    """Write `page` to a file, in one step."""
    text = page(sections, title=title, language=language, draw=draw)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def page(
    sections: Sequence[Section],
    *,
    title: str = "tuwen",
    language: Language | None = None,
    draw: Draw | None = None,
) -> str:
    """One HTML page with a part for each query.

    Args:
        sections: Queries with their hits.
        title: Heading of the page.
        language: The labels' language at first; None takes Chinese when a query has Chinese in it.
            The reader can switch.
        draw: Gives the picture of a hit, or None; by default its file is read.
    """
    if language is None:
        language = "zh" if any(re.search(r"[\u3400-\u9fff]", part.query) for part in sections) else "en"
    body = "\n".join(_section(part, draw or picture_of) for part in sections)
    return framed(body, title=title, language=language, footer=_word("made"), style=LOOKS)


def picture_of(hit: Item, collection: Collection | None = None) -> Image.Image | None:
    """The picture of an image from its file, or as the collection keeps it; None when neither can be read."""
    if hit.kind != "image":
        return None
    found = load_small(Path(hit.path))
    if found is None and collection is not None:
        stored = collection.store.view.by_ids("images", [hit.id], ["thumbnail"])["thumbnail"].to_pylist()
        if stored and stored[0]:
            found = pictures.load_bytes(stored[0], hit.id)
    return found


def _section(part: Section, draw: Draw) -> str:
    best = max((hit.score for hit in part.hits), default=0.0)
    cards = "\n".join(_card(hit, best, draw) for hit in part.hits)
    asked = ""
    if part.image is not None:
        picture = load_small(part.image)
        if picture is not None:
            asked = f'<img class="asked" src="{data_url(picture)}" alt="{escape(part.image.name)}">'
    notice = ""
    if not part.hits:
        notice = f'<p class="notice">{_word("none")}</p>'
    elif part.fits is False:
        notice = f'<p class="notice">{_word("nothing")}</p>'
    sure = f" · {_word('sure')} {part.probability:.2f}" if part.probability is not None else ""
    by_picture = f' <span class="how">{_word("picture")}</span>' if part.image is not None else ""
    return f"""<section>
<div class="query">{asked}<div><p class="how">{_word("query")}{by_picture}</p>
<h2>{escape(part.query)}</h2><p class="how">{len(part.hits)} {_word("hits")}{sure}</p></div></div>
{notice}
<ol class="hits">
{cards}
</ol>
</section>"""


def _card(hit: Hit, best: float, draw: Draw) -> str:
    share = max(0.0, min(1.0, hit.score / best)) if best > 0 else 0.0
    if hit.kind == "image":
        picture = draw(hit)
        name = Path(hit.path).name if hit.path else hit.id
        if picture is None:
            face = f'<p class="face lost">{_word("missing")}</p>'
        else:
            shown, words = data_url(picture), escape(hit.text or name)
            face = f'<img class="face" loading="lazy" src="{shown}" alt="{words}">'
    else:
        face = f'<blockquote class="face">{escape(hit.text or "")}</blockquote>'
    facts = [(_word("score"), f"{hit.score:.4f}")]
    if hit.label:
        facts.append((_word("label"), escape(hit.label)))
    if hit.entity and hit.entity != hit.id:
        facts.append((_word("entity"), escape(hit.entity)))
    facts += [(escape(str(key)), escape(_plain(value))) for key, value in (hit.metadata or {}).items()]
    listed = "".join(f"<div><dt>{key}</dt><dd>{value}</dd></div>" for key, value in facts)
    place = (
        f'<p class="path" title="{escape(hit.path)}">{escape("/".join(Path(hit.path).parts[-2:]))}</p>'
        if hit.path
        else ""
    )
    return f"""<li>{face}
<div class="body"><p class="name"><b class="rank">{hit.rank}</b> <span>{escape(hit.id)}</span></p>
<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">\
<rect class="all" width="100" height="4"/><rect class="part" width="{share * 100:.1f}" height="4"/></svg>
<dl>{listed}</dl>{place}</div></li>"""


def load_small(path: Path) -> Image.Image | None:
    """A picture no larger than a thumbnail needs; None where it cannot be read."""
    try:
        return pictures.load(path, size=SIDE)
    except (PictureError, OSError):
        return None


def data_url(picture: Image.Image) -> str:
    """A picture as the address of its own thumbnail, for the `src` of a page that stands alone."""
    return "data:image/jpeg;base64," + base64.b64encode(pictures.thumbnail(picture, side=SIDE)).decode()


def _word(key: str) -> str:
    return in_both(*_WORDS[key])


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
