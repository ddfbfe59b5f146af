"""Triples by rules on DuIE: which of the triples that people marked in Chinese sentences are found?

`rules.Rules` knows no list of relations, so its own words are brought to DuIE's 43 predicates by a table in
this file: 执导 and 导演 are the predicate 导演, and so on. The rules and the table were written with one half
of the sentences in view (the first sentence of each predicate and others drawn by a seed); the figures are
of the other half, scored once.

strict: subject, predicate and object are those of DuIE, character by character. pair: subject and object
are, in either order, whatever the relation. overlap: the same where one may hold the other (深圳 and 深圳市).
For pair and overlap every triple counts as given, though DuIE marks only what its predicates name: their
precision is a lower bound. within: both entities stand among those of the sentence's triples, so that a
better choice of relations could find the pair.

    python benchmarks/triples.py --json
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from common import data_folder, print_result, significant
from tuwen.triples.base import Triple
from tuwen.triples.rules import Rules

SEED = 0
# DuIE's predicate, words of a relation that mean it, and whether a verb's subject is DuIE's object
PREDICATES: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("主演", ("主演", "领衔", "出演", "参演", "演出", "联合主演"), True),
    ("导演", ("导演", "执导", "监督"), True),
    ("编剧", ("编剧",), True),
    ("作者", ("作者", "写", "创作", "著", "编著", "主编", "撰写", "所著"), True),
    ("歌手", ("歌手", "演唱", "唱", "原唱"), True),
    ("作词", ("作词", "填词", "词"), True),
    ("作曲", ("作曲", "谱曲", "曲"), True),
    ("制片人", ("制片人", "制片"), True),
    ("主持人", ("主持人", "主持"), True),
    ("嘉宾", ("嘉宾", "参加", "做客"), True),
    ("出品公司", ("出品", "出品公司", "制作"), True),
    ("主题曲", ("主题曲", "片头曲", "片尾曲"), True),
    ("主角", ("主角", "男主角", "女主角"), True),
    ("代言人", ("代言人", "代言", "形象代言人"), True),
    ("创始人", ("创始人", "创办", "创立", "创建", "联合创始人"), True),
    ("成立日期", ("成立", "创建", "创办", "建立", "成立于", "始建于", "登记成立"), False),
    ("上映时间", ("上映", "首映", "播出", "首播", "公映", "上映于"), False),
    ("毕业院校", ("毕业", "毕业于", "考入", "就读于", "就读"), False),
    ("饰演", ("饰演", "扮演", "饰", "演"), False),
    ("配音", ("配音", "献声"), False),
    ("获奖", ("获", "获得", "荣获", "夺得", "获奖"), False),
    ("父亲", ("父亲", "爸爸", "之父"), False),
    ("母亲", ("母亲", "妈妈", "之母"), False),
    ("妻子", ("妻子", "老婆", "夫人", "之妻", "前妻"), False),
    ("丈夫", ("丈夫", "老公", "前夫"), False),
    ("董事长", ("董事长",), False),
    ("校长", ("校长",), False),
    ("国籍", ("国籍", "国家"), False),
    ("简称", ("简称", "缩写", "简称为"), False),
    ("总部地点", ("总部", "位于", "总部位于"), False),
    ("所在城市", ("位于", "坐落于", "地处"), False),
    ("首都", ("首都", "国都", "都城"), False),
    ("号", ("号", "自号"), False),
    ("祖籍", ("祖籍",), False),
    ("气候", ("气候", "属"), False),
    ("面积", ("面积", "总面积"), False),
    ("占地面积", ("占地", "占地面积"), False),
    ("注册资本", ("注册资本", "注册资金"), False),
    ("人口数量", ("人口", "总人口"), False),
    ("海拔", ("海拔",), False),
    ("票房", ("票房",), False),
    ("改编自", ("改编", "改编自"), False),
    ("官方语言", ("官方语言",), False),
)
CHILD = {"儿子": "父亲", "女儿": "父亲", "之子": "父亲", "之女": "父亲"}
MARRIED = {"妻子": "丈夫", "丈夫": "妻子"}
Key = tuple[str, ...]


def read(path: Path, limit: int | None) -> tuple[list[str], list[list[Triple]]]:
    """Sentences and their marked triples."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()][:limit]
    marked = [
        [Triple(part["subject"], part["predicate"], part["object"]["@value"]) for part in row["spo_list"]]
        for row in rows
    ]
    return [row["text"] for row in rows], marked


