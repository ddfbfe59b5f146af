"""Text networks of the transformers library, made from a configuration and tensors already read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from tuwen.encoders.networks.building import built, check_shapes, library, quiet
from tuwen.errors import InputError
from tuwen.files import read_json

_ACTIVATIONS = {
    "Tanh": nn.Tanh,
    "Identity": nn.Identity,
    "ReLU": nn.ReLU,
    "GELU": nn.GELU,
    "Sigmoid": nn.Sigmoid,
}
_VOCABULARIES = ("vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
# buffers that older versions saved
_COMPUTED = ("position_ids", "token_type_ids", "rotary_emb.inv_freq")


def network(
    config: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str, *, pooler: bool
) -> nn.Module:
    """The encoder that a configuration describes, with these weights; heads of its training are left out.

    Args:
        config: The content of config.json.
        tensors: By transformers' names, with the prefix of the family (`bert.`) or without.
        source: What they were read from, for messages.
        pooler: Whether the model's own pooler is needed.

    Raises:
        InputError: It is no text encoder, or tensors are missing or of another shape.
        MissingExtra: transformers is not installed.
    """
    made = _configuration(config, source)
    kind = _class(made, source)
    if getattr(kind, "main_input_name", "input_ids") != "input_ids" or hasattr(made, "vision_config"):
        raise InputError(
            f"{source} is a {made.model_type} model, which does not encode texts alone; "
            "for a dual encoder leave language: out, else take a network of texts such as BERT"
        )
    prefix = f"{kind.base_model_prefix}."
    # TensorFlow's names of a norm's numbers, in the oldest checkpoints
    named = {
        name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
            "LayerNorm.beta", "LayerNorm.bias"
        ): tensor
        for name, tensor in tensors.items()
    }
    inner = {name: tensor for name, tensor in named.items() if name.startswith(prefix)}
    bare = {name.removeprefix(prefix): tensor for name, tensor in (inner or named).items()}
    model, found = built(kind, made, bare, source)
    _check(model, found, source, pooler)
    if not pooler and getattr(model, "pooler", None) is not None:
        model.pooler = None
    result: nn.Module = model.eval().requires_grad_(False)
    return result


def dense(folder: Path, tensors: Mapping[str, Tensor]) -> list[nn.Module]:
    """A layer of sentence-transformers and its activation.

    Raises:
        InputError: Its activation is not known, or its tensors do not fit.
    """
    config = read_json(folder / "config.json")
    name = str(config.get("activation_function", "torch.nn.modules.linear.Identity")).rpartition(".")[2]
    if name not in _ACTIVATIONS:
        raise InputError(f"{folder} has the activation {name}; known are {', '.join(_ACTIVATIONS)}")
    weight, bias = tensors.get("linear.weight"), tensors.get("linear.bias")
    if weight is None or weight.dim() != 2 or (bias is not None and bias.shape != weight.shape[:1]):
        raise InputError(f"{folder} holds no dense layer: linear.weight is missing or does not fit")
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    layer.load_state_dict({name.removeprefix("linear."): value.float() for name, value in tensors.items()})
    return [layer.requires_grad_(False), _ACTIVATIONS[name]()]


def tokenizer_json(folder: Path) -> str:
    """The tokenizer in a folder, in the format of `tokenizer.json`, by transformers' conversion.

    Raises:
        InputError: There is none, or it has no fast form.
    """
    import transformers

    # without any of its files transformers makes up an empty tokenizer
    if not any((folder / name).is_file() for name in _VOCABULARIES):
        raise InputError(
            f"{folder} has no tokenizer; put tokenizer.json there, or vocab.txt, as the model came with"
        )
    with quiet():
        try:
            made = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
            return str(made.backend_tokenizer.to_str())
        except Exception as error:  # each tokenizer raises its own
            raise InputError(
                f"{folder} has a tokenizer that cannot be read ({str(error)[:120]}); "
                "put its tokenizer.json there"
            ) from error


def positions(model: nn.Module) -> int:
    """The longest text the network has positions for, tokens; 0 where it does not say."""
    for name, part in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(part, nn.Embedding):
            # RoBERTa and its kin count positions from behind their padding token
            count: int = part.num_embeddings
            return count - (0 if part.padding_idx is None else part.padding_idx + 1)
    return int(getattr(model.config, "max_position_embeddings", 0) or 0)


def _class(made: Any, source: str) -> Any:
    """The class of the encoder that belongs to a configuration."""
    import transformers

    if getattr(made, "is_encoder_decoder", False):
        raise InputError(
            f"{source} is a {made.model_type} model of encoder and decoder; an encoder is needed"
        )
    try:
        return transformers.MODEL_MAPPING[type(made)]
    except KeyError as error:
        raise InputError(f"{source} is a {made.model_type} model, which has no plain encoder") from error


def _configuration(config: Mapping[str, Any], source: str) -> Any:
    transformers = library(source)
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in transformers.CONFIG_MAPPING:
        raise InputError(
            f"{source} is of the model type {kind!r}, which transformers {transformers.__version__} does not "
            "know; its config.json must come from transformers"
        )
    with quiet():
        try:
            return transformers.CONFIG_MAPPING[kind].from_dict(dict(config))
        except Exception as error:  # each version checks values in another way
            raise InputError(f"{source} has a config.json that does not fit ({str(error)[:160]})") from error


def _check(model: Any, found: Mapping[str, Any], source: str, pooler: bool) -> None:
    """Refuse a network of which a part would be random."""
    name = type(model).__name__
    missing = sorted(
        key
        for key in found["missing_keys"]
        if not key.endswith(_COMPUTED) and (pooler or not _of_pooler(key))
    )
    if missing and all(_of_pooler(key) for key in missing):
        raise InputError(
            f"{source} was saved without its pooler ({missing[0]} is missing); "
            "take another pooling, such as mean or cls"
        )
    if missing:
        raise InputError(
            f"{source} is no whole {name}: {len(missing)} tensors such as {missing[0]} are missing; "
            "config.json belongs to another checkpoint, or the download is not whole"
        )
    check_shapes(found, source)
    own = tuple(f"{part}." for part, _ in model.named_children())
    left = sorted(
        key
        for key in found["unexpected_keys"]
        if key.startswith(own) and not key.endswith(_COMPUTED) and not _of_pooler(key)
    )
    if left:
        raise InputError(
            f"{source} has {len(left)} tensors such as {left[0]} that its configuration has no place for; "
            "config.json belongs to another checkpoint"
        )


def _of_pooler(key: str) -> bool:
    return "pooler." in key
