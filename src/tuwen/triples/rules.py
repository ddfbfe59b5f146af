"""Triples by rules: Chinese words and their parts of speech, no model, nothing to fetch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from tuwen.files import content_hash
from tuwen.triples.base import Extractor, Triple
from tuwen.triples.phrases import phrases_of
from tuwen.triples.reading import Reader
from tuwen.triples.words import clauses, has_chinese


class Rules(Extractor):
    """Who does what to whom, by rules over jieba's words and tags.

    A text is cut to clauses, a clause to phrases: things (with their modifiers; lists; 《》 whole), verbs
    and the words that turn their order. Then

    - thing verb thing: 甲 verb 乙; a clause that begins with its verb has the subject of the one before;
    - 把, 被, 遭, 由: the same with the order turned back;
    - thing verb 的 thing: 墓地 出土 的 金币 is (墓地, 出土, 金币);
    - 是, and a thing's owner: 甲 是 乙 的 父亲 is (乙, 父亲, 甲), 甲 的 父亲 乙 is (甲, 父亲, 乙);
    - a role between a body and a person: 集团 董事长 张三 is (集团, 董事长, 张三);
    - a label: 作者：甲 and 作者 是 甲 say who wrote what was spoken of;
    - who speaks before a colon is the subject of what has none;
    - 甲 执导, 乙 主演 的 《丙》: what is made may be named before or after;
    - a verb without an object takes what a preposition brings: 向 用户 致歉 is (…, 致歉, 用户).

    Members of a list get a triple each. Where nothing of this is found, 甲 的 乙 is (甲, 的, 乙).
    Triples of which something is missing come last. A text without Chinese has none: rules for other
    languages are not made up; `similarity` compares such titles whole.

    Args:
        names: Names to keep whole as things, such as people and firms that jieba does not know.

    Attributes:
        recipe: A number that rises whenever the rules begin to give other triples.
    """

    recipe: ClassVar[int] = 1

    def __init__(self, names: Iterable[str] = ()) -> None:
        given = {name for name in names if name.strip()}
        self._names = tuple(sorted(given, key=lambda name: (-len(name), name)))

    @property
    def fingerprint(self) -> str:
        """Changes whenever other triples may be found: for what is kept of them."""
        names = content_hash("\n".join(self._names).encode("utf-8", "surrogatepass"))
        return f"rules-{self.recipe}-{names}"

    def _extract(self, texts: list[str]) -> list[list[Triple]]:
        return [self._of_one(text) if has_chinese(text) else [] for text in texts]

    def _of_one(self, text: str) -> list[Triple]:
        reader = Reader()
        for words in clauses(text, self._names):
            reader.read(phrases_of(words))
        found = dict.fromkeys(triple for triple in reader.end() if sum(map(bool, triple)) > 1)
        said = [triple for triple in found if triple.subject != triple.object]
        return [t for t in said if t.complete] + [t for t in said if not t.complete]
