"""NUS-WIDE: pictures of Flickr with tags and 81 concepts, of which papers use the most frequent."""

from __future__ import annotations

from typing import ClassVar

from tuwen.datasets.base import Info
from tuwen.datasets.matrices import Matrices, Parts, matched, queries_first, queries_last, several, single

_10K = "nus_wide_deep_doc2vec-corr-ae.h5py"


class NusWide(Matrices):
    """Three cuts of NUS-WIDE that papers report, which must never be compared with each other."""

    info = Info(
        title="NUS-WIDE",
        citation="T.-S. Chua, J. Tang, R. Hong, H. Li, Z. Luo, Y. Zheng: NUS-WIDE: A Real-World Web Image "
        "Database from National University of Singapore. CIVR 2009",
        licence="research use; pictures of Flickr under their own licences",
        source="Codes that follow MRL (Hu et al., CVPR 2021) name nus_wide_deep_doc2vec-corr-ae.h5py "
        "(10k); the code of DCMH names nus-wide-tc21-yall.mat and nus-wide-tc21-lall.mat, and that of UCCH "
        "the same of tc10 with nus-wide-tc10-xall-vgg.mat, in shared folders of their authors.",
        relevance="class",
    )
    splits: ClassVar = {
        "10k": "8000 / 1000 / 1000 (train / val / test), one of 10 classes a pair: the parts of the file",
        "tc21": "195834 pairs with one or more of the 21 most frequent concepts; the first 2100 rows ask, "
        "the others are the database, its first 10500 rows are learned from; relevant is what shares a "
        "concept. The papers draw rows of the same numbers and publish no lists: rows are taken in the "
        "order of the files",
        "tc10": "186577 pairs with one or more of the 10 most frequent concepts; the last 2100 rows ask, the "
        "others are the database and are learned from, as in the released code of UCCH",
    }
    variants: ClassVar = {
        "vgg19+doc2vec": "images: 4096-d VGG-19 fc7; texts: 300-d doc2vec of tags",
        "vgg19+tags": "images: 4096-d VGG-19 fc7 (nus-wide-tc21-xall-vgg.mat, or of tc10); texts: 1000 tags",
    }
    only: ClassVar = {"10k": ("vgg19+doc2vec",), "tc21": ("vgg19+tags",), "tc10": ("vgg19+tags",)}
    sizes: ClassVar = {
        "10k": (8000, 1000, 1000, 0),
        "tc21": (10500, 0, 2100, 193734),
        "tc10": (184477, 0, 2100, 184477),
    }
    queries: ClassVar[int] = 2100
    training: ClassVar[int] = 10500

    def _cut(self, split: str, features: str, seed: int) -> tuple[Parts, tuple[str, ...]]:
        if split == "10k":
            return self._small(), ()
        stem = f"nus-wide-{split}"
        (images,) = self._arrays(f"{stem}-xall-vgg.mat", "XAll")
        (texts,) = self._arrays(f"{stem}-yall.mat", "YAll")
        (labels,) = self._arrays(f"{stem}-lall.mat", "LAll")
        pairs = matched(images, texts, several(labels), str(self.folder))
        if split == "tc10":
            return queries_last(pairs, self.queries), ()
        note = "rows are cut in the order of the files; the draws of papers are not known"
        return queries_first(pairs, self.queries, self.training), (note,)

    def _small(self) -> Parts:
        kinds, names = ("imgs_deep", "texts", "imgs_labels"), ("train", "valid", "test")
        arrays = self._arrays(_10K, *(f"{name}_{kind}" for name in names for kind in kinds))
        labels = single(*arrays[2::3])
        train, val, test = (
            matched(images, texts, classes, f"{_10K}, {name}", f"{name}/")
            for name, images, texts, classes in zip(names, arrays[0::3], arrays[1::3], labels, strict=True)
        )
        return Parts(train, test, val)
