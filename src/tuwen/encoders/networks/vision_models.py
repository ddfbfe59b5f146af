"""From the tensors of a picture network to the network: which one it is, and its features at a layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from tuwen.encoders.networks import automodel, resnet, vgg, vit
from tuwen.encoders.networks.tensors import Tensors
from tuwen.errors import InputError, unknown

Network = vgg.VGG | resnet.ResNet | vit.ViT | automodel.AutoNetwork


@dataclass(frozen=True, slots=True)
class Made:
    """A network and what identifies it.

    Attributes:
        network: Pixels (n, 3, size, size) to (n, `width`); `parts(pixels)` gives its tokens or places.
        layer: What the features are.
        size: Side of the pictures it needs, or 0 for any.
        parameters: Learned numbers up to the layer.
        digest: Of the tensors used, and of settings that are in no tensor.
    """

    network: Network
    layer: str
    size: int
    parameters: int
    digest: str


def make(state: Mapping[str, Tensor], config: Mapping[str, Any], source: str, layer: str = "auto") -> Made:
    """The network of a checkpoint.

    Args:
        state: The checkpoint, in the names of torchvision, timm or transformers.
        config: The config.json beside it, or nothing.
        source: For messages.
        layer: `auto`, or one of the network's.

    Raises:
        UnknownName: The network has no such layer.
        InputError: It is no network that is known, or not a whole one.
    """
    kind = str(config.get("model_type", ""))
    if kind and kind != "timm_wrapper" and not _plain(config):
        model = automodel.make(config, state, source, layer)
        digest = model.tensors.digest() + model.settings
        return Made(model.network, model.network.layer, model.size, model.tensors.count, digest)
    for module, names in (
        (vgg, vgg.from_timm(state)),
        (resnet, resnet.from_transformers(state)),
        (vit, vit.renamed(state)),
    ):
        if module.looks_like(names):
            break
    else:
        shown = ", ".join(list(state)[:3])
        raise InputError(
            f"{source} is no vgg, resnet or vit (it has {shown}, ...); of other networks, "
            "transformers folders with a config.json are read"
        )
    if layer != "auto" and layer not in module.LAYERS:
        raise unknown("layer", layer, module.LAYERS)
    layer = module.LAYERS[0] if layer == "auto" else layer
    settings = ""
    network: Network
    if module is vgg:
        tensors = Tensors(names, source, "vgg")
        network = vgg.VGG(tensors, layer)
    elif module is resnet:
        tensors = Tensors(names, source, "resnet")
        early = bool(config.get("downsample_in_bottleneck"))
        network, settings = resnet.ResNet(tensors, stride_first=early), " stride first" * early
    else:
        tensors = Tensors(names, source, "vit")
        epsilon = float(config.get("layer_norm_eps", 1e-6))
        network = vit.ViT(tensors, layer, heads=int(config.get("num_attention_heads", 0)), epsilon=epsilon)
        settings = f" {network.heads} heads, {epsilon}"
    return Made(network, layer, getattr(network, "image_size", 0), tensors.count, tensors.digest() + settings)


def _plain(config: Mapping[str, Any]) -> bool:
    """Whether our own definitions compute what transformers would."""
    if config["model_type"] == "resnet":
        return config.get("hidden_act", "relu") == "relu" and not config.get("downsample_in_first_stage")
    return bool(config["model_type"] == "vit") and config.get("hidden_act", "gelu") == "gelu"
