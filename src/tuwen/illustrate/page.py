"""The sheet for editors: each question with what was chosen, marks, and the reasons, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from tuwen import sheet
from tuwen.files import replacing
from tuwen.illustrate.base import SIGNALS, Answer, Choice, Reason
from tuwen.markup import escape, framed, in_both
from tuwen.records import Refusal

_STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_EXCERPT = 160  # characters of an item's text

_NAMES = {
    "text": ("Like texts", "文本相似"),
    "triples": ("Who does what", "三元组相似"),
    "image": ("Like the picture", "图像相似"),
    "through": ("Like its neighbours", "近邻配图"),
    "cross": ("Headline and picture", "图文匹配"),
    "own": ("As pairs here go", "配对经验"),
}
_MEANING = {
    "text": (
        "The text that goes with it is like what was asked.",
        "所配文本与查询文本相近。",
    ),
    "triples": (
        "Its text says the same of the same: entity, relation, entity.",
        "所配文本中“实体—关系—实体”与查询相近。",
    ),
    "image": (
        "The picture is like the one that came with the question.",
        "图片与查询所附图片相近。",
    ),
    "through": (
        "It is like the pictures (or texts) of the items that are nearest to the question.",
        "与最相近条目的配图（或文本）相近。",
    ),
    "cross": (
        "An encoder of both finds that words and picture go together.",
        "图文编码器认为文字与图片相配。",
    ),
    "own": (
        "Learned from the pairs of this library: what headlines like this were given.",
        "由本馆已有图文配对学得：此类标题通常配什么图。",
    ),
}
Draw = Callable[[Choice], Image.Image | None]


def write_page(
    path: Path,
    answers: Sequence[Answer],
    *,
    size: int,
    title: str = "tuwen",
    refusals: Sequence[Refusal] = (),
    draw: Draw | None = None,
) -> None:
    """Write `page` to a file, in one step."""
    text = page(answers, size=size, title=title, refusals=refusals, draw=draw)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def page(
    answers: Sequence[Answer],
    *,
    size: int,
    title: str = "tuwen",
    refusals: Sequence[Refusal] = (),
    draw: Draw | None = None,
) -> str:
    """One HTML page with a part for each question; it needs nothing beside itself.

    Args:
        answers: What was found.
        size: Items of the library, beside the places.
        title: Heading of the page.
        refusals: Questions that could not be asked.
        draw: Gives the picture of a choice, or None; by default its file is read.
    """
    chinese = any(re.search(r"[\u3400-\u9fff]", answer.query.text) for answer in answers)
    used = {reason.name for answer in answers for choice in answer.choices for reason in choice.reasons}
    body = "\n".join(_section(answer, size, draw or _drawn) for answer in answers)
    return framed(
        body + _refused(refusals) + _key(used, size),
        title=title,
        language="zh" if chinese else "en",
        footer=in_both("Made by tuwen.", "由 tuwen 生成。"),
        style=sheet.LOOKS + _STYLE,
    )


def _section(answer: Answer, size: int, draw: Draw) -> str:
    query = answer.query
    asked = ""
    if query.picture is not None and (picture := sheet.load_small(query.picture)) is not None:
        asked = f'<img class="asked" src="{sheet.data_url(picture)}" alt="{escape(query.picture.name)}">'
    heading = query.text or (query.picture.name if query.picture is not None else query.id)
    facts = [escape(query.id)] if query.id != heading else []
    if answer.label:
        name, sure = escape(answer.label), ""
        if answer.label_probability is not None:
            guessed = f"{answer.label_probability:.2f}"
            sure = f" {in_both(f'(guessed, {guessed})', f'（推测，{guessed}）')}"
        facts.append(f'{in_both("class", "类别")} <span class="asked-class">{name}</span>{sure}')
    if answer.probability is not None:
        number = f"{answer.probability:.2f}"
        facts.append(in_both(f"probability that something fits {number}", f"有合适图片的概率 {number}"))
    best = max((choice.score for choice in answer.choices), default=0.0)
    cards = "\n".join(_card(choice, best, size, draw, for_text=bool(query.text)) for choice in answer.choices)
    return f"""<section>
