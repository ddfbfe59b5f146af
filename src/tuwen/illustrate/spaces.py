"""The spaces in which headlines, texts and pictures are compared, and the library's vectors in each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tuwen import encoders
from tuwen.arrays import Array, Modality, unit_rows
from tuwen.encoders import Encoder
from tuwen.encoders.fitted import Fitted
from tuwen.errors import InputError, PictureError
from tuwen.illustrate.base import Library
from tuwen.illustrate.cache import Cache, key_of
from tuwen.illustrate.own_space import RECIPE, OwnSpace
from tuwen.learned import ENCODERS, Learned
from tuwen.methods import Coder
from tuwen.records import Refusal

if TYPE_CHECKING:
    from tuwen.collection import Collection

COLLECTION = "collection"  # the encoder that the collection was made with
NONE = "none"
TEXT = "tfidf,units=characters,shortest=1,longest=2,features=20000"
"""What compares texts unless told otherwise: it needs no download, no dictionary and no extra."""

FEWEST = 200  # pairs below which no space is learned from them
_WIDE = 1024  # columns above which vectors of texts are reduced
_NARROW = 512  # columns they are reduced to
_SAMPLE = 2000  # texts that the reduction is learned from
_TAUGHT = 20_000  # pairs that teach a space, at most
_BLOCK = 512

#: Told what is being done, how far it is, and how much there is.
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True, eq=False)
class TextSpace:
    """An encoder of texts, with the axes that its vectors are reduced to where it has too many columns.

    Attributes:
        encoder: Of texts.
        axes: (width, d), or None for all columns as they are.
    """

    encoder: Encoder
    axes: Array | None = None

    def encode(self, texts: Sequence[str]) -> Array:
        """Unit rows (n, d); a text in which nothing is known is a row of zeros."""
        width = self.encoder.width if self.axes is None else self.axes.shape[1]
        made = np.zeros((len(texts), width), dtype=np.float32)
        for start in range(0, len(texts), _BLOCK):
            rows = self.encoder.encode_texts(texts[start : start + _BLOCK])
            made[start : start + _BLOCK] = rows if self.axes is None else rows @ self.axes
        return unit_rows(made)


@dataclass(frozen=True, slots=True, eq=False)
class Spaces:
    """What encodes the questions put to a library; None where there is no such space.

    Attributes:
        text: Texts among each other.
        image: Pictures among each other.
        cross: Texts and pictures in one space.
        own: Made of `text` and `image` by what the library's own pairs taught.
    """

    text: TextSpace | None = None
    image: Encoder | None = None
    cross: Encoder | None = None
    own: Coder | None = None


def prepare(
    library: Library,
    collection: Collection,
    *,
    text: str = TEXT,
    image: str = COLLECTION,
    cross: str = COLLECTION,
    own: bool = True,
    progress: Progress = lambda step, done, total: None,
) -> tuple[Spaces, Cache]:
    """Open or fit the encoders, and give the library its vectors in their spaces.

    What must be computed is kept beside the collection.

    Args:
        library: As `library.read` gave it; pictures that cannot be read are added to its refusals.
        collection: Where it was read.
        text: An encoder of texts as `encoders.load` takes it, `collection` or `none`; one that needs
            fitting learns from the library's texts.
        image: The same for pictures.
        cross: An encoder of both, the folder of a fitted method, `collection` or `none`.
        own: Learn a space from the library's own pairs, when there are enough of them.
        progress: Follows the encoding.

    Raises:
        InputError: An encoder does not encode what it is for, or there are too few texts to fit one on.
    """
    from tuwen.illustrate.cache import FOLDER

    cache = Cache(collection.path / FOLDER)
    words = _text_space(library, collection, text, cache, progress)
    looks = _image_encoder(library, collection, image, cache, progress)
    both = _cross_encoder(library, collection, cross, cache, progress)
    learned = _own(library, words, looks, cache) if own and words is not None and looks is not None else None
    if both is None:
        library.vectors.pop("cross-text", None)
        library.vectors.pop("cross-image", None)
    return Spaces(words, looks, both, learned), cache


def learn(images: Array, texts: Array) -> OwnSpace:
    """The space that pairs of unit rows teach.

    Args:
        images: (n, d) of pictures.
        texts: (n, e) of their texts, row by row.
    """
    return OwnSpace().fit(images, texts)


def digest_of(library: Library, kind: Modality) -> str:
    """Tells the texts, or the pictures, of a library from every other's."""
    # vectors that were made elsewhere come without the hash of a file
    pictures = zip(library.hashes, library.pictures, strict=True)
    contents = library.texts if kind == "text" else [known or path for known, path in pictures]
    return key_of(*(value for pair in zip(library.ids, contents, strict=True) for value in pair))


