"""Which family can open a folder or a file, told by what lies there; nothing of weight is loaded."""

from __future__ import annotations

import re
from pathlib import Path

from tuwen.errors import InputError
from tuwen.files import read_json

_DUAL = {"chinese_clip", "clip", "altclip", "siglip", "siglip2"}
_VISION = {
    *("vit", "deit", "beit", "data2vec-vision", "dinov2", "dinov2_with_registers", "dinov3_vit", "resnet"),
    *("convnext", "convnextv2", "swin", "swinv2", "regnet", "mobilenet_v2", "efficientnet", "ijepa"),
}
_CHECKPOINTS = {".pt", ".pth", ".bin", ".safetensors", ".ckpt"}
_VECTORS = {".txt", ".vec", ".w2v", ".glove"}

# how the tensors of each family are called, the surest family first
_MARKS = {
    "clip": (re.compile(r"^(model\.)?(visual|vision_model|text_projection)\b"),),
    "language": (re.compile(r"\bembeddings\.word_embeddings\b"),),
    "vision": (
        re.compile(r"^(features|layer1|stem|patch_embed|backbone|conv_proj|class_token|cls_token)\b"),
        re.compile(r"\bembeddings\.(patch_embeddings|cls_token|position_embeddings)\b"),
        re.compile(r"\bembedder\.embedder\."),
    ),
}


def family_of(path: Path) -> str:
    """The registry name of the family that opens this path.

    Raises:
        InputError: Nothing here is known.
    """
    if path.is_dir():
        return _of_folder(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return "stored"
    if suffix in _VECTORS or path.name.lower().endswith(
        (".txt.gz", ".vec.gz", "word2vec.bin", "vectors.bin")
    ):
        return "word2vec"
    if suffix in (".tflite", ".onnx", ".xml"):
        return "graph"
    if suffix in _CHECKPOINTS:
        from tuwen.encoders.opening.checkpoint import keys

        return _of_keys(keys(path), path)
    raise InputError(
        f"{path} is no encoder that tuwen knows by its ending; "
        "name the family in front, such as vision:FILE, clip:FILE or word2vec:FILE"
    )


def _of_folder(folder: Path) -> str:
    if (folder / "encoder.json").is_file():
        about = read_json(folder / "encoder.json")
        if isinstance(about, dict) and isinstance(about.get("name"), str):
            return str(about["name"])
        raise InputError(
            f"{folder / 'encoder.json'} does not say which encoder it is; save or export it again"
        )
    if (folder / "config.json").is_file():
        config = read_json(folder / "config.json")
        kind = str(config.get("model_type", "")) if isinstance(config, dict) else ""
        if kind in _DUAL:
            return "clip"
        if kind in _VISION:
            return "vision"
        if kind:
            return "language"
        if isinstance(config, dict) and ("pretrained_cfg" in config or "architecture" in config):
            return "vision"  # timm
    if (folder / "open_clip_config.json").is_file() or (folder / "0_CLIPModel").is_dir():
        return "clip"
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _CHECKPOINTS)
    if len(files) == 1:
        return family_of(files[0])
    if files:
        names = ", ".join(file.name for file in files[:4])
        raise InputError(f"{folder} holds several checkpoints ({names}) and no config.json; name one of them")
    if _has_word_vectors([file.name.lower() for file in folder.iterdir()]):
        return "word2vec"
    raise InputError(
        f"{folder} holds no encoder: no encoder.json (tuwen), no config.json (transformers), "
        "no checkpoint (.safetensors, .pt)"
    )


def _has_word_vectors(names: list[str]) -> bool:
    """Whether a folder's files look like word vectors: a matrix beside its words, or a file of both."""
    matrices = [name for name in names if name.endswith((".npy", ".npz"))]
    words = [name for name in names if name.endswith((".json", ".txt")) and re.search("vocab|words", name)]
    both = re.compile(r"\.(vec|w2v|glove)(\.gz)?$|(glove|vec|embed).*\.txt(\.gz)?$")
    alone = len(matrices) == 1 == len(names)  # with the words inside
    return bool(matrices and words) or alone or any(both.search(name) for name in names)


def _of_keys(names: set[str], path: Path) -> str:
    """By the names of the tensors in a checkpoint."""
    bare = {name.removeprefix("state_dict.").removeprefix("module.") for name in names}
    for family, marks in _MARKS.items():
        if any(mark.search(name) for name in bare for mark in marks):
            return family
    shown = ", ".join(sorted(bare)[:3])
    raise InputError(
        f"{path} holds no tensors of an encoder that tuwen knows (it has {shown} ...); "
        "name the family in front if it is one: clip:, vision: or language:"
    )
