"""A dual encoder from a checkpoint of any known layout: which it is, its towers, its identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from tuwen.encoders.inputs.processor import (
    Resize,
    family_recipe,
    folder_recipe,
    open_clip_recipe,
    told_recipe,
)
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.encoders.networks import chinese_clip, open_clip, transformers_models
from tuwen.encoders.networks.modified_resnet import ModifiedResNet
from tuwen.encoders.networks.towers import ImageTower, Towers
from tuwen.encoders.opening import checkpoint
from tuwen.errors import InputError
from tuwen.files import read_json

Activation = Literal["auto", "gelu", "quick_gelu"]


@dataclass(frozen=True, slots=True)
class Dual:
    """What was opened.

    Attributes:
        kind: `chinese_clip`, `clip`, `altclip` or `siglip`.
        towers: Float32, on the processor.
        recipe: The preprocessing, but for the padding token, which the tokenizer knows.
        folder: Where files that belong to the checkpoint lie, the tokenizer's among them.
        identity: A hash of the weights as float32 and of what decides about the vectors beside them.
    """

    kind: str
    towers: Towers
    recipe: Recipe
    folder: Path
    identity: str


def open_dual(path: Path, *, activation: Activation = "auto", resize: Resize = "auto") -> Dual:
    """Open a transformers folder, or a checkpoint of Chinese-CLIP, OpenAI or open_clip.

    Raises:
        InputError: It is none of them, or a part is missing or does not fit.
        Damaged: A file is broken.
        MissingExtra: A library is not installed.
    """
    place = _place(path)
    folder = place if place.is_dir() else place.parent
    tensors = checkpoint.read(place)
    names = set(tensors)
    if any(name.startswith(("vision_model.", "text_model.")) for name in names):
        config = _config(folder, place)
        return _from_transformers(config, _floats(tensors, str(place)), folder, str(place), resize)
    if chinese_clip.recognised(tensors):
        return _from_chinese_clip(_floats(tensors, str(place)), folder, str(place), resize)
    if any(name.startswith("visual.") for name in names) or "token_embedding.weight" in names:
        return _from_open_clip(tensors, folder, place, activation, resize)
    shown = ", ".join(sorted(names)[:3])
    raise InputError(
        f"{place} is no dual encoder: it holds tensors such as {shown}; "
        "tuwen reads transformers folders and checkpoints of Chinese-CLIP, OpenAI and open_clip"
    )


def _from_transformers(
    config: dict[str, Any], tensors: dict[str, Tensor], folder: Path, source: str, resize: Resize
) -> Dual:
    kind = str(config["model_type"])
    if kind == "siglip2" or _is_flexible(tensors):
        raise InputError(
            f"{source} is a SigLIP 2 of the NaFlex kind, which takes pictures of any shape and is not read; "
            "take one of the fixed sizes, such as siglip2-base-patch16-224"
        )
    towers = transformers_models.towers(config, tensors, source)
    recipe = family_recipe(kind, towers.size, towers.positions)
    recipe = folder_recipe(recipe, kind, folder, resize)
    recipe = told_recipe(recipe, folder, resize)
    return Dual(kind, towers, recipe, folder, _identity(tensors, towers.settings))


def _from_chinese_clip(tensors: dict[str, Tensor], folder: Path, source: str, resize: Resize) -> Dual:
    if not any(name.startswith("visual.") for name in tensors):
        raise InputError(
            f"{source} has no picture tower: no tensor visual.*; "
            "a dual encoder needs both, take the whole checkpoint"
        )
    if "visual.layer1.0.conv1.weight" in tensors:
        text = {"model_type": "chinese_clip", "text_config": chinese_clip.text_config(tensors, source)}
        towers, renamed = _with_resnet(text, chinese_clip.text_tensors(tensors), tensors, source)
    else:
        renamed = chinese_clip.all_tensors(tensors)
        towers = transformers_models.towers(chinese_clip.config(tensors, source), renamed, source)
    recipe = family_recipe("chinese_clip", towers.size, towers.positions)
    recipe = told_recipe(folder_recipe(recipe, "chinese_clip", folder, resize), folder, resize)
    return Dual("chinese_clip", towers, recipe, folder, _identity(renamed, towers.settings))


def _from_open_clip(
    tensors: dict[str, Tensor], folder: Path, place: Path, activation: Activation, resize: Resize
) -> Dual:
    source = str(place)
    about = _json(folder / "open_clip_config.json")
    quick = _is_quick(tensors, about, place) if activation == "auto" else activation == "quick_gelu"
    how = "quick_gelu" if quick else "gelu"
    tensors = _floats(open_clip.plain(tensors, source), source)
    if not any(name.startswith("visual.") for name in tensors):
        raise InputError(
            f"{source} has no picture tower: no tensor visual.*; "
            "a dual encoder needs both, take the whole checkpoint"
        )
    if "visual.layer1.0.conv1.weight" in tensors:
        text = {"model_type": "clip", "text_config": open_clip.text_config(tensors, source, activation=how)}
        towers, renamed = _with_resnet(text, open_clip.text_tensors(tensors), tensors, source)
    else:
        renamed = open_clip.all_tensors(tensors)
        config = open_clip.config(tensors, source, activation=how)
        towers = transformers_models.towers(config, renamed, source)
    recipe = family_recipe("clip", towers.size, towers.positions)
    recipe = open_clip_recipe(recipe, about.get("preprocess_cfg") or {}, resize)
    recipe = told_recipe(recipe, folder, resize)
    return Dual("clip", towers, recipe, folder, _identity(renamed, towers.settings))


def _with_resnet(
    text: dict[str, Any], words: dict[str, Tensor], tensors: Mapping[str, Tensor], source: str
) -> tuple[Towers, dict[str, Tensor]]:
    """Towers of a picture tower that transformers does not have, and the tensors by their names."""
    network = ModifiedResNet(tensors, source).eval()
    towers = transformers_models.with_image_tower(text, words, ImageTower(network), network.size, source)
    if network.width != words["text_projection.weight"].shape[0]:
        raise InputError(
            f"{source} gives pictures {network.width} numbers, but texts "
            f"{words['text_projection.weight'].shape[0]}; its towers belong to two checkpoints"
        )
    pictures = {
        name: tensor
        for name, tensor in tensors.items()
        if name.startswith("visual.") and not name.endswith("num_batches_tracked")
    }
    return towers, words | pictures


def _is_quick(tensors: Mapping[str, Tensor], about: Mapping[str, Any], place: Path) -> bool:
    """Whether the activation is OpenAI's quick GELU, which no tensor tells, not the exact one."""
    said = (about.get("model_cfg") or {}).get("quick_gelu")
    if said is not None:
        return bool(said)
    name = place.name.lower()
    return open_clip.is_openai(tensors) or "quickgelu" in name or "openai" in name