def digest_of_vectors(vectors: Array) -> str:
    """Tells an array from every other."""
    rows = np.ascontiguousarray(vectors)
    digest = hashlib.blake2b(f"{rows.dtype.str}{rows.shape}".encode(), digest_size=16)
    digest.update(rows.data)
    return digest.hexdigest()


def encode_pictures(
    encoder: Encoder, paths: Sequence[str | Path], progress: Callable[[int], None] = lambda done: None
) -> tuple[Array, list[Refusal]]:
    """Unit rows (n, d) of pictures, zeros for those that cannot be read, and why they cannot."""
    made = np.zeros((len(paths), encoder.width), dtype=np.float32)
    refusals: list[Refusal] = []
    prepared, done = encoder.prepare_ahead([Path(path) for path in paths]), 0
    while batch := list(islice(prepared, encoder.batch_size)):
        good = [(done + place, pixels) for place, (_, pixels) in enumerate(batch)]
        rows = [row for row, pixels in good if not isinstance(pixels, PictureError)]
        refusals += [
            Refusal(item=str(paths[row]), code=pixels.code, reason=str(pixels))
            for row, pixels in good
            if isinstance(pixels, PictureError)
        ]
        if rows:
            stack = np.stack([pixels for _, pixels in good if not isinstance(pixels, PictureError)])
            made[rows] = encoder.encode_prepared(stack)
        done += len(batch)
        progress(done)
    return made, refusals


def _text_space(
    library: Library, collection: Collection, spec: str, cache: Cache, progress: Progress
) -> TextSpace | None:
    rows = np.flatnonzero(library.has("text"))
    if spec == NONE or not len(rows):
        return None
    if spec == COLLECTION:
        encoder = _of_collection(collection, "text")
        if encoder is not None:
            library.vectors["text"] = library.vectors["cross-text"]
        return TextSpace(encoder) if encoder is not None else None
    texts = [library.texts[row] for row in rows]
    contents = digest_of(library, "text")
    encoder = _ready(spec, "text", texts, key_of(spec, contents), cache, progress)

    def encode() -> dict[str, Array]:
        progress(f"encoding {len(texts):,} texts", 0, None)
        space = TextSpace(encoder, axes_of(encoder, texts))
        made = np.zeros((len(library), space.encode(texts[:1]).shape[1]), dtype=np.float32)
        made[rows] = space.encode(texts)
        return {"vectors": made} | ({} if space.axes is None else {"axes": space.axes})

    found = cache.arrays(key_of("text", encoder.fingerprint, contents), encode)
    library.vectors["text"] = found["vectors"]
    return TextSpace(encoder, found.get("axes"))


def _image_encoder(
    library: Library, collection: Collection, spec: str, cache: Cache, progress: Progress
) -> Encoder | None:
    rows = np.flatnonzero(library.has("image"))
    if spec == NONE or not len(rows):
        return None
    if spec == COLLECTION:
        library.vectors["image"] = library.vectors["cross-image"]
        return _of_collection(collection, "image")
    paths = [library.pictures[row] for row in rows]
    contents = digest_of(library, "image")
    encoder = _ready(spec, "image", paths, key_of(spec, contents), cache, progress)
    library.vectors["image"] = _pictures(library, encoder, cache, progress)
    return encoder


def _cross_encoder(
    library: Library, collection: Collection, spec: str, cache: Cache, progress: Progress
) -> Encoder | None:
    if spec == NONE:
        return None
    if spec == COLLECTION:
        found = _of_collection(collection, "image")
        return found if found is not None and "text" in found.modalities else None
    learned = (Path(spec) / ENCODERS).is_file()
    encoder: Encoder = Learned.open(Path(spec)) if learned else encoders.load(spec)
    if encoder.modalities != frozenset({"image", "text"}):
        kinds = " and ".join(f"{kind}s" for kind in sorted(encoder.modalities))
        raise InputError(
            f"{spec} encodes {kinds} only; a score of a headline with a picture needs an encoder of both, or "
            "the folder of a fitted method"
        )
    encoder.check_ready()
    library.vectors["cross-image"] = _pictures(library, encoder, cache, progress)
    rows = np.flatnonzero(library.has("text"))

    def encode() -> dict[str, Array]:
        made = np.zeros((len(library), encoder.width), dtype=np.float32)
        made[rows] = encoder.encode_texts([library.texts[row] for row in rows])
        return {"vectors": made}

    kept = cache.arrays(key_of("cross", encoder.fingerprint, digest_of(library, "text")), encode)
    library.vectors["cross-text"] = kept["vectors"]
    return encoder


