"""Pascal Sentences: 1,000 pictures of 20 classes, each with five sentences."""

from __future__ import annotations

from typing import ClassVar

from tuwen.arrays import Array
from tuwen.datasets.base import Info
from tuwen.datasets.cutting import hold_out, joined
from tuwen.datasets.matrices import Matrices, Parts, matched, single
from tuwen.datasets.pairs import Pairs

_NONE = "the files as published have no validation part"


class PascalSentences(Matrices):
    """Features of Pascal Sentences as the code of DSCMR comes with them."""

    info = Info(
        title="Pascal Sentences",
        citation="C. Rashtchian, P. Young, M. Hodosh, J. Hockenmaier: Collecting Image Annotations Using "
        "Amazon's Mechanical Turk. NAACL HLT Workshop on Creating Speech and Language Data 2010",
        licence="none stated; pictures of PASCAL VOC 2008, from Flickr under their own licences",
        source="The code of DSCMR (Zhen et al., CVPR 2019) has a folder data/pascal with train_img.mat, "
        "train_txt.mat, train_img_lab.mat and the same of test; public copies lack train_img.mat, which its "
        "authors give.",
        relevance="class",
    )
    splits: ClassVar = {
        "dscmr": "800 / 100 / 100 (train / val / test): the files of each part as they are; those that are "
        "published have no validation part, and the split then has none",
        "80/20": "drawn from all by the seed, as in tables 002-1 to 002-3, whose paper names no seed",
    }
    variants: ClassVar = {
        "vgg19+sentence-cnn": "images: 4096-d VGG-19 fc7; texts: 300-d sentence CNN",
    }
    sizes: ClassVar = {"dscmr": (800, 100, 100, 0)}

    def _cut(self, split: str, features: str, seed: int) -> tuple[Parts, tuple[str, ...]]:
        has_val = (self.folder / "val_img.mat").is_file()
        names = ["train", "test"] + (["val"] if has_val else [])
        read = [self._part(name) for name in names]
        labels = single(*(part[2] for part in read))
        parts: dict[str, Pairs] = {}
        for name, (images, texts, _), classes in zip(names, read, labels, strict=True):
            parts[name] = matched(images, texts, classes, f"{self.folder}, {name}", f"{name}/")
        if split == "80/20":
            train, test = hold_out(joined(*parts.values()), 0.2, seed)
            return Parts(train, test), (f"drawn by seed {seed}; the paper's own draw is not known",)
        return Parts(parts["train"], parts["test"], parts.get("val")), () if has_val else (_NONE,)

    def _part(self, name: str) -> list[Array]:
        arrays: list[Array] = []
        for kind in ("img", "txt", "img_lab"):
            arrays += self._arrays(f"{name}_{kind}.mat", f"{name}_{kind}")
        return arrays
