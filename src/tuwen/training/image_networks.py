"""Trainable networks for pictures: random ones by name, or weights that lie somewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tuwen import encoders
from tuwen.encoders.inputs import described
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.encoders.networks import automodel, resnet
from tuwen.encoders.networks.automodel import AutoNetwork
from tuwen.encoders.networks.building import quiet
from tuwen.encoders.opening import checkpoint
from tuwen.encoders.opening.detect import family_of
from tuwen.encoders.opening.spec import Spec, convert, parse
from tuwen.errors import InputError, MissingExtra
from tuwen.files import read_json, write_json

#: Random residual networks: kind of block and blocks of each stage.
RESNETS = {
    "resnet18": ("basic", (2, 2, 2, 2)),
    "resnet34": ("basic", (3, 4, 6, 3)),
    "resnet50": ("bottleneck", (3, 4, 6, 3)),
}
NAMES = (*RESNETS, "vit")
_FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}


@dataclass(frozen=True)
class ImageNetwork:
    """A network that is trained, and how its pictures are prepared.

    Attributes:
        network: Normalised pixels (n, 3, size, size) to (n, width).
        recipe: From a picture to pixels.
        width: Columns of its features.
        name: As the user wrote it.
    """

    network: AutoNetwork
    recipe: Recipe
    width: int
    name: str

    def features(self, pixels: Tensor) -> Tensor:
        """Features (n, width) of pixels (n, 3, size, size) from 0 to 255, on the device of the network."""
        mean = torch.tensor(self.recipe.mean, device=pixels.device)[:, None, None]
        std = torch.tensor(self.recipe.std, device=pixels.device)[:, None, None]
        values: Tensor = self.network((pixels / self.recipe.divisor - mean) / std)
        return values

    def save(self, folder: Path) -> None:
        """Write a transformers folder: config.json, model.safetensors, preprocessor_config.json."""
        model: Any = self.network.model
        with quiet():
            model.save_pretrained(folder)
        write_json(folder / "preprocessor_config.json", _processor(self.recipe))


def make(spec: str, *, size: int = 0) -> ImageNetwork:
    """The network that a name means.

    Args:
        spec: `resnet18`, `resnet34`, `resnet50` or `vit` for random weights (options `size=`, `width=`;
            of a vit also `layers=`, `heads=`, `patch=`); else a folder of transformers, a file of a ResNet
            in torchvision's names, or a hub id.
        size: Side of the pictures in pixels; 0 for what the weights were made for, or 224.

    Raises:
        InputError: It is none, or not a whole one, or the size does not fit.
        MissingExtra: transformers is not installed.
    """
    check_installed()
    parsed = parse(spec, (*encoders.names(), "hub", "modelscope"))
    if parsed.target in NAMES and not parsed.family:
        options = convert(parsed.options, _resnet if parsed.target in RESNETS else _vit)
        options.setdefault("size", size or 224)
        made = _resnet(parsed.target, **options) if parsed.target in RESNETS else _vit(**options)
        config, state = made.config.to_dict(), made.state_dict()
        recipe = Recipe(size=options["size"], mean=described.IMAGENET_MEAN, std=described.IMAGENET_STD)
    else:
        config, state, recipe = _stored(parsed, size)
    model = automodel.make(config, state, spec, "auto")
    if model.size and model.size != recipe.size:
        raise InputError(f"{spec} takes pictures of {model.size} pixels, not {recipe.size}")
    recipe = described.from_transformers(_processor(recipe), spec)
    for parameter in model.network.parameters():
        parameter.requires_grad_(True)
    return ImageNetwork(model.network, recipe, model.network.width, spec)


def larger(recipe: Recipe, share: float) -> Recipe:
    """The same preparation with room around, from which training cuts: sides grow by a share."""
    grown = round(recipe.size * (1 + share))
    edge = round(recipe.edge * grown / recipe.size) if recipe.edge else 0
    return replace(recipe, size=grown, edge=edge)


def _resnet(name: str, *, size: int, width: int = 64) -> Any:
    import transformers

    kind, depths = RESNETS[name]
    if size < 32:
        raise InputError(f"size is {size}; a {name} needs pictures of 32 pixels at least")
    return transformers.ResNetModel(_resnet_config(kind, depths, width))


def _resnet_config(kind: str, depths: tuple[int, ...], width: int) -> Any:
    import transformers

    factor = 4 if kind == "bottleneck" else 1
    return transformers.ResNetConfig(
        embedding_size=width,
        hidden_sizes=[width * factor * 2**stage for stage in range(4)],
        depths=list(depths),
        layer_type=kind,
    )


def _vit(*, size: int, width: int = 192, layers: int = 6, heads: int = 0, patch: int = 16) -> Any:
    import transformers

    if size % patch:
        raise InputError(f"size is {size}, which is no multiple of the patch of {patch} pixels")
    config = transformers.ViTConfig(
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads or max(1, width // 64),
        intermediate_size=4 * width,
        image_size=size,
        patch_size=patch,
    )
    return transformers.ViTModel(config, add_pooling_layer=False)


def _stored(parsed: Spec, size: int) -> tuple[dict[str, Any], Mapping[str, Tensor], Recipe]:
    """Configuration, tensors and recipe of weights that lie somewhere."""
    if parsed.options:
        raise InputError(f"{parsed} has options, which only random networks take ({', '.join(NAMES)})")
    family, path = encoders.located(without_family(parsed, "vision"))
    if (family or parsed.family or family_of(path)) != "vision":
        raise InputError(f"{parsed} does not encode pictures alone; name a ResNet or a ViT")
    file = (path if path.is_dir() else path.parent) / "config.json"
    config = read_json(file) if file.is_file() and path.is_dir() else {}
    state = checkpoint.read(path)
    if not config.get("model_type"):
        if not resnet.looks_like(state):
            raise InputError(f"{path} is trained on only as a folder of transformers, or as a ResNet's file")
        config, state = _from_torchvision(state, path)
        return config, state, described.named("imagenet", size or 224)
    said = path / "preprocessor_config.json"
    recipe = (
        described.from_transformers(read_json(said), str(said))
        if said.is_file()
        else described.named("imagenet", 224)
    )
    if size and size != recipe.size:
        edge = round(recipe.edge * size / recipe.size) if recipe.edge else 0
        recipe = replace(recipe, size=size, edge=edge)
    return config, state, recipe


def without_family(parsed: Spec, family: str) -> Spec:
    """The spec as `encoders.located` takes it: a family in front only says what it is."""
    return replace(parsed, family="") if parsed.family == family else parsed


def check_installed() -> None:
    """Whether transformers is there.

    Raises:
        MissingExtra: It is not.
    """
    if find_spec("transformers") is None:
        raise MissingExtra("training needs transformers; install it with: pip install 'tuwen[clip]'")


def _from_torchvision(state: Mapping[str, Tensor], path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A ResNet's tensors under transformers' names, with their configuration."""
    import transformers

    depths = tuple(
        sum(f"layer{stage}.{block}.conv1.weight" in state for block in range(64)) for stage in range(1, 5)
    )
    kind = "bottleneck" if "layer1.0.conv3.weight" in state else "basic"
    if (kind, depths) not in resnet.KNOWN:
        raise InputError(f"{path} is a residual network of an unusual shape; give a folder of transformers")
    config = _resnet_config(kind, depths, state["conv1.weight"].shape[0])
    names = transformers.ResNetModel(config).state_dict().keys()
    turned = resnet.from_transformers({name: torch.tensor(at) for at, name in enumerate(names)})
    of = dict(zip(turned, names, strict=True))
    return config.to_dict(), {of[name]: tensor for name, tensor in state.items() if name in of}


def _processor(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a preprocessor_config.json."""
    about: dict[str, Any] = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": recipe.edge or recipe.size, "width": recipe.edge or recipe.size},
        "resample": _FILTERS[recipe.filter],
        "do_rescale": True,
        "rescale_factor": 1 / recipe.divisor,
        "do_normalize": True,
        "image_mean": list(recipe.mean),
        "image_std": list(recipe.std),
    }
    if recipe.fit == "crop":
        about["size"] = {"shortest_edge": recipe.edge or recipe.size}
    if recipe.fit == "crop" or recipe.edge not in (0, recipe.size):
        about |= {"do_center_crop": True, "crop_size": {"height": recipe.size, "width": recipe.size}}
    return about
