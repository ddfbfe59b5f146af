"""MUGE: queries of a Chinese shop and the pictures of products that answer them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from tuwen.datasets import cutting
from tuwen.datasets.base import Info
from tuwen.datasets.captions import ENCODED, CaptionSet, Cut, Layout
from tuwen.datasets.layouts import read_chinese_clip
from tuwen.datasets.pairs import Pairs
from tuwen.errors import InputError

_HELD = 5000


class Muge(CaptionSet):
    """Queries of a Chinese shop; several pictures may answer one."""

    info = Info(
        title="MUGE",
        citation="J. Lin et al.: M6: A Chinese Multimodal Pretrainer. arXiv 2103.00823 (MUGE: Multimodal "
        "Understanding and Generation Evaluation, Alibaba); layout: A. Yang et al.: Chinese CLIP. "
        "arXiv 2211.01335",
        licence="as Tianchi gives it out: research use after registration",
        source="train, valid and test _texts.jsonl and _imgs.tsv: the Multimodal Retrieval task of MUGE on "
        "Tianchi, or MUGE.zip of Chinese-CLIP, which has this layout.",
        relevance="pair",
        languages=("zh",),
    )
    cuts: ClassVar = {
        "valid": Cut(
            "train / valid, which is scored, as papers do: the answers of test are not public; no validation "
            "part",
            val=False,
            test="val",
        ),
        "development": Cut(
            f"{_HELD:,} training images are drawn by the seed for validation; train keeps no text of theirs; "
            "valid is scored",
            val=False,
            test="val",
            held=_HELD,
        ),
        "official": Cut("train / valid / test, for those who have the answers of test"),
    }
    splits: ClassVar = {name: cut.about for name, cut in cuts.items()}
    variants: ClassVar = {**ENCODED}
    layouts: ClassVar = (
        Layout(
            {
                "train": ("train_texts.jsonl", "train_imgs.tsv"),
                "val": ("valid_texts.jsonl", "valid_imgs.tsv"),
                "test": ("test_texts.jsonl", "test_imgs.tsv"),
            },
            lambda part, files: read_chinese_clip(*files),
        ),
    )

    def _hold(self, train: Pairs, held: int, seed: int) -> tuple[Pairs, Pairs]:
        """Texts of images that are drawn and of others stay with those that are drawn."""
        kept, drawn = cutting.cut(train, (len(train.image_ids) - held, held), seed)
        return _without(kept, drawn.text_ids), drawn


def _without(pairs: Pairs, names: tuple[str, ...]) -> Pairs:
    """The pairs without some texts; images that only these named stay."""
    gone = set(names)
    keep = np.array([name not in gone for name in pairs.text_ids])
    if not keep.any():
        raise InputError("no text is left to learn from: all name images that are drawn for validation")
    now = np.cumsum(keep) - 1
    matches = None
    if pairs.matches is not None:
        matches = pairs.matches[keep[pairs.matches[:, 0]]]
        matches = np.column_stack([now[matches[:, 0]], matches[:, 1]])
    rows = np.flatnonzero(keep)
    return replace(
        pairs,
        texts=None if pairs.texts is None else pairs.texts[rows],
        text_ids=tuple(pairs.text_ids[row] for row in rows),
        captions=tuple(pairs.captions[row] for row in rows) if pairs.captions else (),
        image_of_text=pairs.image_of_text[rows],
        matches=matches,
    )
