"""An encoder made of any Python functions: your own model, beside everything else that tuwen does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from tuwen.arrays import Array, Modality, check_matrix
from tuwen.encoders.base import Encoder, Source, opened
from tuwen.errors import InputError


class Callables(Encoder):
    """One or two functions as an encoder.

    ```python
    encoder = Callables(name="mine", width=512, images=my_images, texts=my_texts)
    collection = Collection.create("photos", encoder=encoder)
    ```

    Args:
        name: Of the encoder; a collection made with it keeps the name, and is opened with
            `Collection.open(path, encoder=encoder)`: a function cannot be found by a name.
        width: Columns of the vectors.
        images: Takes prepared pictures, stacked to (n, ...), and gives (n, width).
        texts: Takes a list of strings of like length and gives (n, width).
        size: Side that pictures are squashed to, pixels, where `prepare` is not given.
        prepare: Takes one upright RGB picture and gives an array, of one shape for all pictures; runs in
            threads. Otherwise pictures become (size, size, 3) uint8.
        version: Change it when the functions begin to give other vectors: a collection refuses another one.
        languages: Of the texts, as two letters.

    Raises:
        InputError: There is no function, or the width is not positive.
    """

    def __init__(
        self,
        *,
        name: str,
        width: int,
        images: Callable[[Array], Any] | None = None,
        texts: Callable[[list[str]], Any] | None = None,
        size: int = 224,
        prepare: Callable[[Image.Image], Array] | None = None,
        version: str = "1",
        languages: tuple[str, ...] = (),
    ) -> None:
        there: dict[Modality, object] = {"image": images, "text": texts}
        self.modalities = frozenset(side for side, function in there.items() if function is not None)
        if not self.modalities:
            raise InputError(f"encoder {name} has no function; give images, texts or both")
        if width < 1 or size < 1:
            raise InputError(f"width is {width} and size {size}; both must be 1 or more")
        self.name, self.width, self.image_size = name, width, size
        self.fingerprint = f"{name}-{width}-{size}-{version}"
        self.languages = languages if texts is not None else ()
        self.runtime = "python"
        self._images, self._texts, self._prepare = images, texts, prepare

    def prepare(self, image: Source) -> Array:
        """One picture as the function for pictures takes it.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        if self._prepare is None:
            return super().prepare(image)
        return np.asarray(self._prepare(opened(image)))

    def _encode_images(self, pixels: Array) -> Array:
        if self._images is None:
            return super()._encode_images(pixels)
        return self._checked(self._images(pixels), len(pixels), "images")

    def _encode_texts(self, texts: Sequence[str]) -> Array:
        if self._texts is None:
            return super()._encode_texts(texts)
        return self._checked(self._texts(list(texts)), len(texts), "texts")

    def _checked(self, found: Any, count: int, which: str) -> Array:
        """What a function gave, as a matrix.

        Raises:
            InputError: It has another number of rows or columns, or values that are not finite.
        """
        if hasattr(found, "detach"):  # a tensor, on whatever device
            found = found.detach().cpu().float().numpy()
        matrix = check_matrix(f"what {which} of {self.name} gave", found, self.width)
        if len(matrix) != count:
            raise InputError(
                f"{which} of {self.name} gave {len(matrix)} rows for {count}; one each is needed"
            )
        return matrix
