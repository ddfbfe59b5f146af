"""IAPR TC-12: 20,000 photographs with descriptions, as hashing papers use them, with 255 concepts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tuwen.datasets.base import Info
from tuwen.datasets.cutting import joined, shuffled
from tuwen.datasets.matrices import Matrices, Parts, matched, queries_last, several
from tuwen.datasets.pairs import Pairs

_FILES = {
    "vgg+tags": ("iapr-tc12-rand.mat", ("VDatabase", "YDatabase", "databaseL", "VTest", "YTest", "testL")),
    "gist+tags": ("IAPRTC-12.mat", ("I_tr", "T_tr", "L_tr", "I_te", "T_te", "L_te")),
}


class IaprTc12(Matrices):
    """IAPR TC-12 with the concepts of its segmented extension, in layouts of hashing codes."""

    info = Info(
        title="IAPR TC-12",
        citation="M. Grubinger, P. Clough, H. Mueller, T. Deselaers: The IAPR TC-12 Benchmark: A New "
        "Evaluation Resource for Visual Information Systems. OntoImage 2006",
        licence="free of charge for research, says its page",
        source="In shared folders of their authors: iapr-tc12-rand.mat with the code of UCCH (Hu et al., "
        "TPAMI 2023), IAPRTC-12.mat with that of LEMON (Wang et al., ACM Multimedia 2020).",
        relevance="class",
    )
    splits: ClassVar = {
        "ucch": "18000 / 2000: the last 2000 rows ask, the others are the database and are learned from, as "
        "in the released code of UCCH",
        "10000": "2000 / 18000 / 10000 (queries / database / training): the same, learned from its first "
        "10000 rows",
        "2000-drawn": "2000 rows, drawn by the seed, ask; the others are the database and are learned from, "
        "as in the released code of LEMON, whose draw is not known",
    }
    variants: ClassVar = {
        "vgg+tags": "images: 4096-d VGG; texts: 2912 tags (iapr-tc12-rand.mat)",
        "gist+tags": "images: 512-d GIST; texts: 2912 tags (IAPRTC-12.mat)",
    }
    sizes: ClassVar = {
        "ucch": (18000, 0, 2000, 18000),
        "10000": (10000, 0, 2000, 18000),
        "2000-drawn": (18000, 0, 2000, 18000),
    }
    queries: ClassVar[int] = 2000
    training: ClassVar[int] = 10000

    def _cut(self, split: str, features: str, seed: int) -> tuple[Parts, tuple[str, ...]]:
        pairs = self._whole(features)
        if split == "2000-drawn":
            order = shuffled(len(pairs.image_ids), seed)
            rest = pairs.take(np.sort(order[self.queries :]))
            return Parts(rest, pairs.take(np.sort(order[: self.queries])), database=rest), (
                f"drawn by seed {seed}; the paper's own draw is not known",
            )
        return queries_last(pairs, self.queries, self.training if split == "10000" else None), ()

    def _whole(self, features: str) -> Pairs:
        """The database and the queries of the file, in this order."""
        file, names = _FILES[features]
        arrays = self._arrays(file, *names)
        one = matched(arrays[0], arrays[1], several(arrays[2]), f"{file}, first part", "database/")
        other = matched(arrays[3], arrays[4], several(arrays[5]), f"{file}, second part", "test/")
        return joined(one, other)
