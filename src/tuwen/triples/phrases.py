"""Words joined to things: modifiers with their noun, members of a list, what 的 belongs to."""

from __future__ import annotations

import re

from tuwen.triples.lexicon import OF_A_LIST, ROLES, WORKS
from tuwen.triples.words import Phrase

# a firm's name goes on after what looks like a verb: 北京小米 支付 技术有限公司
_REST_OF_FIRM = re.compile(
    r"(?:技术|科技|设备|股份|服务|管理|发展|工程|信息|咨询|开发|责任|实业|贸易|投资|控股|有限|集团)*(?:有限公司|公司|集团)"
)


def phrases_of(words: list[Phrase]) -> list[Phrase]:
    """The phrases of one clause."""
    if not any(word.kind == "V" for word in words):
        _verb_of_a_noun(words)
    _settle(words)
    words = [word for word in words if word.text]
    return _owned(_lists(_firms(_joined(words))))


def _verb_of_a_noun(words: list[Phrase]) -> None:
    """A verb that is tagged as a noun is the verb of a clause without another."""
    for place, word in enumerate(words):
        if word.tag == "vn" and place and words[place - 1].kind in "NDMTF":
            word.kind = "V"
            return


def _settle(words: list[Phrase]) -> None:
    """What a word is where its neighbours say more than its tag."""
    for place, word in enumerate(words):
        before = words[place - 1].kind if place else ""
        after = [later.kind for later in words[place + 1 :]]
        if word.text == "系" and before == "N" and words[place - 1].text.endswith("学"):
            word.kind = "N"  # 物理学 系
        if word.text == "为" and "V" in after:
            word.kind = "Q"  # 为 旅客 提供 信息, not 价格 为 5 元
        following = words[place + 1] if after else None
        if word.kind == "V" and before in ("Q", "B") and after[:1] == ["N"]:
            word.kind = "A"  # 向 正版 用户: no verb can stand there
        if word.kind == "V" and before == "U":
            word.kind = "A" if after[:1] == ["N"] else "N"  # 张三 的 介绍
        if word.kind == "D" and word.tag == "d" and before == "N" and not after and len(word.text) > 1:
            word.kind = "N"  # 新款 相机: jieba takes it for an adverb, but nothing follows
        if word.kind == "V" and before == "Y" and after[:1] == ["V"]:
            word.kind, word.tag = "N", "nr"  # 由 高见 作词: whoever it is, a name
        if word.kind == "V" and word.text in ROLES and following is not None and following.is_person:
            word.kind = "N"  # 导演 张三
        if word.tag == "nr" and len(word.text) == 1 and following is not None and _given_name(following):
            following.text, following.kind, following.tag = word.text + following.text, "N", "nr"
            following.items, following.head = (following.text,), following.text
            word.text = ""
        if word.kind == "I":  # an idiom at the end says something of what stands before it
            word.kind = "V" if place and not after else "N"


def _given_name(word: Phrase) -> bool:
    return len(word.text) <= 2 and word.kind in "NAM" and not word.marked and word.tag not in ("number", "r")


def _firms(words: list[Phrase]) -> list[Phrase]:
    made: list[Phrase] = []
    for word in words:
        inside = len(made) > 1 and made[-1].kind == "V" and made[-2].kind == word.kind == "N"
        if inside and _REST_OF_FIRM.fullmatch(word.text):
            verb = made.pop()
            made[-1] = Phrase("N", made[-1].text + verb.text + word.text, "nt")
        else:
            made.append(word)
    return made


def _joined(words: list[Phrase]) -> list[Phrase]:
    made: list[Phrase] = []
    for place, word in enumerate(words):
        last = made[-1] if made else None
        after = words[place + 1].kind if place + 1 < len(words) else ""
        listed = word.text == "等" and last is not None and last.kind == "N" and after == "N"
        if listed and words[place + 1].text in OF_A_LIST:
            words[place + 1].kind = "X"  # 甲、乙 等 演员 主演
        if word.kind == "F":  # 上, 里, 们: part of the thing before
            if last is not None and last.kind == "N" and last.tag != "work":
                made[-1] = Phrase("N", last.text + word.text, last.tag)
            continue
        if word.kind in "AMT" and after in ("N", "A", "M") and word.tag != "date":
            word = Phrase("m", word.text, word.tag)
        if last is not None and last.kind == "m" and word.kind in "NmAM":
            made[-1] = _with_modifier(last, word)
            if len(made) > 1 and made[-1].kind == made[-2].kind == "N" and _one_thing(made[-2], made[-1]):
                thing = made.pop()
                made[-1] = Phrase("N", made[-1].text + thing.text, thing.tag)
        elif (
            last is not None
            and last.kind == word.kind == "N"
            and last.text.endswith(WORKS)
            and word.tag == "work"
        ):
            made[-1] = word  # 电影 《甲》 is 甲
        elif last is not None and last.kind == word.kind == "N" and _one_thing(last, word):
            made[-1] = Phrase("N", last.text + word.text, word.tag)
        else:
            made.append(word)
    for phrase in made:
        phrase.kind = "M" if phrase.kind == "m" else phrase.kind
    return made


def _with_modifier(modifier: Phrase, word: Phrase) -> Phrase:
    if word.marked:
        return word
    kind = "N" if word.kind in "NM" else "m"
    name = word.is_person and len(modifier.text) > 1  # 勤劳的 张三 is no name; 古 特雷斯 is
    return Phrase(kind, modifier.text + word.text, "n" if name else word.tag)


def _one_thing(one: Phrase, other: Phrase) -> bool:
    """Whether two things beside each other are one: not a name and a work, nor a role and a person."""
    if one.marked or other.marked or other.tag == "r":
        return False
    return not (other.is_person and len(one.text) > 1)


def _lists(phrases: list[Phrase]) -> list[Phrase]:
    made: list[Phrase] = []
    for place, phrase in enumerate(phrases):
        if len(made) > 1 and phrase.kind == "N" and made[-1].kind == "C" and made[-2].kind == "N":
            made.pop()
            _add(made, phrase)
        elif phrase.kind == "N" and phrase.tag == "work" and made and made[-1].tag == "work":
            _add(made, phrase)  # 《甲》《乙》 stand in a row without a sign
        elif phrase.kind == "C" and (not made or place + 1 == len(phrases)):
            continue
        else:
            made.append(phrase)
    return made


def _add(made: list[Phrase], phrase: Phrase) -> None:
    """Make the last phrase a list that ends with this one."""
    items = (*made[-1].items, phrase.text)
    made[-1] = Phrase("N", "、".join(items), phrase.tag, items)


def _owned(phrases: list[Phrase]) -> list[Phrase]:
    made: list[Phrase] = []
    for phrase in phrases:
        if len(made) > 1 and phrase.kind == "N" and made[-1].kind == "U" and made[-2].kind in "NMTA":
            made.pop()
            owner = made.pop()
            if phrase.tag == "work":  # 甲 的 《乙》 is 乙, and 甲's
                made.append(Phrase("N", phrase.text, "work", phrase.items, owner.text, phrase.text))
                continue
            kept = owner.text if owner.kind == "N" else ""
            made.append(Phrase("N", f"{owner.text}的{phrase.text}", phrase.tag, (), kept, phrase.text))
        else:
            made.append(phrase)
    return made
