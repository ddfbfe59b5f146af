"""How settings were chosen: all that were tried on the validation part, with the figures that decided."""

from __future__ import annotations

from collections.abc import Sequence

from tuwen.bench.runs import DIRECTIONS
from tuwen.bench.tuning import Choice, Tried
from tuwen.markup import Language, escape, in_both
from tuwen.report.markdown import escaped
from tuwen.report.words import marked, metric_name, number, said, together


def as_markdown(choices: Sequence[Choice]) -> str:
    """A table for each choice; what was chosen is bold."""
    if not choices:
        return ""
    lines = [f"## {said('tried')}"]
    for choice in choices:
        heads = [said("trial_settings"), *(said(direction) for direction in DIRECTIONS), said("average")]
        lines += ["", f"{escaped(_name(choice))}: {escaped(_scene(choice))}.", ""]
        lines += ["| " + " | ".join(heads) + " |", "| --- | --: | --: | --- |"]
        for one in choice.tried:
            cells = [escaped(cell) for cell in _cells(choice, one)]
            cells[0] = f"**{cells[0]}**" if _chosen(choice, one) else cells[0]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", ""])


def as_html(choices: Sequence[Choice]) -> str:
    """A section of the page; what was chosen is bold."""
    parts = []
    for choice in choices:
        heads = [
            marked("trial_settings"),
            *(marked(direction) for direction in DIRECTIONS),
            marked("average"),
        ]
        head = "".join(f"<th>{one}</th>" for one in heads)
        lines = []
        for one in choice.tried:
            cells = [escape(cell) for cell in _cells(choice, one)]
            cells[0] = f"<b>{cells[0]}</b>" if _chosen(choice, one) else cells[0]
            kind = "failure" if one.mean is None else ""
            lines.append(
                f"<tr><td>{cells[0]}</td><td>{cells[1]}</td><td>{cells[2]}</td>"
                f'<td class="{kind}">{cells[3]}</td></tr>\n'
            )
        parts.append(
            f"<h3>{escape(_name(choice))}</h3>\n"
            f'<p class="protocol">{in_both(_scene(choice), _scene(choice, "zh"))}</p>\n'
            f'<div class="card"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(lines)}</tbody></table></div>\n"
        )
    return f"<section><h2>{marked('tried')}</h2>\n{''.join(parts)}</section>" if parts else ""


def _name(choice: Choice) -> str:
    return choice.method if choice.codes == "vectors" else f"{choice.method} ({choice.codes})"


def _scene(choice: Choice, language: Language = "en") -> str:
    return said("trial", language, pairs=f"{choice.queries:,}", metric=metric_name(choice.metric))


def _chosen(choice: Choice, one: Tried) -> bool:
    return bool(choice.settings) and one.settings == choice.settings


def _cells(choice: Choice, one: Tried) -> list[str]:
    """Settings, both directions, and the mean with its error or why there is none."""
    figures = [one.figures.get(f"{direction}/{choice.metric}") for direction in DIRECTIONS]
    shown = ["" if value is None else number(value, choice.metric) for value in figures]
    if one.mean is None:
        return [together(one.settings), *shown, f"{said('failed')}: {one.reason}"]
    mean = f"{number(one.mean, choice.metric)} ±{number(one.error, choice.metric).removeprefix('0')}"
    return [together(one.settings), *shown, mean]
