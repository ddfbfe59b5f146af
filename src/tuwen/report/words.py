"""What a reader is told: headings and sentences in English and Chinese, numbers, settings."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tuwen.bench.runs import DIRECTIONS
from tuwen.markup import Language, in_both
from tuwen.report.grouping import Row, Table
from tuwen.report.scores import AVERAGE, Score

WORDS: dict[str, tuple[str, str]] = {
    "method": ("method", "方法"),
    "bits": ("bits", "位数"),
    "width": ("width", "维数"),
    "settings": ("changed settings", "改动的设置"),
    "trial_settings": ("settings", "设置"),
    "chosen": ("best of {count} on the validation part", "验证集上 {count} 组设置中的最优"),
    "tried": ("Settings tried on the validation part", "在验证集上尝试的设置"),
    "trial": (
        "{pairs} validation pairs; chosen by {metric}, mean of both directions, ± its standard error",
        "{pairs} 对验证样本；按两个方向的平均 {metric} 选择，± 为其标准误",
    ),
    "seeds": ("n", "n"),
    "i2t": ("image → text", "图 → 文"),
    "t2i": ("text → image", "文 → 图"),
    "average": ("average", "平均"),
    "fit": ("fit s", "训练 s"),
    "code": ("coding s", "编码 s"),
    "peak": ("peak MB", "峰值 MB"),
    "recall": ("recall", "召回率"),
    "precision": ("precision", "精确率"),
    "chance": ("chance", "随机水平"),
    "epoch": ("epoch", "轮次"),
    "loss": ("loss", "损失"),
    "held_out": ("mAP of both directions, validation", "验证集上两个方向的 mAP"),
    "kept": ("the epoch that was kept", "被采用的轮次"),
    "course": ("training", "训练过程"),
    "fused_codes": ("fused codes", "融合编码"),
    "modality_codes": ("modality codes", "单模态编码"),
    "training_codes": ("training codes", "训练编码"),
    "val": ("validation", "验证集"),
    "noise": ("{share} of the training labels made wrong", "{share} 的训练标签被故意改错"),
    "failed": ("failed", "失败"),
    "part": ("items of the {part} part", "{part} 部分的条目"),
    "train": ("training pairs", "训练样本"),
    "database": ("the data set's own database", "数据集自带的检索库"),
    "modality": ("from their own modality", "仅由自身模态得到"),
    "fused": ("from both modalities", "由两种模态融合得到"),
    "training": ("as training gave them", "训练时得到的编码"),
    "interval": (
        "± is half of the 95 % bootstrap interval over queries",
        "± 为查询自助法 95 % 置信区间的一半",
    ),
    "deviation": (
        "± is the standard deviation over n seeds",
        "± 为 n 个随机种子的标准差",
    ),
    "mixed": (
        "± is half of the 95 % bootstrap interval over queries; where n > 1, the deviation over seeds",
        "± 为查询自助法 95 % 置信区间的一半；n > 1 时为随机种子间的标准差",
    ),
    "letters": (
        "Raised letters: the rows that a row beats significantly (paired permutation test over queries, "
        "Holm over {pairs} pairs, α = 0.05)",
        "上标字母表示该行显著优于的行（按查询配对的置换检验，对 {pairs} 对做 Holm 校正，α = 0.05）",
    ),
    "within": (
        "Rows of equal bits are compared",
        "仅比较位数相同的行",
    ),
    "repeats": (
        "Values of a query are averaged over seeds before they are compared",
        "比较前先对各随机种子下每个查询的值取平均",
    ),
    "heading": ("tuwen bench: methods side by side", "tuwen bench：方法对比"),
    "tests": ("Who beats whom", "显著性检验"),
    "matrix": (
        "> the row beats the column, < the column beats the row, · neither; behind it p, corrected by Holm",
        "> 该行显著优于该列，< 该列显著优于该行，· 无显著差异；其后为 Holm 校正后的 p 值",
    ),
    "about_date": ("date", "日期"),
    "about_processor": ("processor", "处理器"),
    "about_cores": ("cores", "核数"),
    "about_threads": ("threads", "线程数"),
    "about_memory_gb": ("memory GB", "内存 GB"),
    "about_system": ("system", "系统"),
    "about_files": ("files read", "读取的文件"),
    "about_command": ("make it again", "重新生成"),
    "best": ("The best of a column is bold", "每列最优值加粗"),
}


_SEED = re.compile(r"\bseed (\d+)")
_NAMES = {"map": "mAP", "ndcg": "nDCG", "mrr": "MRR", "rank": "median rank"}


def said(word: str, language: Language = "en", **values: object) -> str:
    """A word or sentence in a language."""
    return WORDS[word][language == "zh"].format(**values)


def marked(word: str, **values: object) -> str:
    """A word in both languages for HTML, of which the page shows one."""
    return in_both(said(word, "en", **values), said(word, "zh", **values))


def number(value: float, key: str = "map") -> str:
    """A figure short: three digits behind the point, one of ranks."""
    if math.isnan(value):
        return "–"
    return f"{value:.1f}" if key.rpartition("/")[2] == "rank" else f"{value:.3f}"


def spread(score: Score, key: str = "map") -> str:
    """What stands behind a figure, such as `±.012`; nothing where there is none."""
    if math.isnan(score.spread):
        return ""
    return "±" + (number(score.spread, key).removeprefix("0") or "0")


def seconds(value: float) -> str:
    """A time short: `0.004`, `0.31`, `12.4`, `221`."""
    digits = 3 if value < 0.1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def settings(row: Row, language: Language = "en") -> str:
    """Settings of a row that are not the default, such as `kernel=rbf`, and how they were chosen."""
    how = said("chosen", language, count=row.tuned) if row.tuned else ""
    return f"{together(row.settings)} ({how})" if row.settings and how else together(row.settings) or how


def together(values: Mapping[str, Any]) -> str:
    """Settings side by side."""
    return ", ".join(f"{name}={plain(value)}" for name, value in values.items())


def metric_name(name: str) -> str:
    """A figure as papers write it: `mAP@50/found`."""
    word, at, rest = name.partition("@")
    return _NAMES.get(word, word) + at + rest


def plain(value: Any) -> str:
    """A setting as it is written on the command line."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, ensure_ascii=False, default=str)


