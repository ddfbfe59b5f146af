"""One page about tags: what every label got, how good that is, with pictures; no script, all inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuwen.files import replacing
from tuwen.markup import TABLES, escape, framed, in_both
from tuwen.tag.evaluating import NONE, Evaluation
from tuwen.tag.run import Tagged
from tuwen.tag.thumbnails import Thumbnails
from tuwen.tag.words import WORDS, method_name

if TYPE_CHECKING:
    from tuwen.collection import Collection

SHOWN = 8  # pictures of a label
MIXED = 6  # pictures of what is taken for something else
MIXES = 40  # pairs of labels with pictures
ROOM = 60  # labels up to which there is a matrix
REFUSED = 50

_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def write_page(path: str | Path, tagged: Tagged, collection: Collection) -> None:
    """Write `page` to a file, in one step."""
    text = page(tagged, collection)
    with replacing(Path(path)) as temporary:
        temporary.write_text(text, encoding="utf-8")


def page(tagged: Tagged, collection: Collection) -> str:
    """The page, in English and Chinese; the reader chooses.

    Args:
        tagged: From `run.tag`.
        collection: That was tagged; its pictures are shown small.
    """
    thumbnails = Thumbnails(collection, _word("lost"))
    title = f"tuwen tag: {collection.path.name}"
    body = _summary(tagged) + (
        _evaluation(tagged.evaluation, tagged, thumbnails) if tagged.evaluation else ""
    )
    body = "\n".join([body, _tags(tagged, thumbnails), _left_out(tagged)])
    return framed(body, title=title, footer=_word("made"), style=TABLES + _STYLE)


def _summary(tagged: Tagged) -> str:
    got = sum(1 for tags in tagged.tags if tags)
    facts = [
        (_word("pictures"), f"{len(tagged.ids):,}"),
        (_word("tagged"), f"{got:,}"),
        (_word("labels"), f"{len(tagged.vocabulary.labels):,}"),
        (_word("learned"), f"{tagged.learned:,}"),
    ]
    if tagged.threshold:
        facts.append((_word("threshold"), f"{tagged.threshold:.2f}"))
    how = f"<p>{in_both(method_name(tagged.method), method_name(tagged.method, 'zh'))}</p>"
    told = "" if tagged.calibrated else "uncalibrated"
    if tagged.calibrated and tagged.method == "zero-shot":
        told = "calibrated"
    note = f'<p class="legend">{_word(told)}</p>' if told else ""
    return f"<section><h2>{_word('summary')}</h2>{how}{note}{_facts(facts)}</section>"


def _evaluation(found: Evaluation, tagged: Tagged, thumbnails: Thumbnails) -> str:
    figures = found.figures
    between = f"{figures['low']:.3f}–{figures['high']:.3f}"
    spread = f" <small>{between}</small>"
    facts = [(_word("held"), f"{len(found.ids):,}")]
    facts.append((_word("exact" if tagged.many else "accuracy"), f"{figures['accuracy']:.3f}{spread}"))
    # of one label without a tree, F1 over all is the accuracy again
    same = not tagged.many and not tagged.vocabulary.deep and figures["tagged"] == 1
    for name in ("balanced", "chance", "micro_f1", "macro_f1"):
        if name in figures and not (same and name == "micro_f1"):
            facts.append((_word(name), f"{figures[name]:.3f}"))
    if figures["tagged"] < 1:
        facts.append((_word("share"), f"{figures['tagged']:.3f}"))
    parts = [f"<h2>{_word('quality')}</h2><p class='legend'>{_word('quality_note')}</p>{_facts(facts)}"]
    parts.append(_labels(found.labels))
    if found.rows and len(found.columns) <= ROOM:
        parts.append(_matrix(found))
    parts.append(_missed(found, thumbnails) if tagged.many else _mixed(found, thumbnails))
    return f"<section>{''.join(parts)}</section>"


def _labels(labels: Sequence[dict[str, Any]]) -> str:
    columns = ("items", "given", "right", "precision", "recall", "f1")
    heads = "".join(f'<th class="number">{_word(f"of_{name}")}</th>' for name in columns)
    lines = []
    for row in labels:
        cells = "".join(f'<td class="number">{_number(row[name])}</td>' for name in columns)
        lines.append(f'<tr><th scope="row">{escape(row["label"])}</th>{cells}</tr>')
    return (
        f'<div class="card close"><table><thead><tr><th>{_word("label")}</th>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _matrix(found: Evaluation) -> str:
    shown = {(row, column) for row, column, _ in _largest(found)}
    kept = [n for n, name in enumerate(found.columns) if name != NONE or found.cells[:, n].any()]
    heads = "".join(f"<th><div>{_named(found.columns[n])}</div></th>" for n in kept)
    lines = []
    for row, name in enumerate(found.rows):
        total = max(int(found.cells[row].sum()), 1)
        cells = []
        for column in kept:
            count = int(found.cells[row, column])
            right = found.columns[column] == name
            inner = str(count)
            if right or (row, column) in shown:
                inner = f'<a href="#m{row}-{column}">{count}</a>'
            depth = min(4, 1 + int(4 * count / total))
            kind = "zero" if not count else f"{'r' if right else 'w'}{depth}"
            cells.append(
                f'<td class="{kind}" title="{_title(name, found.columns[column], count)}">{inner}</td>'
            )
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>')
    return (
        f'<h3 class="part">{_word("matrix")}</h3><p class="legend">{_word("matrix_note")}</p>'
        f'<div class="card close"><table class="confusion"><thead><tr><th></th>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _mixed(found: Evaluation, thumbnails: Thumbnails) -> str:
    """Pictures that were right, a group a label, then the pairs most often mixed up."""
    groups = []
    for row, name in enumerate(found.rows):
        if name in found.columns and found.cells[row, column := found.columns.index(name)]:
            groups.append(_cell(found, row, column, thumbnails, f"{escape(name)} ✓"))
    right = _groups("right", groups)
    pairs = [
        _cell(found, row, column, thumbnails, f"{escape(found.rows[row])} → {_named(found.columns[column])}")
        for row, column, _ in _largest(found)
    ]
    return _groups("mixed", pairs) + right


def _cell(found: Evaluation, row: int, column: int, thumbnails: Thumbnails, head: str) -> str:
    places = [
        n for n, pair in enumerate(zip(found.row_of, found.column_of, strict=True)) if pair == (row, column)
    ]
    listed = thumbnails.grid((found.ids[n], "") for n in places[:MIXED])
    count = f"<small>{len(places):,}</small>"
    return f'<div class="group" id="m{row}-{column}"><h3>{head} {count}</h3>{listed}</div>'


def _missed(found: Evaluation, thumbnails: Thumbnails) -> str:
    """Of each label, pictures that lack it and pictures that got it wrongly."""
    parts = []
    given, true = ([set(names) for names in side] for side in (found.given, found.true))
    for label in [row["label"] for row in found.labels][:MIXES]:
        sides = (
            ("lacking", [n for n, names in enumerate(true) if label in names and label not in given[n]]),
            ("wrongly", [n for n, names in enumerate(given) if label in names and label not in true[n]]),
        )
        for word, places in sides:
            if places:
                listed = thumbnails.grid((found.ids[n], "") for n in places[:MIXED])
                head = f"{escape(label)}: {_word(word)} <small>{len(places):,}</small>"
                parts.append(f'<div class="group"><h3>{head}</h3>{listed}</div>')
    return _groups("mixed", parts)


def _tags(tagged: Tagged, thumbnails: Thumbnails) -> str:
    """Of each label the pictures that are most surely of it."""
    by_label: dict[str, list[tuple[float, str]]] = {}
    bare = []
    for identifier, tags in zip(tagged.ids, tagged.tags, strict=True):
        for name, probability in tags:
            by_label.setdefault(name, []).append((probability, identifier))
        if not tags:
            bare.append(identifier)
    groups = []
    for place, label in enumerate(tagged.vocabulary.labels):
        found = sorted(by_label.get(label.name, ()), key=lambda one: (-one[0], one[1]))
        if found:
            listed = thumbnails.grid((name, f"{share:.2f}") for share, name in found[:SHOWN])
            head = f"{escape(tagged.vocabulary.path(place))} <small>{len(found):,}</small>"
            groups.append(f'<div class="group"><h3>{head}</h3>{listed}</div>')
    if bare:
        listed = thumbnails.grid((name, "") for name in bare[:SHOWN])
        groups.append(
            f'<div class="group"><h3>{_word("bare")} <small>{len(bare):,}</small></h3>{listed}</div>'
        )
    head = f'<h2>{_word("tags")}</h2><p class="legend">{_word("tags_note")}</p>'
    return f'<section>{head}<div class="groups">{"".join(groups)}</div></section>'


def _left_out(tagged: Tagged) -> str:
    lines = [escape(note) for note in tagged.notes] + [
        escape(one.reason) for one in tagged.refusals[:REFUSED]
    ]
    if len(tagged.refusals) > REFUSED:
        lines.append(f"… {len(tagged.refusals) - REFUSED:,}")
    if not lines:
        return ""
    listed = "".join(f"<li>{line}</li>" for line in lines)
    return f'<section><h2>{_word("left_out")}</h2><ul class="notes">{listed}</ul></section>'


def _groups(word: str, groups: Sequence[str]) -> str:
    if not groups:
        return ""
    return f'<h3 class="part">{_word(word)}</h3><div class="groups">{"".join(groups)}</div>'


def _largest(found: Evaluation) -> list[tuple[int, int, int]]:
    """Row, column and count of the pairs most often mixed up."""
    counts = Counter(
        {
            (row, column): int(found.cells[row, column])
            for row, column in zip(*found.cells.nonzero(), strict=True)
            if found.rows[row] != found.columns[column]
        }
    )
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [(int(row), int(column), count) for (row, column), count in ordered[:MIXES]]


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    return f'<dl class="facts">{"".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in facts)}</dl>'


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else f"{value:,}"


def _named(name: str) -> str:
    return escape(name) if name != NONE else _word("none")


def _title(true: str, found: str, count: int) -> str:
    return escape(f"{true} → {found or '—'}: {count}")


def _word(key: str) -> str:
    return in_both(*WORDS[key])
