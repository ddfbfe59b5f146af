"""Flickr8k: 8,000 pictures of people and dogs in action, with five English captions each."""

from __future__ import annotations

from typing import ClassVar

from tuwen.datasets.base import Info
from tuwen.datasets.captions import ENCODED, CaptionSet, Cut, Layout
from tuwen.datasets.layouts import read_karpathy, read_table, read_tokens

#: What `mobilenetv2` stands for, here and in `flickr8k_cn`.
MOBILENET = "../features/flickr8k_trainval_mobilenetv2_1280.npz"
HELD = 1000
DEVELOPMENT = (
    f"where the test part is not at hand: {HELD:,} of the 6,000 training images are drawn by the seed for "
    "validation, and the published validation part is scored; not comparable with published figures"
)


class Flickr8k(CaptionSet):
    """8,000 pictures with five captions each, 6,000 / 1,000 / 1,000."""

    info = Info(
        title="Flickr8k",
        citation="M. Hodosh, P. Young, J. Hockenmaier: Framing Image Description as a Ranking Task: Data, "
        "Models and Evaluation Metrics. Journal of Artificial Intelligence Research 47, 2013",
        licence="research use; the pictures belong to their photographers on Flickr",
        source="Captions: Flickr8k_text.zip of the University of Illinois (Flickr8k.token.txt with "
        "Flickr_8k.trainImages.txt, .devImages.txt and .testImages.txt), or dataset_flickr8k.json of "
        "caption_datasets.zip (Karpathy and Fei-Fei), or tables train.csv, val.csv and test.csv with the "
        "columns image, language, caption. Pictures: Flickr8k_Dataset.zip.",
        relevance="pair",
    )
    cuts: ClassVar = {
        "official": Cut("6,000 / 1,000 / 1,000 images (train / val / test), as published"),
        "development": Cut(DEVELOPMENT, val=False, test="val", held=HELD),
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
            lambda part, files: read_table(files[0], "en"),
            tuple(variants),
        ),
        Layout(
            {part: ("dataset_flickr8k.json",) for part in ("train", "val", "test")},
            lambda part, files: read_karpathy(files[0], (part,)),
            tuple(variants),
        ),
        Layout(
            {
                "train": ("Flickr8k.token.txt", "Flickr_8k.trainImages.txt"),
                "val": ("Flickr8k.token.txt", "Flickr_8k.devImages.txt"),
                "test": ("Flickr8k.token.txt", "Flickr_8k.testImages.txt"),
            },
            lambda part, files: read_tokens(*files),
            tuple(variants),
        ),
    )