def halves(marked: list[list[Triple]]) -> tuple[list[int], list[int]]:
    """Rows to develop on, and rows to score."""
    seen: set[str] = set()
    first = set()
    for row, triples in enumerate(marked):
        fresh = {triple.relation for triple in triples} - seen
        if fresh:
            first.add(row)
            seen |= fresh
    order = list(range(len(marked)))
    random.Random(SEED).shuffle(order)
    rest = [row for row in order if row not in first]
    cut = max(len(marked) // 2 - len(first), 0)
    return sorted([*first, *rest[:cut]]), sorted(rest[cut:])


def brought(triples: Iterable[Triple], text: str) -> set[Triple]:
    """Triples of the rules, with DuIE's predicates."""
    found = set()
    for triple in triples:
        if not triple.complete:
            continue
        if triple.relation in CHILD:
            found.add(Triple(triple.object, CHILD[triple.relation], triple.subject))
        for name, words, turned in PREDICATES:
            if triple.relation.removeprefix("被") in words:
                found.add(_turned(triple, text, turned)._replace(relation=name))
        if triple.relation in MARRIED:
            found.add(Triple(triple.object, MARRIED[triple.relation], triple.subject))
    return found


def _turned(triple: Triple, text: str, turned: bool) -> Triple:
    """The triple with DuIE's subject first: of a work's predicates the work, which 《》 marks."""
    if turned:
        one, other = (f"《{part}》" in text for part in (triple.subject, triple.object))
        role = triple.relation in ("作者", "主题曲", "制片人", "代言人", "创始人", "歌手")
        turned = other if one != other else not role
    return Triple(triple.object, triple.relation, triple.subject) if turned else triple


def figures(given: list[set[Key]], true: list[set[Key]]) -> dict[str, float]:
    """Precision, recall and F1 over all sentences."""
    return _shares(
        sum(len(one & other) for one, other in zip(given, true, strict=True)),
        sum(map(len, given)),
        sum(map(len, true)),
    )


def _shares(both: int, given: int, true: int) -> dict[str, float]:
    return {
        "precision": round(both / max(given, 1), 4),
        "recall": round(both / max(true, 1), 4),
        "f1": round(2 * both / max(given + true, 1), 4),
        "found": both,
        "given": given,
        "marked": true,
    }


def pairs(triples: Iterable[Triple]) -> set[Key]:
    """Both entities of each triple, in either order."""
    return {tuple(sorted((triple.subject, triple.object))) for triple in triples if triple.complete}


def overlap(given: list[list[Triple]], true: list[list[Triple]]) -> dict[str, float]:
    """As `figures` of pairs, where an entity may hold another; a given pair answers for one marked pair."""
    both = count = wanted = 0
    for one, other in zip(given, true, strict=True):
        left, open_ = list(pairs(one)), list(pairs(other))
        count, wanted = count + len(left), wanted + len(open_)
        for pair in left:
            hit = next((mark for mark in open_ if _holds(pair, mark)), None)
            if hit is not None:
                open_.remove(hit)
                both += 1
    return _shares(both, count, wanted)


def _holds(pair: Key, mark: Key) -> bool:
    def same(a: str, b: str) -> bool:
        return a in b or b in a

    (a, b), (c, d) = pair, mark
    return (same(a, c) and same(b, d)) or (same(a, d) and same(b, c))


def within(given: list[list[Triple]], true: list[list[Triple]]) -> float:
    """Share of marked triples of which both entities are among those that were found in the sentence."""
    hits = count = 0
    for one, other in zip(given, true, strict=True):
        things = {part for triple in one for part in (triple.subject, triple.object)}
        hits += sum({triple.subject, triple.object} <= things for triple in other)
        count += len(other)
    return round(hits / max(count, 1), 4)


def by_predicate(given: list[set[Triple]], true: list[set[Triple]]) -> dict[str, dict[str, float]]:
    """Strict figures of each predicate, the commonest first."""

    def count(sets: Iterable[set[Triple]]) -> Counter[str]:
        return Counter(triple.relation for found in sets for triple in found)

    both = count(one & other for one, other in zip(given, true, strict=True))
    offered, wanted = count(given), count(true)
    return {name: _shares(both[name], offered[name], number) for name, number in wanted.most_common()}


def scored(
    texts: list[str], marked: list[list[Triple]], extract: Callable[[list[str]], list[list[Triple]]]
) -> Any:
    """All figures of an extractor on some sentences."""
    start = time.perf_counter()
    found = extract(texts)
    seconds = time.perf_counter() - start
    given = [brought(triples, text) for triples, text in zip(found, texts, strict=True)]
    true = [set(triples) for triples in marked]
    return {
        "sentences": len(texts),
        "with_a_complete_triple": round(
            sum(any(triple.complete for triple in triples) for triples in found) / max(len(texts), 1), 4
        ),
        "strict": figures(given, true),
        "pair": figures([pairs(triples) for triples in found], [pairs(triples) for triples in marked]),
        "overlap": overlap(found, marked),
        "within": within(found, marked),
        "by_predicate": by_predicate(given, true),
        "ms_a_sentence": significant(seconds / max(len(texts), 1) * 1e3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="few sentences")
    parser.add_argument(
        "--develop", action="store_true", help="figures of the half that rules are written with"
    )
    arguments = parser.parse_args()
    folder = data_folder()
    path = folder / "duie" / "train_data_5000.json" if folder else None
    if path is None or not path.is_file():
        print_result({"benchmark": "triples", "skipped": "no data"}, as_json=arguments.json)
        return
    texts, marked = read(path, 400 if arguments.quick else None)
    seen, held = halves(marked)
    rows = seen if arguments.develop else held
    extractor = Rules()
    extractor.extract(["预热"])  # jieba reads its dictionary once
    result = scored([texts[row] for row in rows], [marked[row] for row in rows], extractor.extract)
    print_result(
        {"benchmark": "triples", "half": "developed on" if arguments.develop else "held out", **result},
        as_json=arguments.json,
    )


if __name__ == "__main__":
    main()
