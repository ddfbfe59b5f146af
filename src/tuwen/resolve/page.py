"""The report: one file of HTML in both languages with steps, counts, timings, figures and charts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuwen.files import replacing
from tuwen.markup import TABLES, Language, escape, framed, in_both
from tuwen.report import plots
from tuwen.resolve import charts
from tuwen.resolve.cluster_figures import ClusterFigures
from tuwen.resolve.evaluating import ClassConfusion, Evaluation
from tuwen.resolve.page_words import WORDS
from tuwen.resolve.threshold import Threshold

_OWN_STYLE = """
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1rem; }
.charts figure svg { min-width: 0; }
.charts figcaption { font-weight: 600; font-size: 0.95rem; }
.summary { display: flex; flex-wrap: wrap; gap: 0.6rem 2.2rem; margin-top: 0.8rem; }
.summary b { display: block; font-size: 1.6rem; font-variant-numeric: tabular-nums; line-height: 1.2; }
.summary span { color: var(--soft); }
td.facts { white-space: normal; }
.confusion td { text-align: right; }
.confusion thead th { white-space: normal; vertical-align: bottom; }
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of resolving.

    Attributes:
        name: `prepare`, `block`, `score`, `join`, `decide`, `cluster`, `evaluate` or another word.
        seconds: How long it took.
        facts: Name and value of what came of it; numbers are written with separators.
    """

    name: str
    seconds: float
    facts: Sequence[tuple[str, object]] = ()


def write_report(
    path: Path,
    steps: Sequence[Step],
    *,
    evaluation: Evaluation | None = None,
    clusters: ClusterFigures | None = None,
    threshold: Threshold | None = None,
    used: float | None = None,
    about: Sequence[tuple[str, str]] = (),
    language: Language = "en",
    title: str = "tuwen resolve",
) -> None:
    """Write the report to a file, in one step.

    Args:
        path: An HTML file.
        steps: In order.
        evaluation: Figures, where the truth is known.
        clusters: Figures of clusters, where the truth is known.
        threshold: How the threshold was chosen on validation pairs.
        used: The threshold that was used, marked in the charts.
        about: Names and values for the foot of the page.
        language: Shown at first; the reader can switch.
        title: Heading of the page.
    """
    body = "\n".join(_sections(steps, evaluation, clusters, threshold, used))
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in about)
    text = framed(
        body,
        title=title,
        footer=f"<section><p>{_word('made')}</p><dl>{told}</dl></section>",
        style=TABLES + _OWN_STYLE,
        language=language,
        drawings=True,
    )
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _sections(
    steps: Sequence[Step],
    evaluation: Evaluation | None,
    clusters: ClusterFigures | None,
    threshold: Threshold | None,
    used: float | None,
) -> Iterator[str]:
    yield f"<section><h2>{_word('steps')}</h2>{_steps(steps)}</section>"
    if threshold is not None:
        yield f"<section><h2>{_word('chosen')}</h2><p>{_chosen(threshold)}</p></section>"
    if evaluation is not None:
        yield f"<section><h2>{_word('against')}</h2>{_figures(evaluation, clusters)}</section>"
        yield f"<section><h2>{_word('blocking')}</h2>{_blocking(evaluation)}</section>"
        drawn = _charts(evaluation, used)
        if drawn:
            yield f"<section><h2>{_word('charts')}</h2>{drawn}</section>"
        if evaluation.confusion is not None:
            yield f"<section><h2>{_word('confusion')}</h2>{_confusion(evaluation.confusion)}</section>"


def _steps(steps: Sequence[Step]) -> str:
    lines = []
    for step in steps:
        facts = " · ".join(f"{_word(name)} {escape(_plain(value))}" for name, value in step.facts)
        lines.append(
            f'<tr><th scope="row">{_word(step.name)}</th><td class="facts">{facts}</td>'
            f'<td class="number">{step.seconds:,.2f}</td></tr>'
        )
    total = sum(step.seconds for step in steps)
    return (
        f'<div class="card"><table class="main"><thead><tr><th>{_word("step")}</th><th>{_word("what")}</th>'
        f'<th class="number">{_word("seconds")}</th></tr></thead><tbody>{"".join(lines)}</tbody>'
        f'<tfoot><tr><th scope="row">{_word("total")}</th><td></td><td class="number">{total:,.2f}</td></tr>'
        "</tfoot></table></div>"
    )


def _figures(evaluation: Evaluation, clusters: ClusterFigures | None) -> str:
    pairs, blocking = evaluation.pairs, evaluation.blocking
    rows = [("pairs_row", pairs.precision, pairs.recall, pairs.f1)]
    if clusters is not None:
        rows.append(("b3_row", clusters.b3_precision, clusters.b3_recall, clusters.b3_f1))
        rows.append(("clusters_row", clusters.precision, clusters.recall, clusters.f1))
    lines = "".join(
        f'<tr><th scope="row">{_word(name)}</th>'
        + "".join(f'<td class="number">{value:.3f}</td>' for value in values)
        + "</tr>"
        for name, *values in rows
    )
    heads = "".join(f'<th class="number">{_word(name)}</th>' for name in ("precision", "recall", "f1"))
    table = (
        f'<div class="card close"><table><thead><tr><th></th>{heads}</tr></thead><tbody>{lines}</tbody>'
        "</table></div>"
    )
    counts = {"tp": pairs.tp, "fp": pairs.fp, "fn": pairs.fn, "tn": pairs.tn, "pairs": blocking.pairs}
    notes = [_word("pairs_note", lost=f"{blocking.true - blocking.reached:,}", **_grouped(counts))]
    if clusters is not None:
        sizes = {"exact": clusters.exact, "found": clusters.found, "true": clusters.true}
        notes.append(_word("clusters_note", **_grouped(sizes)))
    return table + "".join(f'<p class="legend">{note}</p>' for note in notes)


def _blocking(evaluation: Evaluation) -> str:
    blocking = evaluation.blocking
    shown = [
        ("reduction", f"{100 * blocking.reduction_ratio:.2f} %"),
        ("completeness", f"{100 * blocking.pair_completeness:.2f} %"),
        ("quality", f"{100 * blocking.pair_quality:.2f} %"),
    ]
    parts = "".join(f"<div><b>{value}</b><span>{_word(name)}</span></div>" for name, value in shown)
    return f'<div class="summary">{parts}</div>'


def _chosen(threshold: Threshold) -> str:
    values = {name: f"{getattr(threshold, name):.3f}" for name in ("value", "precision", "low", "recall")}
    return _word("sure" if threshold.sure else "unsure", count=f"{threshold.pairs:,}", **values)


def _charts(evaluation: Evaluation, used: float | None) -> str:
    curve, calibration, pairs = evaluation.curve, evaluation.calibration, evaluation.pairs
    if (curve is None or not len(curve.kept)) and calibration is None:
        return ""
    if not plots.available():
        return f'<p class="legend">{_word("no_charts")}</p>'
    drawn = []
    if curve is not None and len(curve.kept):
        drawn.append(("curve_pr", charts.precision_recall(curve, (pairs.recall, pairs.precision))))
        drawn.append(("curve_threshold", charts.by_threshold(curve, used)))
    note = ""
    if calibration is not None:
        drawn.append(("curve_calibration", charts.calibrated(calibration)))
        shown = {"error": f"{calibration.error:.3f}", "brier": f"{calibration.brier:.3f}"}
        note = f'<p class="legend">{_word("calibration_note", **shown)}</p>'
    figures = "".join(
        f'<figure class="card"><figcaption>{_word(name)}</figcaption>'
        f"{_translated(_own_ids(drawing.inline, f'{name}-'))}</figure>"
        for name, drawing in drawn
    )
    return f'<div class="charts">{figures}</div>{note}'


def _confusion(confusion: ClassConfusion) -> str:
    heads = "".join(f'<th class="number">{escape(name)}</th>' for name in confusion.classes)
    lines = []
    for number, name in enumerate(confusion.classes):
        row = confusion.counts[number]
        most = max(int(row.sum()), 1)
        cells = "".join(
            f'<td style="background:{_shade(place == number, count / most)}">{count:,}</td>'
            if place < len(row) - 1
            else f"<td>{count:,}</td>"
            for place, count in enumerate(row.tolist())
        )
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    note = _word("confusion_note", share=f"{100 * confusion.accuracy:.1f} %")
    return (
        f'<div class="card close"><table class="confusion"><thead><tr><th></th>{heads}'
        f'<th class="number">{_word("alone")}</th></tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
        f'<p class="legend">{note}</p>'
    )


def _shade(agree: bool, share: float) -> str:
    """The colour of a cell: deeper the larger its share of the row."""
    colour = "var(--win)" if agree else "var(--lose)"
    return f"color-mix(in srgb, {colour} {round(100 * share**0.5)}%, transparent)"


def _word(name: str, **values: str) -> str:
    """A word or sentence in both languages; one that is not known as it is."""
    english, chinese = WORDS.get(name, (name, name))
    return (
        in_both(english.format(**values), chinese.format(**values)) if values else in_both(english, chinese)
    )


def _grouped(counts: dict[str, int]) -> dict[str, str]:
    return {name: f"{count:,}" for name, count in counts.items()}


def _plain(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _own_ids(svg: str, prefix: str) -> str:
    """A drawing whose ids are not those of another on the page."""
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    return re.sub(r'(url\(|href=")#', rf"\1#{prefix}", svg)


def _translated(svg: str) -> str:
    """A drawing whose words are there in both languages."""
    for english, chinese in WORDS.values():
        if english != chinese:
            spans = f'<tspan class="en">{escape(english)}</tspan><tspan class="zh">{escape(chinese)}</tspan>'
            svg = svg.replace(f">{escape(english)}</text>", f">{spans}</text>")
    return svg
