"""What a verb says: the relation, and what it is done to."""

from __future__ import annotations

from dataclasses import dataclass

from tuwen.triples.lexicon import AFTER_VERBS, BEFORE_VERBS, NOT, PIVOTS
from tuwen.triples.words import Phrase


@dataclass(slots=True)
class Verb:
    """A verb with what it says it is done to.

    Attributes:
        relation: The verb, or verbs that are one.
        object: The thing after it.
        end: The place after both.
    """

    relation: str
    object: Phrase | None
    end: int

    @classmethod
    def at(cls, phrases: list[Phrase], place: int) -> Verb:
        """The verb that begins at a place."""
        start = place
        while start and phrases[start - 1].kind == "D":
            start -= 1
        words = [phrase.text for phrase in phrases[start:place] if phrase.text in NOT]
        while True:
            word = phrases[place].text
            words.append(word)
            place += 1
            while place < len(phrases) and phrases[place].kind in "XD":
                place += 1
            if not (_is_verb(phrases, place) and (word in BEFORE_VERBS or len(word) == 1)):
                break
        relation = "".join(words)
        later = thing_at(phrases, place + 1)
        bound = place < len(phrases) and phrases[place].text in AFTER_VERBS and later is not None
        if bound and not _is_verb(phrases, place + 2):  # 毕业 于 甲, but 批准 | 在 甲 建立 乙
            return cls(relation + phrases[place].text, later, place + 2)
        after = thing_at(phrases, place)
        if after is None and _is_verb(phrases, place) and len(phrases[place].text) > 1:
            # a verb that is the object, alone or before its thing: 面临 抉择, 蕴含 反弹 机会
            whole = phrases[place].text + (later.text if later else "")
            return cls(relation, Phrase("N", whole), place + (2 if later else 1))
        if after is None:
            return cls(relation, None, place)
        person = thing_at(phrases, place + 1)
        if person is not None and person.tag == "work":  # 演唱 主题曲 《甲》
            return cls(relation, person, place + 2)
        closing = place + 2 == len(phrases) and _is_verb(phrases, place + 1)
        if closing and relation not in PIVOTS and not after.marked and len(after.items) == 1:
            return cls(
                relation, Phrase("N", after.text + phrases[place + 1].text), place + 2
            )  # 引起 社会各界 关注
        return cls(relation, after, place + 1)


def thing_at(phrases: list[Phrase], place: int) -> Phrase | None:
    """The thing at a place, if there is one."""
    if place >= len(phrases) or phrases[place].kind not in "NMT":
        return None
    return phrases[place]


def _is_verb(phrases: list[Phrase], place: int) -> bool:
    return place < len(phrases) and phrases[place].kind == "V"