def _place(path: Path) -> Path:
    """The folder or file that holds the weights: sentence-transformers keeps them one deeper."""
    if (inner := path / "0_CLIPModel").is_dir():
        return inner
    return path


def _config(folder: Path, source: Path) -> dict[str, Any]:
    """The config.json of a dual encoder of transformers.

    Raises:
        InputError: It is missing, or of one tower alone, or of another model.
    """
    content = _json(folder / "config.json")
    kind = str(content.get("model_type", ""))
    if not kind:
        raise InputError(f"{source} needs the config.json that it came with, in {folder}; put it there")
    if kind in transformers_models.CLASSES or kind == "siglip2":
        return content
    alone = kind.endswith(("_vision_model", "_text_model"))
    what = "one tower alone" if alone else "another kind of model"
    raise InputError(
        f"{folder / 'config.json'} is of {what} ({kind}); "
        f"a dual encoder is one of {', '.join(transformers_models.CLASSES)}"
    )


def _json(file: Path) -> dict[str, Any]:
    content = read_json(file) if file.is_file() else {}
    return content if isinstance(content, dict) else {}


def _is_flexible(tensors: Mapping[str, Tensor]) -> bool:
    patches = tensors.get("vision_model.embeddings.patch_embedding.weight")
    return patches is not None and patches.dim() == 2


def _floats(tensors: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """As float32, all numbers checked; whole numbers (positions, counters) stay.

    Raises:
        InputError: A value is NaN or infinite.
    """

    def plain(item: tuple[str, Tensor]) -> tuple[str, Tensor]:
        name, tensor = item
        if not tensor.is_floating_point():
            return name, tensor
        tensor = tensor.detach().to(torch.float32)
        if not bool(torch.isfinite(tensor.sum())) and not bool(torch.isfinite(tensor).all()):
            raise InputError(f"{source} has NaN or infinite values in {name}; download it again")
        return name, tensor

    return dict(map(plain, tensors.items()))


def _identity(tensors: Mapping[str, Tensor], settings: Mapping[str, object]) -> str:
    """A hash that is the same for the same weights and settings, whatever file they came in."""

    def one(name: str) -> str:
        values = tensors[name].contiguous().numpy()
        return hashlib.sha256(memoryview(values).cast("B") if values.size else b"").hexdigest()

    names = [
        name
        for name, tensor in tensors.items()
        if tensor.is_floating_point() and not any(part in name for part in transformers_models.IGNORED)
    ]
    with ThreadPoolExecutor() as threads:  # hashing lets other threads run
        digests = dict(zip(names, threads.map(one, names), strict=True))
    # AltCLIP's layers have two spellings in transformers
    lines = sorted(f"{name.replace('.layer.', '.layers.')} {digest}" for name, digest in digests.items())
    whole = json.dumps([lines, settings], sort_keys=True)
    return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()
