"""Flickr30k: 31,014 pictures of everyday events with five English captions each."""

from __future__ import annotations

from typing import ClassVar

from tuwen.datasets.base import Info
from tuwen.datasets.captions import ENCODED, REGIONS, CaptionSet, Cut, Layout
from tuwen.datasets.layouts import read_karpathy, read_precomputed


class Flickr30k(CaptionSet):
    """31,014 pictures with five captions each, in Karpathy's split."""

    info = Info(
        title="Flickr30k",
        citation="P. Young, A. Lai, M. Hodosh, J. Hockenmaier: From Image Descriptions to Visual "
        "Denotations. TACL 2, 2014; split: A. Karpathy, L. Fei-Fei: Deep Visual-Semantic Alignments for "
        "Generating Image Descriptions. CVPR 2015",
        licence="research use; the pictures belong to their photographers on Flickr",
        source="Captions with the split: dataset_flickr30k.json of caption_datasets.zip (Karpathy and "
        "Fei-Fei). Region features with captions: f30k_precomp of SCAN (Lee et al. 2018), files train, dev "
        "and test _ims.npy and _caps.txt.",
        relevance="pair",
    )
    cuts: ClassVar = {"karpathy": Cut("29,000 / 1,014 / 1,000 images (train / val / test)")}
    splits: ClassVar = {name: cut.about for name, cut in cuts.items()}
    variants: ClassVar = {**REGIONS, **ENCODED}
    layouts: ClassVar = (
        Layout(
            {
                "train": ("train_caps.txt", "train_ims.npy"),
                "val": ("dev_caps.txt", "dev_ims.npy"),
                "test": ("test_caps.txt", "test_ims.npy"),
            },
            lambda part, files: read_precomputed(files[0]),
            tuple(REGIONS),
        ),
        Layout(
            {part: ("dataset_flickr30k.json",) for part in ("train", "val", "test")},
            lambda part, files: read_karpathy(files[0], (part,)),
        ),
    )
