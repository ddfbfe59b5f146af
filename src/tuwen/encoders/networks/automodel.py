"""Picture networks of transformers that have no definition here: DINOv2, BEiT, Swin, ConvNeXt, ..."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tuwen.encoders.networks.building import built, check_shapes, library, quiet
from tuwen.encoders.networks.tensors import Tensors
from tuwen.errors import InputError, unknown

LAYERS = ("cls", "mean", "pooled")
#: Tensors that features need not have: heads, masks of the training, poolings that are not asked for.
_SPARE = ("pooler.", "mask_token", "classifier", "head", "decoder", "position_ids")
#: Of a configuration, what decides about features and is in no tensor.
_SETTINGS = ("num_attention_heads", "num_heads", "hidden_act", "layer_norm_eps", "window_size")
_COUNTERS = ("num_batches_tracked", "relative_position_index")


class AutoNetwork(nn.Module):
    """A transformers vision model and the layer of it that is the feature.

    Args:
        model: Called with `pixel_values`, it gives `last_hidden_state`, tokens or a map.
        layer: `cls`, `mean` over the patches, or `pooled` as the model does it.
        first: Tokens before the patches.
        architecture: The model's type.
    """

    def __init__(self, model: nn.Module, layer: str, first: int, architecture: str) -> None:
        super().__init__()
        self.model, self.layer, self.first, self.architecture = model, layer, first, architecture
        self.width = 0

    def parts(self, pixels: Tensor) -> Tensor:
        """The tokens of the patches, or the places of the last map: (n, parts, width)."""
        states: Tensor = self.model(pixel_values=pixels).last_hidden_state
        return states.flatten(2).transpose(1, 2) if states.dim() == 4 else states[:, self.first :]

    def forward(self, pixels: Tensor) -> Tensor:
        """Features of the layer, (n, width), of normalised pixels (n, 3, size, size)."""
        if self.layer == "mean":
            return self.parts(pixels).mean(dim=1)
        found = self.model(pixel_values=pixels)
        if self.layer == "cls":
            states: Tensor = found.last_hidden_state
            return states[:, 0]
        pooled: Tensor = found.pooler_output
        return pooled.flatten(1)


@dataclass(frozen=True, slots=True)
class Model:
    """The network, the side of its pictures, its tensors, and the settings that are in none of them."""

    network: AutoNetwork
    size: int
    tensors: Tensors
    settings: str


def make(config: Mapping[str, Any], state: Mapping[str, Tensor], source: str, layer: str) -> Model:
    """The model of a transformers folder with these weights.

    Raises:
        UnknownName: The model has no such layer.
        InputError: It is no picture model, or not a whole one.
        MissingExtra: transformers is not installed.
    """
    model, made = _model(config, state, source)
    size = made.image_size if isinstance(getattr(made, "image_size", None), int) else 0
    side = size or 224
    with torch.no_grad():
        found = model(pixel_values=torch.zeros(1, 3, side, side))
    states, pooled = found.last_hidden_state, getattr(found, "pooler_output", None)
    layers = _layers(states, pooled, model, state)
    if layer != "auto" and layer not in layers:
        raise unknown("layer", layer, layers)
    first = _first(states, made, side)
    network = AutoNetwork(model, layers[0] if layer == "auto" else layer, first, str(config["model_type"]))
    with torch.no_grad():
        network.width = int(network(torch.zeros(1, 3, side, side)).shape[1])
    tensors = Tensors(model.state_dict(), source, network.architecture)
    for name in model.state_dict():
        spare = network.layer != "pooled" and any(part in name for part in _SPARE)
        if not spare and not name.endswith(_COUNTERS):
            tensors.take(name)
    settings = {name: getattr(made, name, None) for name in _SETTINGS}
    return Model(network, size, tensors, f" {config['model_type']} {settings}")


def _model(config: Mapping[str, Any], state: Mapping[str, Tensor], source: str) -> tuple[nn.Module, Any]:
    transformers = library(source)
    kind = str(config["model_type"])
    with quiet():
        try:
            options = {name: value for name, value in config.items() if name != "model_type"}
            made = transformers.AutoConfig.for_model(kind, **options)
            model_class = transformers.MODEL_MAPPING[type(made)]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{source} has a config.json that is not understood ({str(error)[:160]})"
            ) from error
        if getattr(model_class, "main_input_name", "") != "pixel_values" or hasattr(made, "vision_config"):
            raise InputError(
                f"{source} is a {kind}, which does not encode pictures alone; open it without vision:"
            )
    model, info = built(model_class, made, state, source)
    missing = sorted(name for name in info["missing_keys"] if not any(part in name for part in _SPARE))
    if missing:
        raise InputError(
            f"{source} is no whole {kind}: {missing[0]} and {len(missing) - 1} more tensors are missing; "
            "download or convert it again"
        )
    check_shapes(info, source)
    return model.eval().requires_grad_(False), made


def _layers(
    states: Tensor, pooled: Tensor | None, model: nn.Module, state: Mapping[str, Tensor]
) -> tuple[str, ...]:
    """What the model has, its usual feature first."""
    learned = any("pooler." in name for name, _ in model.named_parameters())
    stored = any("pooler." in name for name in state)
    has_pooled = pooled is not None and (stored or not learned)
    if states.dim() == 4:
        return ("pooled", "mean") if has_pooled else ("mean",)
    if hasattr(getattr(model, "embeddings", None), "cls_token"):
        return ("cls", "mean", "pooled") if has_pooled else ("cls", "mean")
    return ("pooled", "mean") if has_pooled else ("mean",)


def _first(states: Tensor, config: Any, side: int) -> int:
    """How many tokens stand before those of the patches."""
    patch = getattr(config, "patch_size", None)
    if states.dim() == 4 or not isinstance(patch, int):
        return 0
    # hierarchies such as Swin merge patches and have none before them
    return max(0, int(states.shape[1]) - (side // patch) ** 2)
