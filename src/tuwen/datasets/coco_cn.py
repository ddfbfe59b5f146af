"""COCO-CN: 20,341 pictures of MS-COCO with Chinese captions written by people."""

from __future__ import annotations

from typing import ClassVar

from tuwen.datasets.base import Info
from tuwen.datasets.captions import ENCODED, CaptionSet, Cut, Layout, Part
from tuwen.datasets.layouts import read_chinese_clip, read_tokens

_LISTS: dict[Part, str] = {
    "train": "coco-cn_train.txt",
    "val": "coco-cn_val.txt",
    "test": "coco-cn_test.txt",
}
_WRITTEN = "imageid.human-written-caption.txt"


class CocoCN(CaptionSet):
    """20,341 pictures of MS-COCO, one or two Chinese captions each."""

    info = Info(
        title="COCO-CN",
        citation="X. Li, C. Xu, X. Wang, W. Lan, Z. Jia, G. Yang, J. Xu: COCO-CN for Cross-Lingual Image "
        "Tagging, Captioning and Retrieval. IEEE Transactions on Multimedia 21(9), 2019",
        licence="none stated, given out for research; the pictures belong to their photographers on Flickr",
        source="Captions: coco-cn-version1805v1.1 from its authors (repository li-xirong/coco-cn): "
        "coco-cn_train.txt, coco-cn_val.txt, coco-cn_test.txt, imageid.human-written-caption.txt and, for "
        "the split translated, imageid.manually-translated-caption.txt; or train, valid and test "
        "_texts.jsonl with _imgs.tsv as Chinese-CLIP gives them. Pictures: MS-COCO 2014.",
        relevance="pair",
        languages=("zh",),
    )
    cuts: ClassVar = {
        "official": Cut(
            "18,341 / 1,000 / 1,000 images (train / val / test), captions written by people: 1,053 for test",
            layouts=(0, 1),
        ),
        "translated": Cut(
            "the same, but test captions are English ones translated by people, five an image", layouts=(2,)
        ),
    }
    splits: ClassVar = {name: cut.about for name, cut in cuts.items()}
    variants: ClassVar = {**ENCODED}
    layouts: ClassVar = (
        Layout(
            {part: (_WRITTEN, name) for part, name in _LISTS.items()},
            lambda part, files: read_tokens(*files),
        ),
        Layout(
            {
                "train": ("train_texts.jsonl", "train_imgs.tsv"),
                "val": ("valid_texts.jsonl", "valid_imgs.tsv"),
                "test": ("test_texts.jsonl", "test_imgs.tsv"),
            },
            lambda part, files: read_chinese_clip(*files),
        ),
        Layout(
            {
                "train": (_WRITTEN, _LISTS["train"]),
                "val": (_WRITTEN, _LISTS["val"]),
                "test": ("imageid.manually-translated-caption.txt", _LISTS["test"]),
            },
            lambda part, files: read_tokens(*files),
        ),
    )
