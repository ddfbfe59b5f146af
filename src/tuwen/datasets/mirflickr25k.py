"""MIRFLICKR-25K: pictures of Flickr with tags and 24 concepts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tuwen.datasets.base import Info
from tuwen.datasets.cutting import joined, shuffled
from tuwen.datasets.matrices import Matrices, Parts, matched, queries_first, queries_last, several
from tuwen.datasets.pairs import Pairs
from tuwen.datasets.reading.containers import open_container

_DCMH, _SEPH, _UCCH = "FLICKR-25K.mat", "MIRFLICKR.mat", "mirflickr25k-{}.mat"


class MirFlickr25k(Matrices):
    """The set of hashing papers, in the layouts that their codes come with."""

    info = Info(
        title="MIRFLICKR-25K",
        citation="M. J. Huiskes, M. S. Lew: The MIR Flickr Retrieval Evaluation. ACM MIR 2008",
        licence="pictures under Creative Commons licences, for research",
        source="In shared folders of their authors: mirflickr25k-iall-vgg.mat, mirflickr25k-yall.mat and "
        "mirflickr25k-lall.mat with the code of UCCH (Hu et al., TPAMI 2023); FLICKR-25K.mat with that of "
        "DCMH (Jiang and Li, CVPR 2017); MIRFLICKR.mat with I_tr, T_tr, L_tr, I_te, T_te, L_te with codes "
        "that follow SePH (Lin et al., CVPR 2015).",
        relevance="class",
    )
    splits: ClassVar = {
        "dcmh": "2000 / 18015 / 10000 (queries / database / training): the first 2000 rows ask, the others "
        "are the database, its first rows are learned from, as in the released code of DCMH; papers draw "
        "rows of the same numbers and publish no lists",
        "dcmh-5000": "the same with 5000 to learn from, as DJSRH and others have it",
        "ucch": "the last 2000 rows ask, the others are the database and are learned from, as in the "
        "released code of UCCH",
        "seph": "836 / 15902 / 5000 (queries / database / training): the test and training part of the file; "
        "what is learned from is drawn from the latter by the seed",
        "2000-drawn": "2000 rows, drawn by the seed, ask; the others are the database and are learned from",
    }
    variants: ClassVar = {
        "vgg19+tags": "images: 4096-d VGG-19 fc7; texts: 1386 tags (the files of UCCH)",
        "dcmh": "FLICKR-25K.mat: YAll with 1386 tags; images where the copy has features of them, pixels "
        "are left out and must be encoded",
        "seph": "MIRFLICKR.mat as it is: 150-d edge histograms and 500-d tags by PCA in SePH, others in "
        "later copies",
    }
    only: ClassVar = {
        "dcmh": ("vgg19+tags", "dcmh"),
        "dcmh-5000": ("vgg19+tags", "dcmh"),
        "ucch": ("vgg19+tags", "dcmh"),
        "seph": ("seph",),
        "2000-drawn": ("seph", "vgg19+tags"),
    }
    sizes: ClassVar = {
        "dcmh": (10000, 0, 2000, 18015),
        "dcmh-5000": (5000, 0, 2000, 18015),
        "ucch": (18015, 0, 2000, 18015),
        "seph": (5000, 0, 836, 15902),
    }
    queries: ClassVar[int] = 2000
    training: ClassVar[dict[str, int]] = {"dcmh": 10000, "dcmh-5000": 5000, "seph": 5000}

    def _cut(self, split: str, features: str, seed: int) -> tuple[Parts, tuple[str, ...]]:
        notes: tuple[str, ...] = ()
        if features == "seph":
            database, test = self._parts_of_seph()
            if split == "seph":
                chosen = np.sort(shuffled(len(database.image_ids), seed)[: self.training["seph"]])
                drawn = f"training pairs are drawn by seed {seed}; the paper's own draw is not known"
                return Parts(database.take(chosen), test, database=database), (drawn,)
            pairs = joined(database, test)
        else:
            pairs, notes = self._whole(features)
        if split == "2000-drawn":
            order = shuffled(len(pairs.image_ids), seed)
            rest = pairs.take(np.sort(order[self.queries :]))
            notes = (*notes, f"drawn by seed {seed}; the papers' own draws are not known")
            return Parts(rest, pairs.take(np.sort(order[: self.queries])), database=rest), notes
        if split == "ucch":
            return queries_last(pairs, self.queries), notes
        notes = (*notes, "rows are cut in the order of the files; the draws of papers are not known")
        return queries_first(pairs, self.queries, self.training[split]), notes

    def _whole(self, features: str) -> tuple[Pairs, tuple[str, ...]]:
        if features == "vgg19+tags":
            (images,) = self._arrays(_UCCH.format("iall-vgg"), "XAll")
            (texts,) = self._arrays(_UCCH.format("yall"), "YAll")
            (labels,) = self._arrays(_UCCH.format("lall"), "LAll")
            return matched(images, texts, several(labels), str(self.folder)), ()
        texts, labels = self._arrays(_DCMH, "YAll", "LAll")
        shape = open_container(self._file(_DCMH)).shapes.get("images", ())
        if len(shape) == 2:
            (images,) = self._arrays(_DCMH, "images")
            return matched(images, texts, several(labels), _DCMH), ()
        note = f"{_DCMH} has pixels, which are not read: the images have no features"
        return matched(None, texts, several(labels), _DCMH), (note,)

    def _parts_of_seph(self) -> tuple[Pairs, Pairs]:
        arrays = self._arrays(_SEPH, "I_tr", "T_tr", "L_tr", "I_te", "T_te", "L_te")
        one = matched(arrays[0], arrays[1], several(arrays[2]), f"{_SEPH}, training part", "train/")
        return one, matched(arrays[3], arrays[4], several(arrays[5]), f"{_SEPH}, test part", "test/")
