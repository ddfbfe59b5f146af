"""Flickr30k-CN: the pictures of Flickr30k with five Chinese captions each."""

from __future__ import annotations

from typing import ClassVar

from tuwen.datasets.base import Info
from tuwen.datasets.captions import ENCODED, CaptionSet, Cut, Layout, Part
from tuwen.datasets.layouts import read_chinese_clip, read_tokens

_FOLDERS: dict[Part, str] = {
    "train": "flickr30kzhbbosontrain",
    "val": "flickr30kzhbbosonval",
    "test": "flickr30kzhmbosontest",
}


class Flickr30kCN(CaptionSet):
    """The pictures of Flickr30k; captions translated by machine, those of test by people."""

    info = Info(
        title="Flickr30k-CN",
        citation="W. Lan, X. Li, J. Dong: Fluency-Guided Cross-Lingual Image Captioning. ACM Multimedia 2017",
        licence="none stated; the pictures are those of Flickr30k, for research use",
        source="Captions: flickr30k-cn.tar.gz of its authors (repository li-xirong/cross-lingual-cap), "
        "folders flickr30kzhbbosontrain, flickr30kzhbbosonval and flickr30kzhmbosontest, each with ImageSets "
        "and TextData; or train, valid and test _texts.jsonl with _imgs.tsv as Chinese-CLIP gives them.",
        relevance="pair",
        languages=("zh",),
    )
    cuts: ClassVar = {
        "official": Cut(
            "29,783 / 1,000 / 1,000 images (train / val / test); captions of train and val are translated by "
            "machine, those of test by people"
        )
    }
    splits: ClassVar = {name: cut.about for name, cut in cuts.items()}
    variants: ClassVar = {**ENCODED}
    layouts: ClassVar = (
        Layout(
            {
                part: (f"{name}/TextData/seg.{name}.caption.txt", f"{name}/ImageSets/{name}.txt")
                for part, name in _FOLDERS.items()
            },
            lambda part, files: read_tokens(*files, tagged=True),
        ),
        Layout(
            {
                "train": ("train_texts.jsonl", "train_imgs.tsv"),
                "val": ("valid_texts.jsonl", "valid_imgs.tsv"),
                "test": ("test_texts.jsonl", "test_imgs.tsv"),
            },
            lambda part, files: read_chinese_clip(*files),
        ),
    )