def title(table: Table, language: Language = "en") -> str:
    """The data of a table, how they are cut, and what keeps its figures apart from those of others."""
    cell = table.cell
    parts = [cell.data, cell.split, cell.features]
    parts += [said("val", language)] if cell.part == "val" else []
    parts += [said("noise", language, share=f"{cell.noise:.0%}")] if cell.noise else []
    parts += [said(f"{cell.codes}_codes", language)] if table.hashing else []
    return " · ".join(part for part in parts if part)


def scene(table: Table, language: Language = "en") -> str:
    """What was learned from, asked and searched, in a line."""
    cell = table.cell
    sizes = next((run.sizes for run in table.runs if run.sizes), {})
    searched = said(cell.database, language, part=cell.part)
    chinese = language == "zh"
    parts = []
    if "train" in sizes:
        parts.append(f"{sizes['train']:,} 对训练样本" if chinese else f"{sizes['train']:,} training pairs")
    parts.append(f"评测 {cell.part} 部分" if chinese else f"{cell.part} part asked")
    parts.append(f"检索 {searched}" if chinese else f"searched: {searched}")
    if table.hashing:
        how = said(cell.codes, language)
        parts.append(f"检索库编码：{how}" if chinese else f"codes of the database: {how}")
    return "；".join(parts) if chinese else "; ".join(parts)


def protocols(table: Table) -> list[str]:
    """One line a figure that says what it means; one a direction where these differ."""
    lines = []
    for metric in table.cell.metrics:
        of = {one: _protocol(table, f"{one}/{metric}") for one in DIRECTIONS}
        if of["i2t"] == of["t2i"]:
            lines += [of["i2t"]] if of["i2t"] else []
        else:
            lines += [f"{said(one)}: {line}" for one, line in of.items() if line]
    return lines


def legend(table: Table, language: Language = "en") -> str:
    """How marks of a table are to be read; nothing where all rows failed."""
    if not table.good:
        return ""
    several = {len(row.runs) > 1 for row in table.good}
    parts = [said("mixed" if len(several) > 1 else "deviation" if True in several else "interval", language)]
    if table.pairs:
        parts.append(said("letters", language, pairs=len(table.pairs)))
        if table.hashing and len(table.sections()) > 1:
            parts.append(said("within", language))
        if True in several:
            parts.append(said("repeats", language))
        parts.append(said("best", language))
    return "".join(f"{part}。" for part in parts) if language == "zh" else ". ".join(parts) + "."


def beaten(table: Table, row: int, column: str) -> str:
    """Letters of the rows that a row beats, runs of them shortened: `b`, `bc`, `b–e`."""
    if column == AVERAGE:
        return ""
    rows = table.beaten(row, column)
    parts: list[str] = []
    while rows:
        length = next((n for n in range(1, len(rows)) if rows[n] != rows[0] + n), len(rows))
        letters = [table.rows[one].letter for one in rows[:length]]
        parts += [f"{letters[0]}–{letters[-1]}"] if length > 2 else letters
        rows = rows[length:]
    # where rows have two letters, `ab` would be one of them
    separate = any(len(part) > 1 for part in parts) or len(table.rows[-1].letter) > 1
    return (" " if separate else "").join(parts)


def notes(table: Table, *, reasons: bool = False) -> list[tuple[str, str]]:
    """Rows and sentence: what a reader must know; what is true of all has no row.

    Args:
        table: Whose notes.
        reasons: Why rows failed, too, where the rows themselves have no room for it.
    """
    who: dict[str, list[Row]] = {}
    for row in table.rows:
        told = [f"{said('failed')}: {row.error}"] if row.error and reasons else []
        told += _seeds_together(note for run in row.runs for note in run.notes)
        for note in told:
            who.setdefault(note, []).append(row)
    good = set(table.good)
    found = [
        ("" if good and good <= set(rows) else ", ".join(f"{row.letter} {row.method}" for row in rows), note)
        for note, rows in who.items()
    ]
    return sorted(found, key=lambda pair: bool(pair[0]))


def _seeds_together(told: Iterable[str]) -> list[str]:
    """Notes, each once; those that differ in a seed alone are one with all seeds."""
    seeds: dict[str, list[str]] = {}
    for note in dict.fromkeys(told):
        found = _SEED.search(note)
        seeds.setdefault(_SEED.sub("{seed}", note), []).append(found.group(1) if found else "")
    words = {note: f"seed{'s' * (len(some) > 1)} {', '.join(some)}" for note, some in seeds.items()}
    return [note.replace("{seed}", words[note]) for note in seeds]


def _protocol(table: Table, key: str) -> str:
    """The line of a run; one without options of its own where there is one."""
    runs = sorted(table.runs, key=lambda run: bool(run.cell.options))
    return next((run.protocols[key] for run in runs if key in run.protocols), "")
