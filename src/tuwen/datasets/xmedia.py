"""PKU XMedia: 5,000 pictures and 5,000 texts of 20 classes (and other media, which are not read)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tuwen.datasets.base import Info
from tuwen.datasets.cutting import hold_out, joined
from tuwen.datasets.matrices import Matrices, Parts, matched, rows, single
from tuwen.errors import Damaged

_FILE = "XMediaFeatures.mat"
_ARRAYS = {"cnn+bow": ("I_{}_CNN", "T_{}_BOW"), "bovw+lda": ("I_{}", "T_{}")}


class XMedia(Matrices):
    """Pictures and texts of PKU XMedia, as features."""

    info = Info(
        title="PKU XMedia",
        citation="X. Zhai, Y. Peng, J. Xiao: Learning Cross-Media Joint Representation with Sparse and "
        "Semisupervised Regularization. IEEE TCSVT 2014",
        licence="research use, by agreement with its owners",
        source="The Multimedia Information Processing Lab of Peking University gives XMediaFeatures.mat to "
        "those who sign its agreement.",
        relevance="class",
    )
    splits: ClassVar = {
        "4000/500/500": "train / val / test: the training part of the file; the first 500 rows of its test "
        "part are scored, the others are val, as in the released code of SDML; later code does it the other "
        "way round",
        "official": "4000 / 1000: as the file is cut; no validation part",
        "80/20": "drawn from all by the seed, as in tables 002-1 to 002-3, whose paper names no seed",
    }
    variants: ClassVar = {
        "cnn+bow": "images: 4096-d CNN (I_tr_CNN, I_te_CNN); texts: 3000-d words (T_tr_BOW, T_te_BOW)",
        "bovw+lda": "images: bag of visual words (I_tr, I_te); texts: LDA topics (T_tr, T_te)",
    }
    sizes: ClassVar = {"4000/500/500": (4000, 500, 500, 0), "official": (4000, 0, 1000, 0)}
    scored: ClassVar[int] = 500

    def _cut(self, split: str, features: str, seed: int) -> tuple[Parts, tuple[str, ...]]:
        names = [name.format(part) for part in ("tr", "te") for name in _ARRAYS[features]]
        labels = ["trImgCat", "teImgCat", "trTxtCat", "teTxtCat"]
        arrays = self._arrays(_FILE, *names, *labels)
        of_images, of_texts = single(*arrays[4:6]), single(*arrays[6:8])
        for part, one, other in zip(("training", "test"), of_images, of_texts, strict=True):
            if not np.array_equal(one, other):
                raise Damaged(f"{_FILE}: image and text of a row of the {part} part are of different classes")
        train = matched(arrays[0], arrays[1], of_images[0], f"{_FILE}, training part", "train/")
        test = matched(arrays[2], arrays[3], of_images[1], f"{_FILE}, test part", "test/")
        if split == "80/20":
            train, test = hold_out(joined(train, test), 0.2, seed)
            return Parts(train, test), (f"drawn by seed {seed}; the paper's own draw is not known",)
        if split == "official":
            return Parts(train, test), ()
        return Parts(train, rows(test, 0, self.scored), rows(test, self.scored)), ()
