"""MS-COCO captions: 123,287 pictures of things in context with five English captions each."""

from __future__ import annotations

from typing import ClassVar

from tuwen.datasets.base import Info
from tuwen.datasets.captions import ENCODED, REGIONS, CaptionSet, Cut, Layout
from tuwen.datasets.layouts import read_karpathy, read_precomputed

_FOLDS = 5


class Coco(CaptionSet):
    """123,287 pictures with five captions each, in Karpathy's split."""

    info = Info(
        title="MS-COCO",
        citation="T.-Y. Lin et al.: Microsoft COCO: Common Objects in Context. ECCV 2014; captions: X. Chen "
        "et al.: Microsoft COCO Captions. arXiv 1504.00325; split: A. Karpathy, L. Fei-Fei: Deep "
        "Visual-Semantic Alignments for Generating Image Descriptions. CVPR 2015",
        licence="captions CC BY 4.0; the pictures belong to their photographers on Flickr",
        source="Captions with the split: dataset_coco.json of caption_datasets.zip (Karpathy and Fei-Fei). "
        "Region features with captions: coco_precomp of SCAN (Lee et al. 2018), files train, dev and testall "
        "_ims.npy and _caps.txt.",
        relevance="pair",
    )
    cuts: ClassVar = {
        "karpathy-5k": Cut("113,287 / 5,000 / 5,000 images (train and restval / val / test)"),
        "karpathy-1k": Cut(
            "the same, but test is one of five folds of 1,000 images, picked by the seed; papers give the "
            "mean over the five: seeds 0 to 4",
            folds=_FOLDS,
        ),
    }
    splits: ClassVar = {name: cut.about for name, cut in cuts.items()}
    variants: ClassVar = {**REGIONS, **ENCODED}
    layouts: ClassVar = (
        Layout(
            {
                "train": ("train_caps.txt", "train_ims.npy"),
                "val": ("dev_caps.txt", "dev_ims.npy"),
                "test": ("testall_caps.txt", "testall_ims.npy"),
            },
            lambda part, files: read_precomputed(files[0]),
            tuple(REGIONS),
        ),
        Layout(
            {part: ("dataset_coco.json",) for part in ("train", "val", "test")},
            lambda part, files: read_karpathy(files[0], ("train", "restval") if part == "train" else (part,)),
        ),
    )
