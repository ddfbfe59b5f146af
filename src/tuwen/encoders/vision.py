"""Features of pictures from networks trained to classify: VGG, ResNet, ViT and their kin."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from tuwen.arrays import Array
from tuwen.encoders.base import Encoder, Source, opened
from tuwen.encoders.inputs import described
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.errors import InputError, MissingExtra, PictureError
from tuwen.files import read_json

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tuwen.encoders.networks.device import Place
    from tuwen.encoders.networks.vision_models import Made

#: What of a recipe decides about pictures.
_PIXELS = ("size", "fit", "edge", "halves", "filter", "divisor", "mean", "std")


class Vision(Encoder):
    """Picture features of a local VGG, ResNet or ViT, in whichever usual format its weights are.

    `vision:vgg16.pth`, `vision:models/resnet-50,precision=bf16`, `vision:vit,layer=mean`. Rows come as
    the layer leaves them and are made unit rows by the base. See `docs/features.md`.

    Attributes:
        architecture: What the tensors are: `vgg16`, `resnet50`, `vit-base-16`.
        layer: Which features: `fc7`, `fc6`, `conv5`, `pooled`, `cls`, `mean`.
        recipe: How pictures are prepared.
    """

    needs: ClassVar[str] = "a folder or file"
    extra: ClassVar[str] = "clip"
    modalities = frozenset({"image"})

    def __init__(self, made: Made, recipe: Recipe, place: Place, *, name: str) -> None:
        self.name, self.recipe = name, recipe
        self.architecture, self.layer = made.network.architecture, made.layer
        self.width, self.parameters = made.network.width, made.parameters
        self.image_size = recipe.size
        # on a processor the maps of more pictures fall out of its cache
        self.batch_size = 16 if place.device.type == "cpu" else 64
        self.runtime = str(place)
        self.fingerprint = _fingerprint(made, recipe)
        self._place = place
        self._network = _on(made.network, place)

    @classmethod
    def open(  # type: ignore[override]
        cls,
        path: Path,
        *,
        layer: str = "auto",
        precision: str = "auto",
        device: str = "auto",
        architecture: str = "auto",
        pixels: str = "auto",
    ) -> Self:
        """Make the encoder from a checkpoint.

        Args:
            path: A file of weights in the names of torchvision or timm, or a folder of timm or
                transformers with its config.json.
            layer: `fc7`, `fc6` or `conv5` of a VGG, `pooled` of a ResNet, `cls` or `mean` of a ViT;
                `auto` is the first of them.
            precision: `fp32`, `bf16`, `fp16`, or `auto`: bf16 on a GPU, fp32 on a processor.
            device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
            architecture: What the weights must turn out to be; `auto` takes what they are.
            pixels: `imagenet`, `inception` or `caffe`, for weights that nothing describes; `auto`
                follows the description beside them, or torchvision for weights in its format.

        Raises:
            InputError: The weights are not whole, of another architecture, or have no such layer.
            MissingExtra: torch, or for rarer networks transformers, is not installed.
        """
        try:
            from tuwen.encoders.networks import device as devices
            from tuwen.encoders.networks import vision_models
        except ImportError as error:
            raise MissingExtra(
                f"opening {path} needs torch; install it with: pip install 'tuwen[clip]'"
            ) from error
        from tuwen.encoders.opening import checkpoint

        place = devices.choose(device, precision)
        config = _config(path)
        state = checkpoint.read(path)
        if pixels == "caffe":
            _turn_to_bgr(state, path)
        made = vision_models.make(state, config, str(path), layer)
        if architecture not in ("auto", made.network.architecture):
            raise InputError(f"{path} holds a {made.network.architecture}, not a {architecture} as was asked")
        recipe = _recipe(path, config, state, made.size, pixels)
        if made.size and made.size != recipe.size:
            raise InputError(
                f"{path} has weights for pictures of {made.size} pixels, but the description beside them "
                f"says {recipe.size}; they belong to different checkpoints"
            )
        return cls(made, recipe, place, name=str(path))

    def prepare(self, image: Source) -> Array:
        """One picture as (size, size, 3) uint8, cut or squashed as the network was trained.

        Raises:
            PictureError: The picture cannot be decoded.
        """
        return self.recipe.pixels(opened(image, self.recipe.edge or self.recipe.size))

    def patch_tokens(self, images: Sequence[Source], *, dtype: str = "float32") -> Array:
        """Features of the parts of pictures, for methods that match words with regions.

        Args:
            images: Pictures.
            dtype: `float32`, or `float16` for half the memory.

        Returns:
            (n, parts, d): the patches of a ViT, the places of the last map of a ResNet (49 for 224
            pixels) or a VGG (196), left to right and top to bottom, not of unit length.

        Raises:
            PictureError: A picture cannot be decoded.
        """
        if isinstance(images, str | Path):
            raise InputError("images is one path; pass a list of paths or pictures")
        if dtype not in ("float32", "float16"):
            raise InputError(f"dtype is {dtype!r}; it must be float32 or float16")
        blank = np.zeros((1, self.image_size, self.image_size, 3), dtype=np.uint8)
        tokens = np.empty((len(images), *self._parts(blank).shape[1:]), dtype=dtype)
        made, done = self.prepare_ahead(images), 0
        while batch := [_pixels(prepared) for _, prepared in islice(made, self.batch_size)]:
            tokens[done : done + len(batch)] = self._parts(np.stack(batch))
            done += len(batch)
        return tokens

    def towers(self) -> tuple[nn.Module, None]:
        """The network for export, and None for texts, of which there is no tower.

        It takes normalised pixels (n, 3, size, size) float and gives (n, width), not of unit length. Open
        with `precision="fp32"` to export it.
        """
        return self._network, None

    def _encode_images(self, pixels: Array) -> Array:
        if not len(pixels):
            return np.empty((0, self.width), dtype=np.float32)
        return self._run(self._network, pixels)

    def _parts(self, pixels: Array) -> Array:
        return self._run(self._network.parts, pixels)

    def _run(self, function: Any, pixels: Array) -> Array:
        """What a function of the network makes of pixels (n, size, size, 3) uint8, as float32."""
        import torch

        with torch.inference_mode():
            values = self._place.send(self.recipe.normalise(pixels)).to(
                dtype=self._place.dtype, memory_format=torch.channels_last
            )
            found: Tensor = function(values)
            return np.asarray(found.float().cpu().numpy())


def _pixels(prepared: Array | PictureError) -> Array:
    if isinstance(prepared, PictureError):
        raise prepared
    return prepared


def _config(path: Path) -> dict[str, Any]:
    """The config.json in a folder, or beside a file; nothing where there is none."""
    file = (path if path.is_dir() else path.parent) / "config.json"
    config = read_json(file) if file.is_file() else {}
    if not isinstance(config, dict):
        raise InputError(f"{file} does not describe a model; download it again")
    # beside a lone file it may belong to something else
    return config if path.is_dir() or "pretrained_cfg" in config or "model_type" in config else {}


def _recipe(
    path: Path, config: Mapping[str, Any], state: Mapping[str, Tensor], size: int, pixels: str
) -> Recipe:
    """How pictures are prepared: as asked, as described beside the weights, as torchvision does."""
    if pixels != "auto":
        return described.named(pixels, size or 224)
    folder = path if path.is_dir() else path.parent
    if isinstance(config.get("pretrained_cfg"), Mapping):
        return described.from_timm(config["pretrained_cfg"], str(folder / "config.json"))
    file = folder / "preprocessor_config.json"
    if config and file.is_file():
        return described.from_transformers(read_json(file), str(file))
    if not config and ("fc.weight" in state or "features.0.weight" in state or "conv_proj.weight" in state):
        return described.named("imagenet", size or 224)
    raise InputError(
        f"nothing beside {path} says how pictures are prepared; put its preprocessor_config.json "
        "(transformers) or config.json (timm) there, or name it: pixels=imagenet or pixels=inception"
    )


def _turn_to_bgr(state: dict[str, Tensor], path: Path) -> None:
    """Let a network that was trained on blue, green, red take red, green, blue."""
    if "features.0.weight" not in state:
        raise InputError(f"pixels=caffe is for VGG networks converted from Caffe; {path} is none")
    state["features.0.weight"] = state["features.0.weight"].flip(1)


def _on(network: nn.Module, place: Place) -> Any:
    import torch

    moved = network.eval().requires_grad_(False).to(device=place.device, dtype=place.dtype)
    return moved.to(memory_format=torch.channels_last)


def _fingerprint(made: Made, recipe: Recipe) -> str:
    """Of the weights up to the layer, the layer and the preparation; the same in every format."""
    values = recipe.to_dict()
    about = [made.digest, made.layer, {name: values[name] for name in _PIXELS}]
    return "vision-" + hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]
