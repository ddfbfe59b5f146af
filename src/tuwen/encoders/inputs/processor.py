"""The recipe of a model from the files that describe its preprocessing, or from what its family does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from tuwen.encoders.inputs.recipe import Filter, Recipe
from tuwen.errors import InputError
from tuwen.files import read_json

Resize = Literal["auto", "squash", "crop"]

#: A model that tuwen trained has its recipe in this file, which says more than transformers' own.
TOLD = "tuwen.json"

_FILTERS: dict[int, Filter] = {
    0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"
}  # fmt: skip
_HALF = (0.5, 0.5, 0.5)


def family_recipe(kind: str, size: int, positions: int) -> Recipe:
    """What a family does where no file says otherwise.

    Args:
        kind: `chinese_clip`, `clip`, `altclip` or `siglip`.
        size: Side of the pictures that the network takes.
        positions: The most tokens that the network has positions for.
    """
    if kind == "chinese_clip":
        # squashed, not cropped, and 52 tokens of the 512 there are: so it was trained
        return Recipe(size=size, fit="squash", context=min(52, positions), quotes=True)
    if kind == "siglip":
        return Recipe(
            size=size,
            fit="squash",
            mean=_HALF,
            std=_HALF,
            context=positions,
            pad="context",
            punctuation=False,
        )
    context = min(77, positions)
    return Recipe(size=size, fit="crop", context=context, lower=kind == "clip")


def folder_recipe(recipe: Recipe, kind: str, folder: Path, resize: Resize) -> Recipe:
    """The recipe with what a transformers folder says about its pictures.

    Raises:
        InputError: The folder prepares pictures in a way, or to a size, that does not fit the network.
    """
    content = _pictures(folder)
    if not content:
        return recipe if resize == "auto" else replace(recipe, fit=resize)
    fit, edge, side = _sizes(content, recipe)
    if kind == "chinese_clip" and fit == "crop":
        # what transformers writes when nobody chose; no Chinese-CLIP was trained so
        fit, edge = "squash", 0
    if side != recipe.size:
        raise InputError(
            f"{folder} prepares pictures of {side} pixels, but its network takes {recipe.size}; "
            "preprocessor_config.json or config.json belongs to another model"
        )
    if content.get("do_normalize", True):
        mean, std = _three(content, "image_mean", recipe.mean), _three(content, "image_std", recipe.std)
    else:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    factor = float(content.get("rescale_factor", 1 / 255)) if content.get("do_rescale", True) else 1.0
    return replace(
        recipe,
        fit=fit if resize == "auto" else resize,
        edge=edge if edge != recipe.size else 0,
        filter=_FILTERS.get(content.get("resample", 3), "bicubic"),
        divisor=round(1 / factor, 6),
        mean=mean,
        std=std,
    )


def open_clip_recipe(recipe: Recipe, content: Mapping[str, Any], resize: Resize) -> Recipe:
    """The recipe with what `preprocess_cfg` of an open_clip_config.json says."""
    modes: dict[str, Literal["squash", "crop"]] = {"squash": "squash", "shortest": "crop"}
    how = modes.get(str(content.get("resize_mode", "shortest")))
    if how is None:
        raise InputError(
            f"open_clip_config.json asks for resize_mode {content['resize_mode']!r}; "
            "tuwen knows squash and shortest: set the option resize=squash or resize=crop"
        )
    wanted = {name: name for name in get_args(Filter)}.get(content.get("interpolation"), "bicubic")
    return replace(
        recipe,
        fit=how if resize == "auto" else resize,
        halves="even",  # it cuts with torchvision
        filter=wanted,
        mean=_three(content, "mean", recipe.mean),
        std=_three(content, "std", recipe.std),
    )


def told_recipe(recipe: Recipe, folder: Path, resize: Resize) -> Recipe:
    """The whole recipe where tuwen wrote it beside a model that it trained; else the one given.

    Raises:
        InputError: It is of pictures of another size than the network takes.
        Damaged: It is no recipe.
    """
    if not (folder / TOLD).is_file():
        return recipe
    content = read_json(folder / TOLD)
    said = Recipe.from_dict(content.get("recipe", {}) if isinstance(content, dict) else {})
    if said.size != recipe.size:
        raise InputError(
            f"{folder / TOLD} is of pictures of {said.size} pixels, but the network takes {recipe.size}; "
            "it belongs to another model"
        )
    return said if resize == "auto" else replace(said, fit=resize)


def _pictures(folder: Path) -> dict[str, Any]:
    """What the folder says about pictures; empty when it says nothing."""
    for name in ("preprocessor_config.json", "processor_config.json"):
        if (folder / name).is_file():
            content = read_json(folder / name)
            if isinstance(content, dict):
                content = content.get("image_processor", content)
            if isinstance(content, dict) and ("size" in content or "image_mean" in content):
                return content
    return {}


def _sizes(content: Mapping[str, Any], recipe: Recipe) -> tuple[Literal["squash", "crop"], int, int]:
    """How it is brought to a square, the shorter edge before cropping, and the side."""
    size, crop = content.get("size", recipe.size), content.get("crop_size", recipe.size)
    crops = bool(content.get("do_center_crop", recipe.fit == "crop" and not isinstance(size, dict)))
    side = crop if isinstance(crop, int) else crop.get("height", recipe.size) if isinstance(crop, dict) else 0
    if isinstance(size, dict) and "height" in size:
        if size["height"] != size.get("width"):
            raise InputError(f"pictures of {size} are not square, which no dual encoder here takes")
        # squashed first; a crop of the same size changes nothing
        return "squash", 0, int(size["height"])
    edge = size.get("shortest_edge", recipe.size) if isinstance(size, dict) else size
    if not crops and recipe.fit == "squash":
        return "squash", 0, int(edge)
    return "crop", int(edge), int(side) if crops else int(edge)


def _three(
    content: Mapping[str, Any], name: str, otherwise: tuple[float, float, float]
) -> tuple[float, float, float]:
    values = content.get(name, otherwise)
    if not isinstance(values, list | tuple) or len(values) != 3:
        raise InputError(f"{name} is {values!r}; three numbers are needed, one a channel")
    return float(values[0]), float(values[1]), float(values[2])
