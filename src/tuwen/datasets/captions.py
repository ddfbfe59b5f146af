"""What all benchmarks of captions share: layouts their files come in, features, parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from tuwen.arrays import Array
from tuwen.datasets import cutting
from tuwen.datasets.base import Dataset
from tuwen.datasets.layouts import Listed
from tuwen.datasets.pairs import Pairs, Splits
from tuwen.datasets.vectors import look_up, read_regions
from tuwen.errors import Damaged, InputError, Unavailable
from tuwen.files import checksum

Part = Literal["train", "val", "test"]
ENCODED = {
    "encoded": "your own, written by `tuwen encode`: features.npz for all parts, or train.npz, val.npz and "
    "test.npz, beside the captions; any other file by its path, --features FILE.npz"
}
REGIONS = {
    "regions-mean": "mean over the regions of an image, from PART_ims.npy (2048-d for bottom-up attention)",
    "regions": "the regions themselves, (36, 2048) an image, for methods that take sets",
}


class Layout(NamedTuple):
    """A form in which the captions of a benchmark come.

    Attributes:
        files: Of each part, in the order that `read` takes them.
        read: Captions from these files.
        features: The variants that go with it.
    """

    files: Mapping[Part, tuple[str, ...]]
    read: Callable[[Part, Sequence[Path]], Listed]
    features: tuple[str, ...] = ("encoded",)


class Cut(NamedTuple):
    """How parts of the files become parts of a benchmark.

    Attributes:
        about: One line for people.
        val: Whether the files have a part to choose settings on.
        test: The part that is scored.
        held: Images that are drawn from those to learn from, where the files have no such part.
        folds: The seed picks one of so many equal parts of the test images; 1 for all of them.
        layouts: Which layouts of the class have these parts; all when empty.
    """

    about: str
    val: bool = True
    test: Part = "test"
    held: int = 0
    folds: int = 1
    layouts: tuple[int, ...] = ()


class CaptionSet(Dataset):
    """A benchmark of captions; a subclass says which files, features and cuts there are.

    Attributes:
        layouts: Forms of its files; the first that is there is read.
        cuts: By the name of the split; `splits` tells of them.
        vectors: Files of features by variant; of several, the first that is there; `{part}` stands for it.
    """

    layouts: ClassVar[tuple[Layout, ...]]
    cuts: ClassVar[dict[str, Cut]]
    vectors: ClassVar[dict[str, tuple[str, ...]]] = {"encoded": ("{part}.npz", "features.npz")}

    def choice(self, split: str = "", features: str = "") -> tuple[str, str]:
        """The split and the features asked for; what is left open becomes the first whose files are there."""
        splits = (split,) if split else tuple(self.splits)
        variants = (features,) if features else tuple(self.variants)
        known = [
            (one, other) for other in variants for one in splits if one in self.splits and self._knows(other)
        ]
        ready = [pair for pair in known if self._is_there(*pair)]
        # captions are lacking; features that are there are better named than others
        ready += [pair for pair in known if pair[1] in self.vectors and self._has_vectors(*pair)]
        return ready[0] if ready else super().choice(split, features)

    def present(self) -> bool:
        """Whether the files of one of its splits are there."""
        return any(self._is_there(split, features) for split in self.splits for features in self.variants)

    def _knows(self, features: str) -> bool:
        return super()._knows(features) or features.endswith(".npz")

    def _load(self, split: str, features: str, seed: int) -> Splits:
        cut = self.cuts[split]
        layout = self._layout(cut, features)
        try:
            parts = {part: self._part(part, layout, features) for part in _parts(cut)}
        except Unavailable as error:
            others = [name for name in self.splits if name != split and self._is_there(name, features)]
            hint = f". The files of another split are there: --split {others[0]}" if others else ""
            raise Unavailable(f"{error}{hint}") from error
        train, val, test = parts["train"][0], parts["val"][0] if cut.val else None, parts[cut.test][0]
        notes = self._notes() + tuple(dict.fromkeys(note for _, told in parts.values() for note in told))
        if cut.held:
            if len(train.image_ids) <= cut.held:
                raise InputError(
                    f"{self.name} has {len(train.image_ids)} training images, but split {split!r} holds out "
                    f"{cut.held}; take another split"
                )
            train, val = self._hold(train, cut.held, seed)
            notes += (f"val is drawn from the training images by seed {seed}",)
        if cut.folds > 1:
            test, note = _fold(test, cut.folds, seed)
            notes += (note,)
        return Splits(
            self.name, split, features, train=train, test=test, val=val, files=dict(self._read), notes=notes
        )

    def _hold(self, train: Pairs, held: int, seed: int) -> tuple[Pairs, Pairs]:
        """The training images without those that are drawn, and these."""
        kept, drawn = cutting.cut(train, (len(train.image_ids) - held, held), seed)
        return kept, drawn

    def _layout(self, cut: Cut, features: str) -> Layout:
        """The first layout whose files are there, else the one that lacks the fewest."""
        variant = "encoded" if features.endswith(".npz") else features
        own = [
            layout
            for number, layout in enumerate(self.layouts)
            if variant in layout.features and (not cut.layouts or number in cut.layouts)
        ]
        return min(own, key=lambda layout: self._lacking(cut, layout))

    def _lacking(self, cut: Cut, layout: Layout) -> int:
        names = {name for part in _parts(cut) for name in layout.files[part]}
        return sum(not (self.folder / name).is_file() for name in names)

    def _is_there(self, split: str, features: str) -> bool:
        cut = self.cuts[split]
        return self._has_vectors(split, features) and self._lacking(cut, self._layout(cut, features)) == 0

    def _has_vectors(self, split: str, features: str) -> bool:
        """Whether the files of features are there; regions stand with their captions, a path is trusted."""
        names = self.vectors.get(features)
        return names is None or all(
            any((self.folder / name.format(part=part)).is_file() for name in names)
            for part in _parts(self.cuts[split])
        )

    def _part(self, part: Part, layout: Layout, features: str) -> tuple[Pairs, tuple[str, ...]]:
        """A part with its features, and what is odd about it."""
        names = layout.files[part]
        listed = layout.read(part, [self._file(name) for name in names])
        texts: Array | None = None
        if features in REGIONS:
            images = read_regions(
                self.folder / names[-1], len(listed.images), mean=features == "regions-mean"
            )
        else:
            images, texts = look_up(self._vectors(part, features), listed)
        matches = listed.matches
        first = np.unique(matches[:, 0], return_index=True)[1]
        pairs = Pairs(
            images=images,
            texts=texts,
            image_ids=listed.images,
            text_ids=tuple(caption.id for caption in listed.captions),
            image_of_text=matches[first, 1],
            captions=tuple(caption.text for caption in listed.captions),
            matches=matches if len(matches) > len(listed.captions) else None,
        )
        return pairs, listed.notes

    def _vectors(self, part: Part, features: str) -> Path:
        """The file of features of a part, noted with its checksum.

        Raises:
            Unavailable: It is not there.
        """
        if features.endswith(".npz"):
            path = Path(features).expanduser()
            if not path.is_file():
                raise Unavailable(f"{path} is not there; name a file that `tuwen encode` wrote")
            # as seen from the folder, so that a later run finds it again and sees whether it changed
            self._read.setdefault(os.path.relpath(path, self.folder), checksum(path))
            return path
        names = [name.format(part=part) for name in self.vectors[features]]
        found = next((name for name in names if (self.folder / name).is_file()), None)
        if found is None:
            raise Unavailable(
                f"{self.name} has no features {features!r}: {' or '.join(names)} is not in {self.folder}. "
                f"Write them with `tuwen encode IMAGES -o {self.folder / 'features.npz'}`, or name another "
                "file: --features FILE.npz"
            )
        return self._file(found)


def _parts(cut: Cut) -> tuple[Part, ...]:
    return ("train", *(("val",) if cut.val and cut.test != "val" else ()), cut.test)


def _fold(test: Pairs, folds: int, seed: int) -> tuple[Pairs, str]:
    """One of several equal parts of the test images, in the order of the files."""
    n = len(test.image_ids)
    if n % folds:
        raise Damaged(f"{n} test images cannot be cut into {folds} folds of one size")
    number, size = seed % folds, n // folds
    note = f"fold {number + 1} of {folds}, picked by the seed; published figures are means over all {folds}"
    return test.take(np.arange(number * size, (number + 1) * size)), note
