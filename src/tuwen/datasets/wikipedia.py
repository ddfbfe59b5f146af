"""Wikipedia articles and their pictures: the first benchmark of cross-modal retrieval."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tuwen.arrays import Array
from tuwen.datasets.base import Info
from tuwen.datasets.cutting import hold_out, joined
from tuwen.datasets.matrices import Matrices, Parts, matched, single
from tuwen.datasets.pairs import Pairs, paired
from tuwen.datasets.reading.matlab import read_matlab
from tuwen.errors import Damaged

_DEEP = "wiki_deep_doc2vec_data_corr_ae.h5py"


class Wikipedia(Matrices):
    """2,866 sections of featured articles, each with a picture, in 10 classes."""

    info = Info(
        title="Wikipedia",
        citation="N. Rasiwasia, J. Costa Pereira, E. Coviello, G. Doyle, G. Lanckriet, R. Levy, "
        "N. Vasconcelos: A New Approach to Cross-Modal Multimedia Retrieval. ACM Multimedia 2010",
        licence="none stated; texts of Wikipedia are under CC BY-SA, pictures of Wikimedia Commons under "
        "their own licences",
        source="The Statistical Visual Computing Laboratory of UC San Diego publishes raw_features.mat and "
        "the lists trainset_txt_img_cat.list, testset_txt_img_cat.list and categories.list as "
        "wikipedia_dataset.tar.gz; raw_features_tfidf.mat is the same with T_tfidf_tr and T_tfidf_te added. "
        "wiki_deep_doc2vec_data_corr_ae.h5py goes with the codes of SDML and MRL.",
        relevance="class",
    )
    splits: ClassVar = {
        "official": "2173 / 693: the published lists; no validation part",
        "corr-ae": "2173 / 231 / 462 (train / val / test), the sizes of Feng et al. 2014 (Corr-AE) and of "
        "DSCMR; their draw was not published: here val is the first 231 of the test list, test the rest",
        "80/20": "2293 / 573, drawn from all 2866 by the seed, as in tables 002-1 to 002-3, whose paper "
        "names no seed",
    }
    variants: ClassVar = {
        "sift+lda": "images: 128-d bag of SIFT words; texts: 10-d LDA topics (raw_features.mat)",
        "sift+tfidf": "images: the same; texts: 1000-d TF-IDF (raw_features_tfidf.mat)",
        "vgg19+doc2vec": "images: 4096-d VGG-19 fc7; texts: 300-d doc2vec, as with the codes of SDML and "
        "MRL, which take the first 231 rows of the test part as val too",
    }
    sizes: ClassVar = {
        "official": (2173, 0, 693, 0),
        "corr-ae": (2173, 231, 462, 0),
        "80/20": (2293, 0, 573, 0),
    }
    validation: ClassVar[int] = 231
    known: ClassVar = {
        "categories.list": "4929f3ee00e9de9ffe11f9ab18fc8919b0f6182cc801309409df2f2d05e2b0f5",
        "raw_features.mat": "ca628f765a69575e168ab29eb97f5ade12fadf47b31de1328c7ff631c7f225ae",
        "raw_features_tfidf.mat": "047ebad02c14b97d53b191fd42180ebb9b0e255dbb2f70c6fe4092110b4c9853",
        "testset_txt_img_cat.list": "ec3123ee31cc89dd95fbeb23eb73b2ecfd1d8909bba863723471aad99408c1eb",
        "trainset_txt_img_cat.list": "30c1ba8afbe90da5986de9b12496b6dd2e4680d3876b79ab7aae2e437d5819a3",
    }

    def _cut(self, split: str, features: str, seed: int) -> tuple[Parts, tuple[str, ...]]:
        train, test = self._deep() if features == "vgg19+doc2vec" else self._shallow(features)
        if split == "80/20":
            train, test = hold_out(joined(train, test), 0.2, seed)
            return Parts(train, test), (f"drawn by seed {seed}; the paper's own draw is not known",)
        if split == "official":
            return Parts(train, test), ()
        order = np.arange(len(test.image_ids))
        note = "val and test are cut in the order of the list; the papers' own draw is not known"
        val, test = test.take(order[: self.validation]), test.take(order[self.validation :])
        return Parts(train, test, val), () if features == "vgg19+doc2vec" else (note,)

    def _shallow(self, features: str) -> tuple[Pairs, Pairs]:
        """The published features, in the order of the lists."""
        tfidf = features == "sift+tfidf"
        arrays = read_matlab(self._file("raw_features_tfidf.mat" if tfidf else "raw_features.mat"))
        texts = "T_tfidf" if tfidf else "T"
        return (
            self._part(arrays, "trainset_txt_img_cat.list", "I_tr", f"{texts}_tr"),
            self._part(arrays, "testset_txt_img_cat.list", "I_te", f"{texts}_te"),
        )

    def _deep(self) -> tuple[Pairs, Pairs]:
        """Later features, in an order of their own."""
        names = [
            f"{part}_{kind}" for part in ("train", "test") for kind in ("imgs_deep", "text", "imgs_labels")
        ]
        arrays = self._arrays(_DEEP, *names)
        classes = single(arrays[2], arrays[5])
        return (
            matched(arrays[0], arrays[1], classes[0], f"{_DEEP}, train", "train/"),
            matched(arrays[3], arrays[4], classes[1], f"{_DEEP}, test", "test/"),
        )

    def _part(self, arrays: dict[str, Array], listed: str, images: str, texts: str) -> Pairs:
        """The pairs of one of the two lists."""
        missing = [name for name in (images, texts) if name not in arrays]
        if missing:
            raise Damaged(
                f"{self.folder} has features without {' and '.join(missing)}, only {', '.join(arrays)}"
            )
        classes = tuple(self._file("categories.list").read_text(encoding="utf-8").split())
        rows = [line.split("\t") for line in self._file(listed).read_text(encoding="utf-8").splitlines()]
        if any(len(row) != 3 or not row[2].isdecimal() for row in rows):
            raise Damaged(f"{self.folder / listed} must have lines of text, image and class number, by tabs")
        labels = np.array([int(row[2]) for row in rows], dtype=np.int64) - 1
        if not len(rows) == len(arrays[images]) == len(arrays[texts]):
            raise Damaged(
                f"{listed} has {len(rows)} lines, but {images} has {len(arrays[images])} rows and {texts} "
                f"{len(arrays[texts])}; they must align"
            )
        if labels.min() < 0 or labels.max() >= len(classes):
            raise Damaged(f"{self.folder / listed} has classes that categories.list does not name")
        return paired(
            arrays[images],
            arrays[texts],
            labels,
            text_ids=tuple(row[0] for row in rows),
            image_ids=tuple(row[1] for row in rows),
            classes=classes,
        )
