"""Picture features from a model file that OpenVINO reads: TFLite, ONNX or its own format."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.base import Encoder, Source, opened, whole
from tuwen.encoders.inputs import described
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.encoders.runtimes.openvino import library
from tuwen.errors import Damaged, InputError, unknown
from tuwen.files import checksum

SUFFIXES = (".tflite", ".onnx", ".xml")
LAYERS = ("features", "output")
#: What multiplies with learned weights: the last of these is the classifier.
_LEARNED = ("Convolution", "MatMul")
_CHUNK = 8


class Graph(Encoder):
    """A network for pictures that is all in one file, run by OpenVINO on the processor, without torch.

    `graph:mobilenet_v2.tflite`, `graph:resnet50.onnx,pixels=imagenet`. The feature is what the classifier
    at the end is given, found by going back from the output to the last product with weights.

    Attributes:
        layer: `features` or `output`.
        recipe: How pictures are prepared.
    """

    needs: ClassVar[str] = "a file"
    extra: ClassVar[str] = "openvino"
    modalities = frozenset({"image"})

    def __init__(self, model: Any, layer: str, recipe: Recipe, *, source: Path, threads: int) -> None:
        self.name, self.layer, self.recipe = str(source), layer, recipe
        self.image_size = recipe.size
        self.runtime = "openvino"
        self.parameters = sum(
            math.prod(node.get_output_shape(0))
            for node in model.get_ops()
            if node.get_type_name() == "Constant"
        )
        self._last = tuple(model.input().get_partial_shape())[-1] == 3  # channels last
        self._raw = model.input().get_element_type().get_type_name() == "u8"
        self._model, self._threads = model, threads
        self._compiled, self._chunk, self._fixed = _compiled(model, source, threads)
        self._maps: Any = None
        self._lock = threading.Lock()
        blank = np.zeros((1, recipe.size, recipe.size, 3), dtype=np.uint8)
        self.width = int(self._run(self._compiled, blank).shape[1])
        files = [source, source.with_suffix(".bin")] if source.suffix == ".xml" else [source]
        about = [*map(checksum, files), layer, repr(recipe)]
        self.fingerprint = "graph-" + hashlib.sha256("\n".join(about).encode()).hexdigest()[:32]

    @classmethod
    def open(  # type: ignore[override]  # the options of this family, by name
        cls,
        path: Path,
        *,
        layer: str = "features",
        pixels: str = "auto",
        resize: Literal["crop", "squash"] = "crop",
        threads: int = 0,
    ) -> Self:
        """Make the encoder from a file.

        Args:
            path: A `.tflite`, `.onnx` or `.xml` file with one input of square pictures.
            layer: `features`, what the classifier at the end is given; `output`, what the network gives.
            pixels: How values are scaled for a network that takes floats: `imagenet`, `inception` or
                `caffe`. One that takes bytes gets them as they are.
            resize: `crop` scales the shorter side to 8/7 of the size and cuts the middle out; `squash`
                scales both sides.
            threads: How many compute; 0 for one a core.

        Raises:
            InputError: It is no such file, or its pictures or its end are of another kind.
            Damaged: It cannot be read.
            MissingExtra: openvino is not installed.
        """
        if layer not in LAYERS:
            raise unknown("layer", layer, LAYERS)
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            raise InputError(f"{path} is no .tflite, .onnx or .xml file")
        openvino = library()
        try:
            model = openvino.Core().read_model(str(path))
        except RuntimeError as error:
            raise Damaged(
                f"{path} is not readable by OpenVINO ({_last_line(error)}); download or convert it again"
            ) from error
        recipe = _recipe(model, path, pixels, resize)
        if layer == "features":
            model = _before_classifier(openvino, model, path)
        return cls(model, layer, recipe, source=path, threads=threads)

    def prepare(self, image: Source) -> Array:
        """One picture as (size, size, 3) uint8.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        return self.recipe.pixels(opened(image, self.recipe.edge or self.recipe.size))

    def patch_tokens(self, images: Sequence[Source]) -> Array:
        """The places of the last map before the feature, for methods that match words with regions.

        Returns:
            (n, places, d) float32, left to right and top to bottom: (49, 1280) for MobileNetV2.

        Raises:
            InputError: The network has no map of places.
            PictureError: A picture cannot be decoded.
        """
        if isinstance(images, str | Path):
            raise InputError("images is one path; pass a list of paths or pictures")
        if self._maps is None:
            model, channels, last = _up_to_map(library(), self._model, self.name)
            self._maps = _compiled(model, Path(self.name), self._threads)[0], channels, last
        compiled, channels, last = self._maps
        blank = np.zeros((1, self.image_size, self.image_size, 3), dtype=np.uint8)
        places = self._run(compiled, blank).shape[1] // channels
        tokens = np.empty((len(images), places, channels), dtype=np.float32)
        made, done = self.prepare_ahead(images), 0
        while batch := [whole(prepared) for _, prepared in islice(made, self._chunk)]:
            maps = self._run(compiled, np.stack(batch))
            shape = (len(batch), places, channels) if last else (len(batch), channels, places)
            tokens[done : done + len(batch)] = (
                maps.reshape(shape) if last else maps.reshape(shape).swapaxes(1, 2)
            )
            done += len(batch)
        return tokens

    def _encode_images(self, pixels: Array) -> Array:
        starts = range(0, len(pixels), self._chunk)
        parts = [self._run(self._compiled, pixels[at : at + self._chunk]) for at in starts]
        return np.concatenate(parts) if parts else np.empty((0, self.width), dtype=np.float32)

    def _run(self, compiled: Any, pixels: Array) -> Array:
        values = pixels if self._raw else self.recipe.normalise(pixels)
        if self._raw and not self._last:
            values = values.transpose(0, 3, 1, 2)
        elif self._last and not self._raw:
            values = values.transpose(0, 2, 3, 1)
        if self._fixed:
            values = np.pad(values, [(0, self._chunk - len(values)), (0, 0), (0, 0), (0, 0)])
        with self._lock:
            found = np.array(compiled(np.ascontiguousarray(values))[0], dtype=np.float32)
        return found.reshape(len(values), -1)[: len(pixels)]


