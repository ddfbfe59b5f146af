"""Recipes for pictures from what lies beside weights: timm's or transformers' JSON, or a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, cast

from tuwen.encoders.inputs.recipe import Filter, Recipe
from tuwen.errors import InputError, unknown

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: What Caffe subtracted from 0..255, as red, green, blue; it kept the deviation.
CAFFE_MEAN = (123.68, 116.779, 103.939)
NAMES = ("imagenet", "inception", "caffe")

#: Pillow's numbers for its filters, which processors of transformers are saved with.
_FILTERS: dict[int, Filter] = {
    0: "nearest",
    1: "lanczos",
    2: "bilinear",
    3: "bicubic",
    4: "box",
    5: "hamming",
}
#: A single number for the size means the shorter side for these, a square for the others.
_SHORTER = ("CLIP", "Bit", "ConvNext", "Levit", "MobileNet", "PoolFormer")


def named(name: str, size: int) -> Recipe:
    """A usual recipe by name, for pictures of a size.

    Args:
        name: `imagenet`: torchvision's for its models; the shorter side to 256 for 224, bilinear.
            `inception`: timm's for most of its vits; the shorter side to 248 for 224, bicubic, mean and
            deviation one half. `caffe`: torchvision's cut with the means of Caffe's VGG in 0..255.
        size: Side of the square, pixels.
    """
    if name not in NAMES:
        raise unknown("kind of pixels", name, NAMES)
    if name == "inception":
        half = (0.5, 0.5, 0.5)
        return Recipe(
            size=size, fit="crop", edge=int(size / 0.9), halves="even", filter="bicubic", mean=half, std=half
        )
    cut = Recipe(
        size=size,
        fit="crop",
        edge=round(size * 256 / 224),
        halves="even",
        filter="bilinear",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
    )
    return cut if name == "imagenet" else replace(cut, divisor=1.0, mean=CAFFE_MEAN, std=(1.0, 1.0, 1.0))


def from_timm(config: Mapping[str, Any], source: str) -> Recipe:
    """The recipe of timm's `pretrained_cfg`, as its `create_transform` evaluates.

    Raises:
        InputError: It asks for something that is not done here.
    """
    try:
        _, height, width = (int(length) for length in config["input_size"])
        mode = str(config.get("crop_mode") or "center")
        filter_ = str(config.get("interpolation") or "bicubic")
        if height != width or mode not in ("center", "squash") or filter_ not in _FILTERS.values():
            raise InputError(
                f"{source} has pictures of {width} x {height}, cut {mode!r}, filter {filter_!r}; squares cut "
                f"'center' or 'squash' with a filter of Pillow are known"
            )
        return Recipe(
            size=height,
            fit="squash" if mode == "squash" else "crop",
            edge=int(height / float(config.get("crop_pct") or 0.875)),
            halves="even",
            filter=cast(Filter, filter_),
            mean=_three(config["mean"]),
            std=_three(config["std"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{source} does not describe the pictures of a timm model ({error!r})") from error


def from_transformers(config: Mapping[str, Any], source: str) -> Recipe:
    """The recipe of a preprocessor_config.json, as the PIL processors of transformers do it.

    Raises:
        InputError: It asks for something that is not done here.
    """
    kind = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
    try:
        edge, fit = _edge(config.get("size", 224), kind)
        size = edge
        if not config.get("do_resize", True):
            raise InputError(f"{source} does not resize pictures; fixed squares are encoded here")
        if config.get("do_center_crop"):
            size = _side(config.get("crop_size", edge))
        elif fit == "crop" and kind.startswith("ConvNext") and edge >= 384:
            fit = "squash"  # the processor's own rule
        elif fit == "crop" and kind.startswith("ConvNext"):
            edge = int(edge / float(config.get("crop_pct") or 224 / 256))
        elif fit == "crop":
            raise InputError(f"{source} does not cut pictures to squares; only squares are encoded here")
        recipe = Recipe(size=size, fit=fit, edge=edge, filter=_FILTERS[int(config.get("resample", 2))])
        factor = float(config.get("rescale_factor") or 1 / 255) if config.get("do_rescale", True) else 1.0
        recipe = replace(recipe, divisor=round(1 / factor, 6), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        if not config.get("do_normalize", True):
            return recipe
        mean = _three(config.get("image_mean") or IMAGENET_MEAN)
        return replace(recipe, mean=mean, std=_three(config.get("image_std") or IMAGENET_STD))
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{source} does not describe how pictures are prepared ({error!r})") from error


def _edge(size: Any, kind: str) -> tuple[int, Literal["squash", "crop"]]:
    """What is scaled to, and whether both sides or the shorter one."""
    if isinstance(size, Mapping) and "shortest_edge" in size:
        return int(size["shortest_edge"]), "crop"
    return _side(size), "crop" if kind.startswith(_SHORTER) and not isinstance(size, Mapping) else "squash"


def _side(size: Any) -> int:
    """The side of a square given as a number, a pair or a mapping."""
    if isinstance(size, Mapping):
        size = (size["height"], size["width"])
    sides = {int(length) for length in (size if isinstance(size, list | tuple) else (size,))}
    if len(sides) != 1:
        raise ValueError(f"{size} is no square")
    return sides.pop()


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
