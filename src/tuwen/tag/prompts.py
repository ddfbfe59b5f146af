"""What is asked of an encoder about a label: templates in Chinese and English, averaged to one vector."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tuwen.arrays import Array, unit_rows
from tuwen.data.lines import encoding_of, read_lines
from tuwen.encoders import Encoder
from tuwen.errors import InputError
from tuwen.records import Refusal
from tuwen.tag.vocabulary import Vocabulary

TEMPLATES = (
    "{}",
    "a photo of {}",
    "a picture of {}",
    "{} in a photo",
    "this is {}",
    "an image that shows {}",
    "{}的照片",
    "一张{}的图片",
    "图片里有{}",
    "这是{}",
    "照片中的{}",
)
"""Used unless others are given; `{}` alone serves both languages."""

_HAN = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_WAY_OUT = (
    "labels cannot be compared with pictures by their words. Give labelled examples instead (--examples): "
    "then a probe is learned on the vectors"
)


def read_templates(path: str | Path) -> tuple[list[str], list[Refusal]]:
    """Templates from a file, one a line, with `{}` where the words go; and the lines left out.

    Raises:
        InputError: The file cannot be read, or has no template.
    """
    path = Path(path)
    found: list[str] = []
    refusals = []
    for number, line in read_lines(path, encoding_of(path)):
        place, template = f"{path.name}:{number}", line.strip()
        if not template:
            continue
        if template.count("{}") != 1:
            reason = f"{place}: {template!r} has {{}} {template.count('{}')} times; write it once"
            refusals.append(Refusal(item=place, code="no-place", reason=reason, source=str(path)))
        elif template in found:
            reason = f"{place}: {template!r} stands there already"
            refusals.append(Refusal(item=place, code="duplicate", reason=reason, source=str(path)))
        else:
            found.append(template)
    if not found:
        raise InputError(f"{path} has no template; write lines such as a photo of {{}}")
    return found, refusals


def prompts(words: Sequence[str], templates: Sequence[str]) -> list[list[str]]:
    """The prompts of a label, a list for each language that its words have.

    Words with Chinese characters go into templates with Chinese ones and into those without any words;
    others into the rest. Where no template is of a word's language, all are used.
    """
    parts: dict[bool, list[str]] = {}
    for word in words:
        chinese = bool(_HAN.search(word))
        fitting = [one for one in templates if one == "{}" or bool(_HAN.search(one)) == chinese]
        parts.setdefault(chinese, []).extend(one.replace("{}", word) for one in fitting or templates)
    return [list(dict.fromkeys(part)) for part in parts.values()]


def label_vectors(vocabulary: Vocabulary, encoder: Encoder, templates: Sequence[str] = TEMPLATES) -> Array:
    """A unit vector for each label without others below it, (l, width).

    Prompts of one language are averaged, then the languages, so that many words in one do not outvote the
    other.

    Raises:
        InputError: The encoder cannot encode texts as pictures' partners; says what to do.
    """
    if "text" not in encoder.modalities:
        raise InputError(f"encoder {encoder.name} does not encode texts, so {_WAY_OUT}")
    parts = [prompts(vocabulary.labels[leaf].words, templates) for leaf in vocabulary.leaves]
    every = list(dict.fromkeys(prompt for label in parts for part in label for prompt in part))
    try:
        vectors = encoder.encode_texts(every)
    except InputError as error:  # vectors that are only looked up, by ids
        raise InputError(f"encoder {encoder.name} cannot encode prompts ({error}), so {_WAY_OUT}") from error
    row = {prompt: n for n, prompt in enumerate(every)}
    means = [
        np.mean([unit_rows(vectors[[row[prompt] for prompt in part]].mean(0)[None])[0] for part in label], 0)
        for label in parts
    ]
    return unit_rows(np.array(means))