<div class="query">{asked}<div><h2>{escape(heading)}</h2><p class="how">{" · ".join(facts)}</p></div></div>
{_notice(answer)}
<ol class="hits">
{cards}
</ol>
</section>"""


def _notice(answer: Answer) -> str:
    thing = ("picture", "图片") if answer.query.text else ("text", "文本")
    if not answer.choices:
        words = in_both(f"No fitting {thing[0]}.", f"没有合适的{thing[1]}。")
    elif answer.fits is False:
        words = in_both(
            f"No fitting {thing[0]}; these are only the nearest.", f"没有合适的{thing[1]}，以下只是最接近的。"
        )
    elif answer.fits is None and answer.probability is not None and answer.probability < 0.5:
        words = in_both(f"Perhaps no {thing[0]} fits; look well.", f"可能没有合适的{thing[1]}，请仔细核对。")
    else:
        return ""
    return f'<p class="notice">{words}</p>'


def _card(choice: Choice, best: float, size: int, draw: Draw, *, for_text: bool) -> str:
    picture = draw(choice) if choice.picture else None
    shown = f'src="{sheet.data_url(picture)}" alt="{escape(choice.id)}"' if picture is not None else ""
    if for_text:
        lost = f'<p class="face lost">{in_both("The picture cannot be shown", "图片无法显示")}</p>'
        face = f'<img class="face" loading="lazy" {shown}>' if shown else lost
        words = f'<p class="words">{escape(_excerpt(choice.text))}</p>' if choice.text else ""
    else:
        small = f'<img class="small" loading="lazy" {shown}>' if shown else ""
        face = f'{small}<blockquote class="face">{escape(_excerpt(choice.text))}</blockquote>'
        words = ""
    share = max(0.0, min(1.0, choice.score / best)) if best > 0 else 0.0
    label = f'<p class="how">{escape(choice.label)}</p>' if choice.label else ""
    reasons = "".join(_reason(reason, choice.reasons) for reason in choice.reasons)
    return f"""<li>{face}
<div class="body"><p class="name"><b class="rank">{choice.rank}</b> <span>{escape(choice.id)}</span></p>
{label}{_bar(share)}{_marks(choice)}{words}{_shared(choice)}
<ul class="why">{reasons}</ul></div></li>"""


def _marks(choice: Choice) -> str:
    marks = []
    if choice.itself:
        marks.append(in_both("The very picture that was asked with", "正是所查询的图片"))
    if choice.used is not None:
        marks.append(in_both(f"Used on {choice.used}", f"{choice.used} 用过"))
    if choice.first_for:
        marks.append(in_both(f"First for {choice.first_for} too", f"也是 {choice.first_for} 的首选"))
    if choice.alike:
        names = ", ".join(choice.alike)
        marks.append(in_both(f"Left out, looks the same: {names}", f"已略去相同图片：{names}"))
    return "".join(f'<p class="mark">{mark}</p>' for mark in marks)


def _shared(choice: Choice) -> str:
    if not choice.shared:
        return ""
    words = "<b>" + "</b> · <b>".join(escape(word) for word in choice.shared) + "</b>"
    return f'<p class="shared">{in_both("Both say", "共有词")} {words}</p>'


def _reason(reason: Reason, reasons: Sequence[Reason]) -> str:
    share = reason.share
    lead = share > 0 and share == max(other.share for other in reasons)
    bar = _bar(share, "bar lead" if lead else "bar") if share else ""
    return (
        f"<li><span>{in_both(*_NAMES[reason.name])}</span>"
        f'<span class="place"><b>{reason.place:,}</b> · {reason.score:.2f}</span>{bar}</li>'
    )


def _bar(share: float, name: str = "bar") -> str:
    return (
        f'<svg class="{name}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="all" width="100" height="4"/>'
        f'<rect class="part" width="{share * 100:.1f}" height="4"/></svg>'
    )


def _key(used: set[str], size: int) -> str:
    """What the reasons mean."""
    lines = "".join(
        f"<div><dt>{in_both(*_NAMES[name])}</dt><dd>{in_both(*_MEANING[name])}</dd></div>"
        for name in SIGNALS
        if name in used
    )
    if not lines:
        return ""
    heading = in_both(
        f"What the reasons mean: place among {size:,} items, score, and as a bar the part of the choice",
        f"理由说明：依次为在 {size:,} 个条目中的名次、得分；条形为在选择中的份额",
    )
    return f'<details class="key" open><summary>{heading}</summary><dl>{lines}</dl></details>'


def _refused(refusals: Sequence[Refusal]) -> str:
    if not refusals:
        return ""
    heading = in_both(f"Left out: {len(refusals)}", f"未处理：{len(refusals)} 条")
    lines = "".join(f"<li>{escape(refusal.reason)}</li>" for refusal in refusals)
    return f'<section class="left-out"><h2>{heading}</h2><ul>{lines}</ul></section>'


def _excerpt(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


def _drawn(choice: Choice) -> Image.Image | None:
    return sheet.load_small(Path(choice.picture))