def _recipe(model: Any, path: Path, pixels: str, resize: str) -> Recipe:
    """How pictures are prepared for the only input.

    Raises:
        InputError: There are several inputs, or the one is not of square pictures.
    """
    if len(model.inputs) != 1:
        raise InputError(f"{path} has {len(model.inputs)} inputs; a network for pictures has one")
    shape = [length.get_length() if length.is_static else 0 for length in model.input().get_partial_shape()]
    kind = model.input().get_element_type().get_type_name()
    sides = [length for length in shape[1:] if length != 3]
    if (
        len(shape) != 4
        or 3 not in (shape[1], shape[3])
        or len(sides) != 2
        or len(set(sides)) != 1
        or not sides[0]
    ):
        raise InputError(
            f"{path} takes {model.input().get_partial_shape()}; square pictures of a fixed size are needed"
        )
    if kind not in ("u8", "f32"):
        raise InputError(f"{path} takes values of type {kind}; bytes (u8) or floats (f32) are needed")
    if kind == "f32" and pixels == "auto":
        raise InputError(
            f"{path} takes floats and does not say how they are scaled; "
            "name it: pixels=imagenet, pixels=inception or pixels=caffe"
        )
    if kind == "u8" and pixels != "auto":
        raise InputError(f"{path} takes bytes as they are; leave pixels={pixels} out")
    recipe = described.named("imagenet" if pixels == "auto" else pixels, sides[0])
    return replace(recipe, fit="squash", edge=sides[0]) if resize == "squash" else recipe


def _before_classifier(openvino: Any, model: Any, path: Path) -> Any:
    """The network up to what its last product with weights is given.

    Raises:
        InputError: The end is no classifier of one vector.
    """
    for node in _backwards(model):
        if node.get_type_name() in _LEARNED:
            feature = node.input_value(0)
            shape = feature.get_partial_shape()
            counts = [length.get_length() for length in list(shape)[1:] if length.is_static]
            if len(counts) == len(shape) - 1 and math.prod(counts) == max(counts, default=0):
                result = openvino.opset8.result(feature)
                return openvino.Model([result], model.get_parameters(), "features")
            break
    raise InputError(f"{path} does not end in a classifier of one vector a picture; ask for layer=output")


def _up_to_map(openvino: Any, model: Any, name: str) -> tuple[Any, int, bool]:
    """The network up to its last map of several places, its channels, and whether they come last.

    Raises:
        InputError: There is no such map.
    """
    nodes = list(_backwards(model))
    while nodes and nodes[-1].get_type_name() not in _LEARNED:
        nodes.pop()  # what is before all weights is the picture itself
    for node in nodes:
        shape = node.get_output_partial_shape(0)
        lengths = [length.get_length() if length.is_static else 0 for length in shape]
        if len(lengths) != 4 or not all(lengths[1:]):
            continue
        _, first, second, third = lengths
        if second == third > 1 or first == second > 1:
            last = second != third
            found = openvino.Model([openvino.opset8.result(node.output(0))], model.get_parameters(), "maps")
            return found, third if last else first, last
    raise InputError(f"{name} has no map of places before its end, so its pictures have no parts")


def _backwards(model: Any) -> Iterator[Any]:
    """The nodes from the first output back, along the first input of each."""
    node = model.outputs[0].get_node()
    while node.get_input_size():
        node = node.input_value(0).get_node()
        yield node


def _compiled(model: Any, path: Path, threads: int) -> tuple[Any, int, bool]:
    """The network ready to run, how many pictures it takes at a time, and whether never fewer."""
    options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False}
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    openvino = library()
    shape = list(model.input().get_partial_shape())
    kind = np.uint8 if model.input().get_element_type().get_type_name() == "u8" else np.float32
    fixed = shape[0].get_length() if shape[0].is_static else 0
    failed: Exception | None = None
    for length, size in [(-1, _CHUNK), (fixed, fixed)][: 1 + bool(fixed)]:
        try:
            model.reshape(openvino.PartialShape([length, *shape[1:]]))
            compiled = openvino.Core().compile_model(model, "CPU", options)
            # a shape that is fixed inside the network shows only when it runs
            compiled(
                np.zeros(
                    (length if length > 0 else fixed + 1, *(side.get_length() for side in shape[1:])),
                    dtype=kind,
                )
            )
            return compiled, size, length == size
        except RuntimeError as error:
            failed = error
    raise Damaged(f"{path} cannot be run by OpenVINO ({_last_line(failed)})") from failed


def _last_line(error: Exception | None) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1][:160] if lines else type(error).__name__
