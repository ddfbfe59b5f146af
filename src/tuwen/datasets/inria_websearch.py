"""INRIA-Websearch: pictures that web searches found, with the words around them, of 100 searches."""

from __future__ import annotations

from typing import ClassVar

from tuwen.datasets.base import Info
from tuwen.datasets.cutting import hold_out, joined
from tuwen.datasets.matrices import Matrices, Parts, matched, single

_FILE = "INRIA-Websearch.mat"
_PARTS = ("tr", "val", "te")


class InriaWebsearch(Matrices):
    """The 100 largest classes of INRIA-Websearch, as features."""

    info = Info(
        title="INRIA-Websearch",
        citation="J. Krapac, M. Allan, J. Verbeek, F. Jurie: Improving Web Image Search Results Using "
        "Query-Relative Classifiers. CVPR 2010",
        licence="none stated; pictures and words of web pages",
        source="Codes that follow MRL (Hu et al., CVPR 2021) name INRIA-Websearch.mat; its authors give it.",
        relevance="class",
    )
    splits: ClassVar = {
        "published": "9000 / 1332 / 4366 (train / val / test): the parts of the file",
        "80/20": "drawn from all by the seed; of no paper",
    }
    variants: ClassVar = {"cnn+lda": "images: 4096-d CNN; texts: 1000-d LDA topics"}
    sizes: ClassVar = {"published": (9000, 1332, 4366, 0)}

    def _cut(self, split: str, features: str, seed: int) -> tuple[Parts, tuple[str, ...]]:
        kinds = ("img", "txt", "img_lab")
        arrays = self._arrays(_FILE, *(f"{part}_{kind}" for part in _PARTS for kind in kinds))
        labels = single(*arrays[2::3])
        train, val, test = (
            matched(images, texts, classes, f"{_FILE}, {name}", f"{name}/")
            for name, images, texts, classes in zip(_PARTS, arrays[0::3], arrays[1::3], labels, strict=True)
        )
        if split == "80/20":
            train, test = hold_out(joined(train, val, test), 0.2, seed)
            return Parts(train, test), (f"drawn by seed {seed}",)
        return Parts(train, test, val), ()
