"""The base of every encoder: it checks and batches; a family only encodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from PIL import Image

from tuwen import pictures
from tuwen.ahead import ahead
from tuwen.arrays import Array, Modality, unit_rows
from tuwen.errors import InputError, PictureError, TuwenError
from tuwen.pixels import resized
from tuwen.records import Picture

Source = str | Path | Image.Image | Picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patches:
    """The parts of a picture in the space of an encoder's vectors.

    Attributes:
        vectors: (rows, columns, width) float32, top to bottom and left to right; their products with a
            question of length one say how well each fits it.
        seen: The shares of the picture's width and height that they are of, from its middle.
    """

    vectors: Array
    seen: tuple[float, float] = (1.0, 1.0)


class Encoder:
    """Turns pictures and texts into unit vectors of one common space, one modality or both.

    A subclass sets the attributes and writes `_encode_images`, `_encode_texts` or both.
    Preparing a picture (decode, orient, resize) is apart from encoding it, so that callers can
    prepare in threads while the network runs.

    Attributes:
        name: What `encoders.load` makes it from again: the name in the registry, or the folder or file
            it was opened from.
        width: Columns of the vectors.
        modalities: What it can encode.
        fingerprint: Changes when weights or preprocessing change; a collection refuses another one. The
            same weights in another format or precision keep it.
        image_size: Side of the square, in pixels, that pictures are prepared to.
        batch_size: Items encoded at a time.
        languages: Of the texts, as two letters.
        runtime: What computes the vectors, for people: `onnxruntime int8`.
        parameters: How many numbers it learned.
        needs: What must be given beside the name: `a folder or file`, `fitting`; empty for nothing.
        extra: What of tuwen's extras it takes: `classic`; empty for none.
        cut: Texts so far that were longer than the encoder reads.
        by_id: It looks vectors up by id: give `prepare` a path or a `Picture`, and `encode_texts` the ids.
    """

    name: str
    width: int
    fingerprint: str
    modalities: frozenset[Modality] = frozenset({"image", "text"})
    image_size: int = 224
    batch_size: int = 64
    languages: tuple[str, ...] = ()
    runtime: str = ""
    parameters: int = 0
    cut: int = 0
    by_id: bool = False
    needs: ClassVar[str] = ""
    extra: ClassVar[str] = ""

    @classmethod
    def open(cls, path: Path, **options: Any) -> Self:
        """Make the encoder from a folder or a file.

        Raises:
            InputError: This family is not made from files.
        """
        raise InputError(f"{cls.__name__} is not opened from files, got {path}; leave the path out")

    def check_ready(self) -> None:
        """Whether it can encode.

        Raises:
            NotFittedError: It must be fitted first.
        """

    def encode(self, items: Sequence[Source], modality: Modality, *, unit: bool = True) -> Array:
        """Encode items of one modality, (n, width) float32.

        Args:
            items: For `image`: paths, PIL pictures or `Picture` records. For `text`: strings; a string is
                never taken for a path or an address.
            modality: `image` or `text`.
            unit: Scale rows to length one; False gives them as the family computes them.

        Raises:
            InputError: The encoder does not know the modality, or an item has the wrong type.
            PictureError: A picture cannot be decoded.
        """
        if modality not in ("image", "text"):
            raise InputError(f"modality is {modality!r}; it must be 'image' or 'text'")
        if modality == "text":
            if isinstance(items, str):
                raise InputError("items is one string; pass a list of strings")
            return self.encode_texts(_texts(items), unit=unit)
        return self.encode_images(items, unit=unit)

    def encode_images(self, images: Sequence[Source], *, unit: bool = True) -> Array:
        """Decode, prepare and encode pictures, (n, width)."""
        self._check("image")
        if isinstance(images, str | Path):
            raise InputError("images is one path; pass a list of paths or pictures")
        vectors = np.empty((len(images), self.width), dtype=np.float32)
        made, done = self.prepare_ahead(images), 0
        while batch := [whole(prepared) for _, prepared in islice(made, self.batch_size)]:
            vectors[done : done + len(batch)] = self.encode_prepared(np.stack(batch), unit=unit)
            done += len(batch)
        return vectors

    def encode_texts(self, texts: Sequence[str], *, ids: Sequence[str] = (), unit: bool = True) -> Array:
        """Encode texts, (n, width).

        Args:
            texts: Strings.
            ids: Their ids, for encoders that look vectors up; the others do without.
            unit: Scale rows to length one.
        """
        self._check("text")
        if isinstance(texts, str):
            raise InputError("texts is one string; pass a list of strings")
        texts = _texts(texts)
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        # of like length together: a batch is padded to its longest
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for places in _slices(order, self.batch_size):
            vectors[places] = self._encode_texts([texts[place] for place in places])
        return unit_rows(vectors) if unit else vectors

    def encode_prepared(self, prepared: Array, *, unit: bool = True) -> Array:
        """Encode what `prepare` made of pictures, stacked to (n, ...), to (n, width)."""
        self._check("image")
        if not len(prepared):
            return np.empty((0, self.width), dtype=np.float32)
        vectors = np.asarray(self._encode_images(prepared), dtype=np.float32)
        return unit_rows(vectors) if unit else vectors

    def prepare(self, image: Source) -> Array:
        """One picture as (size, size, 3) uint8: decoded near the target size, upright, RGB.

        Squashes to a square, as CN-CLIP does; a family that crops overrides this. A family may also
        make the whole feature here, of one shape for all pictures: callers do this in threads.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        size = self.image_size
        return np.asarray(resized(opened(image, size), (size, size)))

    def prepare_ahead(self, images: Iterable[Source]) -> Iterator[tuple[Source, Array | PictureError]]:
        """Each picture with what `prepare` makes of it, made ahead in threads while the caller encodes.

        How far ahead is bounded in bytes. A picture that cannot be decoded comes with its error.
        """
        return ahead(self._prepared, images, weigh=self._weigh)

    def patch_vectors(self, image: Source) -> Patches | None:
        """The patches of a picture in the space of the vectors; None where the encoder has none there.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        return None

    def _prepared(self, image: Source) -> Array | PictureError:
        try:
            return self.prepare(image)
        except PictureError as error:
            return error
        except TuwenError:
            raise  # the encoder cannot be used, whatever the picture
        except MemoryError:
            return PictureError("too-large", f"{_named(image)} does not fit into memory")
        except Exception as error:  # a decoder's own bug must cost one picture, not the run
            words = f"{_named(image)} cannot be decoded ({type(error).__name__}: {error})"
            return PictureError("damaged", f"{words}; restore it from a copy")

    def _weigh(self, image: Source) -> int:
        data = image.data if isinstance(image, Picture) else None
        return 3 * self.image_size**2 + len(data or b"") + 4096

    def _encode_images(self, pixels: Array) -> Array:
        """Vectors (n, width) of prepared pictures (n, size, size, 3) uint8."""
        raise InputError(f"{self.name} does not encode images")

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        """Vectors (n, width) of texts of like length."""
        raise InputError(f"{self.name} does not encode texts")

    def _check(self, modality: Modality) -> None:
        if modality not in self.modalities:
            known = " and ".join(sorted(self.modalities))
            raise InputError(f"encoder {self.name} does not encode {modality}s, only {known}s")


def opened(image: Source, size: int = 0) -> Image.Image:
    """A picture from wherever it is, upright, RGB; decoded at a fraction when far larger than `size`.

    Raises:
        PictureError: It cannot be decoded.
        InputError: It is of another type.
    """
    if isinstance(image, Picture):
        if image.data is not None:
            return pictures.upright_rgb(pictures.load_bytes(image.data, image.path, size=size))
        image = image.path
    if isinstance(image, str | Path):
        image = pictures.load(Path(image), size=size)
    if not isinstance(image, Image.Image):
        got = type(image).__name__
        raise InputError(f"a picture must be a path, a PIL picture or a Picture, got {got}")
    return pictures.upright_rgb(image)


def whole(prepared: Array | PictureError) -> Array:
    """What `prepare_ahead` made of a picture.

    Raises:
        PictureError: The picture could not be decoded.
    """
    if isinstance(prepared, PictureError):
        raise prepared
    return prepared


def _named(image: Source) -> str:
    return image.path if isinstance(image, Picture) else str(image)


def _texts(items: Sequence[Source]) -> list[str]:
    """Strings that every tokenizer can read: halves of surrogate pairs, which are no characters, replaced."""
    texts = []
    for item in items:
        if not isinstance(item, str):
            raise InputError(f"a text must be a string, got {type(item).__name__}")
        try:
            item.encode()
        except UnicodeEncodeError:
            item = item.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        texts.append(item)
    return texts


def _slices(values: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
