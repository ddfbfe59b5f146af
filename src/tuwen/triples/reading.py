"""From the phrases of a text's clauses, read from left to right, to triples."""

from __future__ import annotations

from dataclasses import dataclass, field

from tuwen.triples.base import Triple
from tuwen.triples.lexicon import (
    ANAPHORA,
    ATTRIBUTES,
    FOUNDED,
    IS,
    MADE,
    NAMES,
    OF_WORKS,
    PIVOTS,
    ROLES,
    THEIR,
    THEIR_ROLES,
    WORKS,
)
from tuwen.triples.verbs import Verb, thing_at
from tuwen.triples.words import Phrase

_FAR = 12  # characters of who speaks before a colon
_OF = "的"  # the relation of a title that is one thing and its owner


@dataclass(slots=True)
class Reader:
    """What was read of a text so far.

    Attributes:
        found: The triples.
        subject: Of the last clause that had one: the next one goes on with it.
        work: The 《》 that was last spoken of.
        described: What 是 was said of: 甲 是 乙 导演 的 电影 is about 甲.
        waiting: Who made what the next clause will name: 甲 执导, 乙 主演 的 《丙》.
    """

    found: list[Triple] = field(default_factory=list)
    subject: str = ""
    work: str = ""
    described: str = ""
    waiting: list[tuple[tuple[str, ...], str]] = field(default_factory=list)

    def read(self, phrases: list[Phrase]) -> None:
        """Read one clause."""
        if phrases and phrases[0].tag == "work":
            self.described = ""
        works = [phrase.items[0] for phrase in phrases if phrase.tag == "work"]
        self.work = works[0] if works else self.work
        before = len(self.found)
        phrases = self._labelled(phrases)
        phrases = self._relatives(self._is_said(phrases))
        phrases = self._roles(phrases)
        own = self._verbs(phrases)
        if works and self.waiting:
            self._give(works[0])
        owned = next((phrase for phrase in phrases if phrase.owner), None)
        if owned is not None and len(self.found) == before:
            said = owned.head in ROLES and self.subject and len(phrases) == 1  # 甲，乙 的 丈夫
            self.found.append(
                Triple(owned.owner, owned.head, self.subject)
                if said
                else Triple(owned.owner, _OF, owned.head)
            )
        if own and (not self.subject or any(phrase.kind in "VS" for phrase in phrases)):
            self.subject = own

    def end(self) -> list[Triple]:
        """All triples; what still waits for its object has none."""
        self.found += [Triple(one, relation, "") for doers, relation in self.waiting for one in doers]
        return self.found

    def _give(self, work: str) -> None:
        self.found += [Triple(one, relation, work) for doers, relation in self.waiting for one in doers]
        self.waiting = []

    def _labelled(self, phrases: list[Phrase]) -> list[Phrase]:
        """Read 作者：甲 and 甲：…; gives what stands after the colon."""
        place = next((n for n, phrase in enumerate(phrases) if phrase.kind == "K"), -1)
        if place < 0:
            return phrases
        rest = phrases[place + 1 :]
        label = next((phrase for phrase in reversed(phrases[:place]) if phrase.kind in "NV"), None)
        if label is None:
            return rest
        # 作者：甲, but who is quoted in 作者：甲 不 服 is the speaker
        value = None if any(phrase.kind in "VS" for phrase in rest) else thing_at(rest, 0)
        if label.text in NAMES and value is not None:
            self.subject = value.text
            self.work = value.text
            return rest[1:]
        if (label.text in ROLES or label.text in ATTRIBUTES) and value is not None:
            about = self.work if label.text in OF_WORKS and self.work else self.subject
            self._label(about, label.text, value)
            return rest[1:]
        if self.subject and value is not None:
            self._label(self.subject, label.text, value)
            return []
        if label.kind == "N" and len(label.text) <= _FAR:
            self.subject = label.text
        return rest

    def _label(self, about: str, label: str, value: Phrase) -> None:
        """A label that is a verb says who did it: 作词：甲 is (甲, 作词, …)."""
        done = label in MADE
        self.found += [
            Triple(one, label, about) if done else Triple(about, label, one) for one in value.items if about
        ]

    def _is_said(self, phrases: list[Phrase]) -> list[Phrase]:
        """Note what 是 is said of."""
        place = next((n for n, phrase in enumerate(phrases) if phrase.kind == "S" and phrase.text in IS), -1)
        if place > 0:
            before = [phrase for phrase in phrases[:place] if phrase.kind == "N"]
            if before and before[-1].text not in ROLES:
                self.described = before[-1].items[0]
        elif place == 0:
            self.described = self.subject
        return phrases

    def _relatives(self, phrases: list[Phrase]) -> list[Phrase]:
        """甲 verb 的 乙 becomes 乙, and a triple; in 丙 是 甲 verb 的 乙 it is about 丙."""
        phrases = list(phrases)
        place = 1
        while place + 1 < len(phrases):
            verb, mark, head = phrases[place - 1], phrases[place], phrases[place + 1]
            if verb.kind != "V" or mark.kind != "U" or head.kind != "N":
                place += 1
                continue
            start = place - 1
            while start and phrases[start - 1].kind in "VDX":
                start -= 1
            doer = phrases[start - 1] if start and phrases[start - 1].kind == "N" else None
            brought = phrases[start - 2].kind if start > 1 else ""
            about = (self.described,) if self.described and head.tag != "work" else head.items
            if doer is not None and brought not in ("Q", "B") and doer.text not in about:
                self.found += [Triple(one, verb.text, other) for one in doer.items for other in about]
                self._give(about[0])
                start -= 2 if brought in ("P", "Y") else 1
            phrases[start : place + 2] = [Phrase("N", head.text, head.tag, head.items)]
            place = max(start, 1)
        return phrases

    def _roles(self, phrases: list[Phrase]) -> list[Phrase]:
        """Read 甲 的 父亲 乙, 集团 董事长 张三 and 导演 张三; gives the phrases with the person alone."""
        kept: list[Phrase] = []
        for phrase in phrases:
            last = kept[-1] if kept else None
            if last is None or not (last.kind == phrase.kind == "N" and phrase.is_person):
                kept.append(phrase)
                continue
            body, role = self._body(last)
            if role:
                self.found += [Triple(body, role, person) for person in phrase.items if body]
                kept.pop()
            kept.append(phrase)
        return kept

    def _body(self, phrase: Phrase) -> tuple[str, str]:
        """What a role belongs to, and the role; of 其 and of none what was spoken of."""
        owner, head = phrase.owner, phrase.head
        if phrase.text in THEIR_ROLES:
            return self.subject, THEIR_ROLES[phrase.text]
        if len(phrase.items) > 1 and phrase.items[-1] in ROLES:  # 甲 和 母亲 乙
            return phrase.items[-2], phrase.items[-1]
        role = next((role for role in ROLES if head.endswith(role)), "")
        body = owner or head[: len(head) - len(role)]
        if role and (not body or body in THEIR):
            body = self.work if role in OF_WORKS else self.subject if body in THEIR else ""
        return body, role

    def _verbs(self, phrases: list[Phrase]) -> str:
        """Read the clause's verbs; gives its subject."""
        subject, turned, place = "", "", 0
        things: list[Phrase] = []  # since the last verb
        brought: list[Phrase] = []  # by a preposition
        while place < len(phrases):
            phrase = phrases[place]
            thing = thing_at(phrases, place + 1)
            if phrase.kind in "BPYQ" and thing is not None:
                turned = phrase.kind if phrase.kind != "Q" or not turned else turned
                brought.append(thing)
                place += 2
                continue
            if phrase.kind == "P":
                turned = "P"
            elif phrase.tag == "date":
                brought.insert(0, phrase)
            elif phrase.kind in "NM":
                things.append(phrase)
            elif phrase.kind in "VS":
                verb = Verb.at(phrases, place)
                place = verb.end
                doer = next((thing for thing in things if thing.kind == "N"), things[0] if things else None)
                if doer is not None and doer.text in ANAPHORA and self.subject:
                    doer = Phrase("N", self.work if self.work and doer.text in WORKS else self.subject)
                subject = subject or (doer.items[0] if doer else "")
                self._one(doer, verb, turned, brought, subject)
                things = [verb.object] if verb.object is not None and verb.relation in PIVOTS else []
                brought, turned = [], ""
                continue
            place += 1
        named = next((thing for thing in things if thing.kind == "N"), None)
        return subject or (named.items[0] if named else "")

    def _one(self, doer: Phrase | None, verb: Verb, turned: str, brought: list[Phrase], subject: str) -> None:
        """Add the triples of one verb."""
        who = doer or Phrase("N", subject or self.subject)
        relation, after = verb.relation, verb.object
        since = next((phrase.text for phrase in brought if phrase.tag == "date"), "")
        if relation in FOUNDED and after is not None and since:
            self.found += [Triple(one, relation, since) for one in after.items]
        body, role = self._role_of(doer, relation)
        if role and after is not None:  # 作者 是 甲, 总部 位于 乙
            self.found += [Triple(body, role, one) for one in after.items]
        elif turned in ("P", "Y") and brought:  # who does it was brought; what it is done to stands first
            about = after if turned == "Y" and after is not None else doer
            if about is None and relation in MADE:
                self._made(brought[-1].items, relation)
                return
            done = (about or who).items
            self.found += [Triple(one, relation, other) for one in brought[-1].items for other in done]
        elif turned == "B" and brought:
            self.found += [Triple(one, relation, other) for one in who.items for other in brought[-1].items]
        elif relation in IS and after is not None and after.owner:
            self.found += [Triple(after.owner, after.head, one) for one in who.items]
        elif relation in MADE and after is None and doer is not None and not brought and doer.tag != "work":
            self._made(doer.items, relation)
        else:
            relation = f"被{relation}" if turned == "P" else relation
            if after is None and len(brought) > 1 and brought[0].tag == "date":
                self.found += [Triple(one, relation, brought[0].text) for one in who.items]
            done = after.items if after is not None else brought[-1].items if brought else ("",)
            self.found += [Triple(one, relation, other) for one in who.items for other in done]

    def _role_of(self, doer: Phrase | None, relation: str) -> tuple[str, str]:
        """What a subject that is a mere role or attribute belongs to, and which it is; empty for others."""
        if doer is None:
            return "", ""
        if doer.owner:  # 甲 的 儿子 是 乙
            return (doer.owner, doer.head) if doer.head in ROLES and relation in IS else ("", "")
        theirs = next((start for start in THEIR if doer.text.startswith(start)), "")
        role = THEIR_ROLES.get(doer.text, doer.text.removeprefix(theirs))
        if role not in ROLES and role not in ATTRIBUTES:
            return "", ""
        return (self.work if role in OF_WORKS and self.work else self.subject), role

    def _made(self, doers: tuple[str, ...], relation: str) -> None:
        """Who made what was spoken of, or will be."""
        about = self.described or self.work
        if about:
            self.found += [Triple(one, relation, about) for one in doers if one != about]
        else:
            self.waiting.append((doers, relation))
