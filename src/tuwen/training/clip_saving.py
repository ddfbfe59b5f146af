"""Write a trained dual encoder: as a transformers folder, or as the kind of checkpoint it came from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tuwen.encoders.clip import Clip
from tuwen.encoders.inputs.processor import TOLD
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.errors import InputError
from tuwen.files import read_json, replacing, write_json
from tuwen.training import lora
from tuwen.training.clip_network import DualNetwork

# of a folder, what describes texts and pictures and is not written anew
_BESIDE = (
    *("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "generation_config.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model"),
    *("preprocessor_config.json", "processor_config.json", "README.md", "LICENSE"),
)
_PROCESSORS = {"chinese_clip": "ChineseCLIPImageProcessor", "siglip": "SiglipImageProcessor"}
_MODELS = {"chinese_clip": "ChineseCLIPModel", "clip": "CLIPModel", "altclip": "AltCLIPModel",
           "siglip": "SiglipModel"}  # fmt: skip
_FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}


def save(network: DualNetwork, encoder: Clip, path: Path, folder: Path) -> None:
    """Write what was learned to a folder that `encoders.load` opens.

    A transformers folder stays one. A checkpoint of Chinese-CLIP, OpenAI or open_clip with a ViT becomes
    one, which transformers opens too; one with a ResNet, which transformers does not know, keeps its
    names and comes as a single safetensors file.

    Args:
        network: Trained, with or without LoRA, which is merged in what is written.
        encoder: Whose towers it has.
        path: Where the encoder was opened from.
        folder: New or empty.

    Raises:
        InputError: The parts of the checkpoint are not found again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not network.is_vit:
        _save_renamed(network, encoder, path, folder)
        return
    tensors = _tensors(network)
    place = _place(path)
    source = place if place.is_dir() else place.parent
    known = place.is_dir() and (place / "config.json").is_file()
    config = read_json(place / "config.json") if known else _config(network, encoder)
    _write_tensors(folder / "model.safetensors", tensors)
    for name in _BESIDE if known else ("tokenizer_config.json", "special_tokens_map.json"):
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    write_json(folder / "config.json", {**config, "architectures": [_MODELS[encoder.kind]]})
    _write_inputs(encoder, folder)


def _place(path: Path) -> Path:
    inner = path / "0_CLIPModel"
    return inner if inner.is_dir() else path


def _tensors(network: DualNetwork) -> dict[str, Tensor]:
    """By transformers' names, as float32."""
    made: dict[str, Tensor] = {"logit_scale": network.scale.detach().reshape(())}
    if network.bias is not None:
        made["logit_bias"] = network.bias.detach().reshape(1)
        made["logit_scale"] = made["logit_scale"].reshape(1)
    for tower, prefix, projection in (
        (network.image, "vision_model.", "visual_projection."),
        (network.text, "text_model.", "text_projection."),
    ):
        for name, values in lora.merged_state(tower).items():
            part, _, rest = name.partition(".")
            made[(prefix if part == "network" else projection) + rest] = values
    return made


def _write_tensors(file: Path, tensors: dict[str, Tensor]) -> None:
    from safetensors.torch import save_file

    with replacing(file) as temporary:
        plain = {name: values.detach().cpu().contiguous() for name, values in tensors.items()}
        save_file(plain, temporary, metadata={"format": "pt"})


def _config(network: DualNetwork, encoder: Clip) -> dict[str, Any]:
    """A config.json from the towers of a checkpoint that came without."""
    about: dict[str, Any] = {"model_type": encoder.kind, "projection_dim": encoder.width}
    for tower, name in ((network.image, "vision_config"), (network.text, "text_config")):
        config = tower.network.config
        about[name] = json.loads(config.to_json_string(use_diff=False))
    return about


def _write_inputs(encoder: Clip, folder: Path) -> None:
    """What pictures and texts go through: for transformers, and in full for tuwen."""
    (folder / "tokenizer.json").write_text(encoder.tokens.json, encoding="utf-8")
    if encoder.kind == "chinese_clip":
        words = sorted((at, word) for word, at in encoder.tokens.vocabulary().items())
        (folder / "vocab.txt").write_text("".join(f"{word}\n" for _, word in words), encoding="utf-8")
    recipe = encoder.recipe
    if not (folder / "preprocessor_config.json").is_file():
        write_json(folder / "preprocessor_config.json", _pictures(recipe, encoder.kind))
    write_json(folder / TOLD, {"format": 1, "recipe": recipe.to_dict()})


def _pictures(recipe: Recipe, kind: str) -> dict[str, Any]:
    """The description of the pictures' preprocessing as transformers reads it."""
    side = {"height": recipe.size, "width": recipe.size}
    crops = recipe.fit == "crop"
    return {
        "image_processor_type": _PROCESSORS.get(kind, "CLIPImageProcessor"),
        "do_resize": True,
        "size": {"shortest_edge": recipe.edge or recipe.size} if crops else side,
        "do_center_crop": crops,
        **({"crop_size": side} if crops else {}),
        "resample": _FILTERS[recipe.filter],
        "do_rescale": True,
        "rescale_factor": 1 / recipe.divisor,
        "do_normalize": True,
        "image_mean": list(recipe.mean),
        "image_std": list(recipe.std),
        "do_convert_rgb": True,
    }


def _save_renamed(network: DualNetwork, encoder: Clip, path: Path, folder: Path) -> None:
    """The checkpoint with its text tower replaced; its frozen picture tower as it was."""
    from tuwen.encoders.networks import chinese_clip, open_clip
    from tuwen.encoders.opening import checkpoint

    place = _place(path)
    old = checkpoint.read(place)
    chinese = encoder.kind == "chinese_clip"
    plain = old if chinese else open_clip.plain(old, str(place))
    learned = _tensors(network)
    renamed = (chinese_clip if chinese else open_clip).text_tensors
    made: dict[str, Tensor] = {"logit_scale": learned["logit_scale"]}
    for name, values in plain.items():
        if name.startswith("visual."):
            made[name] = values
            continue
        parts = [learned[other] for other in renamed({name: values}) if other in learned]
        if not parts:
            made.setdefault(name, values)
        elif name == "text_projection":
            made[name] = parts[0].T
        else:
            made[name] = torch.cat(parts) if len(parts) > 1 else parts[0]
    file = "model.safetensors" if chinese else "open_clip_model.safetensors"
    _write_tensors(folder / file, made)
    source = place if place.is_dir() else place.parent
    for name in (*_BESIDE, "open_clip_config.json", "bpe_simple_vocab_16e6.txt.gz"):
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    _write_inputs(encoder, folder)
    if not any(isinstance(values, Tensor) for values in made.values()):
        raise InputError(f"{path} holds no tensors to write again; name the checkpoint itself")
