"""Flickr8k-CN: the pictures of Flickr8k with five Chinese captions each."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tuwen.datasets.base import Info
from tuwen.datasets.captions import ENCODED, CaptionSet, Cut, Layout, Part
from tuwen.datasets.flickr8k import DEVELOPMENT, HELD, MOBILENET
from tuwen.datasets.layouts import read_table, read_tokens

_LISTS: dict[Part, str] = {
    "train": "flickr8ktrain.txt",
    "val": "flickr8kval.txt",
    "test": "flickr8ktest.txt",
}


class Flickr8kCN(CaptionSet):
    """The pictures of Flickr8k with five Chinese captions each, written by native speakers."""

    info = Info(
        title="Flickr8k-CN",
        citation="X. Li, W. Lan, J. Dong, H. Liu: Adding Chinese Captions to Images. ICMR 2016",
        licence="none stated; the pictures are those of Flickr8k, for research use",
        source="Captions: the repository li-xirong/flickr8kcn, folder data (flickr8kzhc.caption.txt, "
        "flickr8kzhmtest.captions.txt and the lists flickr8ktrain.txt, flickr8kval.txt, flickr8ktest.txt), "
        "or tables train.csv, val.csv and test.csv with the columns image, language (zh), caption, here or "
        "in the folder flickr8k. Pictures: Flickr8k_Dataset.zip.",
        relevance="pair",
        languages=("zh",),
    )
    cuts: ClassVar = {
        "official": Cut(
            "6,000 / 1,000 / 1,000 images (train / val / test), as published; captions written by people",
            layouts=(0, 1),
        ),
        "translated": Cut(
            "the same, but test captions are the five English ones, translated by people", layouts=(2,)
        ),
        "development": Cut(DEVELOPMENT, val=False, test="val", held=HELD, layouts=(0, 1)),
    }
    splits: ClassVar = {name: cut.about for name, cut in cuts.items()}
    variants: ClassVar = {
        "mobilenetv2": "images: 1280-d, pooled features of MobileNetV2 on ImageNet, in 8 bits",
        **ENCODED,
    }
    vectors: ClassVar = {**CaptionSet.vectors, "mobilenetv2": (MOBILENET,)}
    layouts: ClassVar = (
        Layout(
            {"train": ("train.csv",), "val": ("val.csv",), "test": ("test.csv",)},
            lambda part, files: read_table(files[0], "zh"),
            tuple(variants),
        ),
        Layout(
            {part: ("flickr8kzhc.caption.txt", name) for part, name in _LISTS.items()},
            lambda part, files: read_tokens(*files),
            tuple(variants),
        ),
        Layout(
            {
                "train": ("flickr8kzhc.caption.txt", _LISTS["train"]),
                "val": ("flickr8kzhc.caption.txt", _LISTS["val"]),
                "test": ("flickr8kzhmtest.captions.txt", _LISTS["test"]),
            },
            lambda part, files: read_tokens(*files),
            tuple(variants),
        ),
    )

    def __init__(self, folder: Path) -> None:
        beside = folder.parent / "flickr8k"
        # tables hold both languages, so the folder of the English captions will do
        super().__init__(folder if folder.is_dir() or not beside.is_dir() else beside)
