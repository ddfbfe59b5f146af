"""Dual encoders of the transformers library, made from a configuration and tensors already read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from tuwen.encoders.networks.building import built, check_shapes, library, quiet, short
from tuwen.encoders.networks.towers import ImageTower, TextTower, Towers
from tuwen.errors import InputError

#: `model_type` in config.json, and the classes of its configuration and its model.
CLASSES = {
    "chinese_clip": ("ChineseCLIPConfig", "ChineseCLIPModel"),
    "clip": ("CLIPConfig", "CLIPModel"),
    "altclip": ("AltCLIPConfig", "AltCLIPModel"),
    "siglip": ("SiglipConfig", "SiglipModel"),
}
#: Tensors that say nothing about the vectors: of the training, or computed.
IGNORED = (
    "logit_scale",
    "logit_bias",
    "embeddings.position_ids",
    "embeddings.token_type_ids",
    "text_model.pooler.",
)

# how it was computed or quantised where it was saved, not what it is
_RUNNING = {
    "attn_implementation",
    "_attn_implementation",
    "dtype",
    "torch_dtype",
    "auto_map",
    "_name_or_path",
}


def towers(config: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str) -> Towers:
    """The towers that a configuration describes, with these weights.

    Args:
        config: The content of config.json.
        tensors: Float32, by transformers' names.
        source: What they were read from, for messages.

    Raises:
        InputError: A tower, or some of its tensors, are missing, left over or of another shape.
        MissingExtra: transformers is not installed.
    """
    made = _configuration(config, source)
    model = _model(made, tensors, source)
    vision = made.vision_config
    image = ImageTower(model.vision_model, getattr(model, "visual_projection", None))
    settings = [vision.num_attention_heads, vision.hidden_act, float(vision.layer_norm_eps)]
    return _joined(image, model, made, int(vision.image_size), settings)


def with_image_tower(
    config: Mapping[str, Any], tensors: Mapping[str, Tensor], image: ImageTower, size: int, source: str
) -> Towers:
    """A text tower of transformers beside a picture tower that it does not have.

    Args:
        config: A config.json without `vision_config`.
        tensors: Of the text tower and its projection, float32, by transformers' names.
        image: The picture tower.
        size: Side of the pictures it takes, pixels.
        source: What the tensors were read from, for messages.

    Raises:
        InputError: Tensors are missing, left over or of another shape.
        MissingExtra: transformers is not installed.
    """
    # the classes of text towers alone have other names in every version: make a whole model with the
    # smallest picture tower there can be, and leave that away
    least = dict.fromkeys(("hidden_size", "intermediate_size", "image_size", "patch_size"), 8)
    vision = {**least, "num_hidden_layers": 1, "num_attention_heads": 1}
    width = tensors["text_projection.weight"].shape[0] if "text_projection.weight" in tensors else 8
    made = _configuration({**config, "projection_dim": width, "vision_config": vision}, source)
    model = _model(made, tensors, source, left_away=("vision_model.", "visual_projection."))
    return _joined(image, model, made, size, [type(image.network).__name__])


def _joined(image: ImageTower, model: nn.Module, config: Any, size: int, settings: list[object]) -> Towers:
    kind, text = config.model_type, config.text_config
    tower = TextTower(
        model.text_model,
        getattr(model, "text_projection", None),
        pooling="first" if kind in ("chinese_clip", "altclip") else "own",
        masked=kind != "siglip",
    )
    # SigLIP has no projection: its towers end in the common width
    width: Any = config.projection_dim if tower.projection is not None else text.projection_size
    # RoBERTa counts positions from its padding token on
    offset = int(text.pad_token_id or 0) + 1 if kind == "altclip" else 0
    return Towers(
        image,
        tower,
        width=int(width),
        size=size,
        positions=int(text.max_position_embeddings) - offset,
        words=int(text.vocab_size),
        # a text model of CLIP pools where this token stands; 2 is an old way to say: at the largest id
        closing=int(text.eos_token_id) if kind == "clip" and text.eos_token_id != 2 else None,
        settings={
            "kind": kind,
            "image": settings,
            "text": [text.num_attention_heads, text.hidden_act, float(text.layer_norm_eps)],
        },
    )


def _configuration(config: Mapping[str, Any], source: str) -> Any:
    transformers = library(source)
    if config.get("quantization_config"):
        raise InputError(f"{source} holds quantised weights, which are not read; take the original ones")
    with quiet():
        try:
            return getattr(transformers, CLASSES[config["model_type"]][0]).from_dict(_described(config))
        except Exception as error:  # each version checks values in another way
            raise InputError(f"{source} has a config.json that does not fit ({short(error)})") from error


def _described(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without how it was run, both towers included."""
    return {
        name: _described(value) if isinstance(value, dict) else value
        for name, value in config.items()
        if name not in _RUNNING
    }


def _model(
    config: Any, tensors: Mapping[str, Tensor], source: str, *, left_away: tuple[str, ...] = ()
) -> nn.Module:
    name = CLASSES[config.model_type][1]
    model, found = built(getattr(library(source), name), config, tensors, source)
    _check(found, source, name, left_away)
    made: nn.Module = model.eval().requires_grad_(False)
    return made


def _check(found: Mapping[str, Any], source: str, name: str, left_away: tuple[str, ...]) -> None:
    """Refuse a model of which a part would be random."""
    missing = _known(found["missing_keys"], left_away)
    for tower, prefix in (("picture", "vision_model."), ("text", "text_model.")):
        if any(key.startswith(prefix + "embeddings.") for key in missing):
            raise InputError(
                f"{source} has no {tower} tower: {_some(missing)} missing; "
                "a dual encoder needs both, take the whole checkpoint"
            )
    if missing:
        raise InputError(
            f"{source} is no whole {name}: {_some(missing)} missing; download or convert it again"
        )
    check_shapes(found, source)
    left = _known(found["unexpected_keys"], ())
    if left:
        raise InputError(
            f"{source} has {_some(left)} that a {name} has no place for; it is another architecture, "
            "or config.json belongs to another checkpoint"
        )


def _known(names: Iterable[str], left_away: tuple[str, ...]) -> list[str]:
    return sorted(
        key for key in names if not key.startswith(left_away) and not any(part in key for part in IGNORED)
    )


def _some(names: list[str]) -> str:
    return f"{len(names)} tensors ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