def _own(library: Library, words: TextSpace, looks: Encoder, cache: Cache) -> Coder | None:
    """A space of the library's own pairs, and the vectors of all its items in it."""
    images, texts = library.vectors["image"], library.vectors["text"]
    rows = np.flatnonzero(images.any(axis=1) & texts.any(axis=1))
    if len(rows) < FEWEST:
        return None
    if len(rows) > _TAUGHT:
        rows = np.sort(np.random.default_rng(0).choice(rows, _TAUGHT, replace=False))

    def teach() -> dict[str, Array]:
        made = learn(images[rows], texts[rows])
        sides = {"own-image": coded(made, images, "image"), "own-text": coded(made, texts, "text")}
        return made.arrays() | sides

    key = key_of("own", f"{RECIPE} {OwnSpace()!r}", digest_of_vectors(images), digest_of_vectors(texts))
    found = cache.arrays(key, teach)
    library.vectors |= {name: found[name] for name in ("own-image", "own-text")}
    return OwnSpace.of(found)


def coded(method: Coder, vectors: Array, kind: Modality) -> Array:
    """Unit rows of a learned space, in blocks; rows of zeros stay so."""
    made = np.zeros((len(vectors), method.width), dtype=np.float32)
    known = np.flatnonzero(vectors.any(axis=1))
    for start in range(0, len(known), _BLOCK):
        rows = known[start : start + _BLOCK]
        made[rows] = unit_rows(method.transform(vectors[rows], kind))
    return made


def _pictures(library: Library, encoder: Encoder, cache: Cache, progress: Progress) -> Array:
    """Vectors of the library's pictures, (n, d); those that cannot be read are refused."""
    rows = np.flatnonzero(library.has("image"))
    refused: list[Refusal] = []

    def encode() -> dict[str, Array]:
        def report(done: int) -> None:
            progress("encoding pictures", done, len(rows))

        made = np.zeros((len(library), encoder.width), dtype=np.float32)
        made[rows], found = encode_pictures(encoder, [library.pictures[row] for row in rows], report)
        refused.extend(found)
        return {"vectors": made}

    kept = cache.arrays(key_of("image", encoder.fingerprint, digest_of(library, "image")), encode)
    library.refusals += refused
    return kept["vectors"]


def _of_collection(collection: Collection, kind: Modality) -> Encoder | None:
    """The encoder of a collection, when it has one for this modality."""
    if not collection.store.identity.encoder:
        return None
    found = collection.encoder
    return found if kind in found.modalities else None


def _ready(
    spec: str, kind: Modality, items: Sequence[str], key: str, cache: Cache, progress: Progress
) -> Encoder:
    """The encoder of this name, fitted on the library's items when it must be."""
    encoder = encoders.load(spec)
    if kind not in encoder.modalities:
        raise InputError(f"{spec} does not encode {kind}s; name an encoder that does (tuwen encoders)")
    if not isinstance(encoder, Fitted) or encoder.fitted:
        return encoder

    def fit() -> Fitted:
        progress(f"fitting {encoder.name} on {len(items):,} {kind}s", 0, None)
        encoder.fit([Path(item) for item in items] if kind == "image" else list(items))
        return encoder

    return cache.encoder(key, fit)


def axes_of(encoder: Encoder, texts: list[str]) -> Array | None:
    """Axes (width, d) of latent semantic analysis, where vectors have more columns than can be kept."""
    if encoder.width <= _WIDE or len(texts) <= _NARROW:
        return None
    from sklearn.decomposition import TruncatedSVD

    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(len(texts), min(_SAMPLE, len(texts)), replace=False))
    sample = encoder.encode_texts([texts[row] for row in rows])
    return np.asarray(TruncatedSVD(_NARROW, random_state=0).fit(sample).components_.T, dtype=np.float32)
