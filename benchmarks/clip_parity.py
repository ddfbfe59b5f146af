"""Whether Chinese-CLIP's formats, and its own code, give the same vectors, pixels and tokens.

A ViT-B/16 with a RoBERTa-base of random weights is written as the checkpoint that Chinese-CLIP's trainer
writes and as a transformers folder. Random weights say that the arithmetic is the same, nothing about how
good a model is. With the folder of cn-clip 1.6 (`--cn-clip DIR`, or TUWEN_CN_CLIP) its own networks,
transform and tokenizer run beside; torchvision, which it imports, is replaced by the four transforms it
uses, written here on Pillow. Get it with: pip install --no-deps --target DIR cn-clip==1.6.0
"""

from __future__ import annotations

import argparse
import csv
import importlib
import os
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import common
from tuwen.encoders.clip import Clip

LIMIT = {"image": 1e-6, "text": 1e-5, "pixels": 0, "titles": 10_000}
FULL = {"vision_width": 768, "vision_layers": 12, "vision_patch_size": 16, "image_resolution": 224}
SMALL = {"vision_width": 128, "vision_layers": 2, "vision_patch_size": 32, "image_resolution": 64}
TEXTS = [
    "海滩上的狗",
    "a black dog runs on the grass",
    "“双十一”满200减30",
    "",
    "两只猫" * 30,
    "ViT-B/16，中文CLIP！",
]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="a small network and fewer titles")
    parser.add_argument("--cn-clip", type=Path, default=os.environ.get("TUWEN_CN_CLIP"))
    args = parser.parse_args()
    peer = cn_clip(Path(args.cn_clip)) if args.cn_clip else None
    rng = np.random.default_rng(0)
    result: dict[str, Any] = {"name": "clip_parity", "limit": LIMIT}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        vocabulary = write_vocabulary(folder, peer)
        made = write_formats(folder, SMALL if args.quick else FULL, vocabulary, peer)
        one, other = Clip.open(folder / "trainer.pt"), Clip.open(folder / "converted")
        images = pictures(8, rng)
        result["vectors"] = vectors(one, other, made, images)
        result["one_fingerprint"] = one.fingerprint == other.fingerprint
        if peer is None:
            result["peer"] = "cn-clip was not given: pixels and tokens were not compared"
        else:
            result["vectors"]["resnet_checkpoint_to_cn_clip"] = resnet(folder, peer, vocabulary)
            result["pixels"] = pixels(one, peer, pictures(30 if args.quick else 200, rng))
            result["tokens"] = tokens(one, peer, titles(500 if args.quick else LIMIT["titles"]))
    common.print_result(result, as_json=args.json)


def vectors(one: Clip, other: Clip, made: Callable[..., Any], images: list[Image.Image]) -> dict[str, Any]:
    """The largest difference of raw features between what reads the same weights."""
    prepared = np.stack([one.prepare(image) for image in images])
    found = one.encode_prepared(prepared, unit=False), one.encode_texts(TEXTS, unit=False)
    again = other.encode_prepared(prepared, unit=False), other.encode_texts(TEXTS, unit=False)
    rows = {"checkpoint_to_folder": compared(found, again)}
    for name, image, text in made(one, prepared):
        rows[f"checkpoint_to_{name}"] = compared(found, (image, text))
    return rows


def resnet(folder: Path, peer: types.ModuleType, vocabulary: int) -> dict[str, float]:
    """The same for the checkpoint with a ResNet-50, which transformers does not have."""
    import torch

    torch.manual_seed(0)
    network = peer.model.CLIP(
        embed_dim=1024, image_resolution=224, vision_layers=[3, 4, 6, 3], vision_width=64,
        vision_patch_size=None, vocab_size=vocabulary, **text_settings(768, 3),
    )  # fmt: skip
    for name, values in network.state_dict().items():  # as after training: nothing is zero or one
        if name.endswith(("running_var", "bn3.weight")):
            values.uniform_(0.5, 1.5)
        elif name.endswith("running_mean"):
            values.normal_(0, 0.1)
    peer.model.convert_weights(network)
    torch.save({"state_dict": network.state_dict()}, folder / "resnet.pt")
    clip = Clip.open(folder / "resnet.pt")
    prepared = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    ids = torch.from_numpy(clip.tokens(TEXTS)[0])
    with torch.inference_mode():
        image = network.float().eval().encode_image(torch.from_numpy(clip.recipe.normalise(prepared)))
        text = network.encode_text(torch.nn.functional.pad(ids, (0, 52 - ids.shape[1])))
    found = clip.encode_prepared(prepared, unit=False), clip.encode_texts(TEXTS, unit=False)
    return compared(found, (image.numpy(), text.numpy()))


def text_settings(width: int, layers: int) -> dict[str, Any]:
    """What the peer's network takes for its text tower."""
    about = {"hidden_act": "gelu", "hidden_size": width, "intermediate_size": 4 * width}
    about |= {"num_attention_heads": width // 64, "num_hidden_layers": layers, "initializer_range": 0.02}
    about |= {"attention_probs_dropout_prob": 0.1, "hidden_dropout_prob": 0.1}
    about |= {"max_position_embeddings": 512, "type_vocab_size": 2}
    return {f"text_{name}": value for name, value in about.items()}


def compared(one: tuple[Any, Any], other: tuple[Any, Any]) -> dict[str, float]:
    """Largest absolute differences of pictures and texts, and the largest values they are of."""
    return {
        "image": float(np.abs(one[0] - other[0]).max()),
        "text": float(np.abs(one[1] - other[1]).max()),
        "largest_image_value": common.significant(float(np.abs(one[0]).max())),
        "largest_text_value": common.significant(float(np.abs(one[1]).max())),
    }


def pixels(clip: Clip, peer: types.ModuleType, images: list[Image.Image]) -> dict[str, Any]:
    """Prepared pictures against the peer's own transform; also with the faster resizer, where one is."""
    transform = peer.clip.image_transform(clip.image_size)
    theirs = np.stack([transform(image).numpy() for image in images])
    found = {}
    for name, flag in (("plain", "0"), ("fast", "1")):
        os.environ["TUWEN_FAST"] = flag
        ours = clip.recipe.normalise(np.stack([clip.prepare(image) for image in images]))
        levels = np.abs(ours - theirs) * np.float32(clip.recipe.std)[:, None, None] * 255
        found[name] = {
            "pictures": len(images),
            "other_values": int((ours != theirs).sum()),
            "mean_levels": common.significant(float(levels.mean())),
            "largest_levels": common.significant(float(levels.max())),
        }
    return found


def tokens(clip: Clip, peer: types.ModuleType, texts: list[str]) -> dict[str, Any]:
    """Token ids against the peer's own tokenizer and what its data pipeline does before it."""
    if not texts:
        return {"skipped": "the data folder is absent: no titles to compare"}
    # as in cn_clip/training/data.py
    plain = [text.lower().replace("\u201c", '"').replace("\u201d", '"') for text in texts]
    theirs = peer.clip.tokenize(plain, context_length=52).numpy()
    ours, _ = clip.tokens(texts)
    ours = np.pad(ours, ((0, 0), (0, 52 - ours.shape[1])))
    same = (ours == theirs).all(axis=1)
    return {
        "titles": len(texts),
        "chinese": sum(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in texts),
        "equal": int(same.sum()),
        "first_other": texts[int((~same).argmax())] if not same.all() else "",
    }


def titles(count: int) -> list[str]:
    """News titles in Chinese and captions in both languages, half and half."""
    data = common.data_folder()
    if data is None:
        return []
    news = (data / "thucnews" / "train.txt").read_text(encoding="utf-8").splitlines()
    with (data / "flickr8k" / "train.csv").open(encoding="utf-8") as stream:
        captions = [row["caption"] for row in csv.DictReader(stream) if row["language"] == "en"]
    half = count // 2
    return [line.split("\t")[0] for line in news[:half]] + captions[: count - half]


def pictures(count: int, rng: np.random.Generator) -> list[Image.Image]:
    """Pictures of many shapes, smooth with noise upon it."""
    made = []
    for _ in range(count):
        width, height = (int(side) for side in rng.integers(40, 700, 2))
        coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
        noisy = smooth + rng.integers(-30, 31, (height, width, 3), dtype=np.int16)
        made.append(Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)))
    return made


def write_vocabulary(folder: Path, peer: types.ModuleType | None) -> int:
    """vocab.txt for both formats; how many words it has."""
    (folder / "converted").mkdir()
    if peer is not None:
        text = (Path(peer.clip.__file__).parent / "vocab.txt").read_text(encoding="utf-8")
    else:
        signs = [chr(code) for code in (*range(33, 65), *range(91, 127), *range(0x4E00, 0x9FA6))]
        text = "\n".join(
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *signs, *(f"##{s}" for s in signs[:60])]
        )
    for place in (folder, folder / "converted"):
        (place / "vocab.txt").write_text(text, encoding="utf-8")
    return len(text.rstrip("\n").split("\n"))


def write_formats(
    folder: Path, vision: dict[str, Any], vocabulary: int, peer: types.ModuleType | None
) -> Callable[..., Iterator[tuple[str, Any, Any]]]:
    """Both formats of one random model; a function that runs what others make of the same weights."""
    import torch
    from transformers import ChineseCLIPConfig, ChineseCLIPModel

    from tuwen.encoders.networks import chinese_clip

    torch.manual_seed(0)
    layers = 12 if vision is FULL else 2
    width = 768 if vision is FULL else 128
    if peer is not None:
        network = peer.model.CLIP(
            embed_dim=512, vocab_size=vocabulary, **vision, **text_settings(width, layers)
        )
        peer.model.convert_weights(network)  # half precision, as its trainer saves
        tensors = {name: values.clone() for name, values in network.state_dict().items()}
        network = network.float().eval()
    else:
        tensors, network = plain(vision, vocabulary, layers, width), None
    whole = {f"module.{name}": values for name, values in tensors.items()}
    torch.save({"epoch": 1, "step": 1, "name": "random", "state_dict": whole}, folder / "trainer.pt")
    config = chinese_clip.config(tensors, "trainer.pt")
    model = ChineseCLIPModel(ChineseCLIPConfig(**{k: v for k, v in config.items() if k != "model_type"}))
    renamed = {name: values.float() for name, values in chinese_clip.all_tensors(tensors).items()}
    model.load_state_dict(renamed, strict=False)
    model.save_pretrained(folder / "converted")

    def others(clip: Clip, prepared: Any) -> Iterator[tuple[str, Any, Any]]:
        inputs = torch.from_numpy(clip.recipe.normalise(prepared))
        ids, mask = map(torch.from_numpy, clip.tokens(TEXTS))
        reader = ChineseCLIPModel.from_pretrained(folder / "converted", local_files_only=True).eval()
        with torch.inference_mode():
            image = reader.get_image_features(pixel_values=inputs).pooler_output
            text = reader.get_text_features(input_ids=ids, attention_mask=mask).pooler_output
            yield "transformers", image.numpy(), text.numpy()
            if network is not None:
                padded = torch.nn.functional.pad(ids, (0, 52 - ids.shape[1]))  # as its tokenize does
                yield "cn_clip", network.encode_image(inputs).numpy(), network.encode_text(padded).numpy()

    return others


def plain(vision: dict[str, Any], vocabulary: int, layers: int, width: int) -> dict[str, Any]:
    """Random tensors by Chinese-CLIP's names."""
    import torch

    size, patch, out = vision["vision_width"], vision["vision_patch_size"], 512
    places = (vision["image_resolution"] // patch) ** 2 + 1
    shapes: dict[str, tuple[int, ...]] = {
        "visual.class_embedding": (size,), "visual.positional_embedding": (places, size),
        "visual.conv1.weight": (size, 3, patch, patch), "visual.proj": (size, out),
        "text_projection": (width, out), "bert.embeddings.word_embeddings.weight": (vocabulary, width),
        "bert.embeddings.position_embeddings.weight": (512, width),
        "bert.embeddings.token_type_embeddings.weight": (2, width),
    }  # fmt: skip
    linear: dict[str, tuple[int, int]] = {}
    norms = {"visual.ln_pre": size, "visual.ln_post": size, "bert.embeddings.LayerNorm": width}
    for at in range(vision["vision_layers"]):
        block = f"visual.transformer.resblocks.{at}."
        linear |= {block + "attn.out_proj": (size, size), block + "mlp.c_fc": (4 * size, size)}
        linear |= {block + "mlp.c_proj": (size, 4 * size)}
        shapes |= {block + "attn.in_proj_weight": (3 * size, size), block + "attn.in_proj_bias": (3 * size,)}
        norms |= {block + "ln_1": size, block + "ln_2": size}
    for at in range(layers):
        block = f"bert.encoder.layer.{at}."
        linear |= {f"{block}attention.self.{part}": (width, width) for part in ("query", "key", "value")}
        linear |= {block + "attention.output.dense": (width, width)}
        linear |= {
            block + "intermediate.dense": (4 * width, width),
            block + "output.dense": (width, 4 * width),
        }
        norms |= {block + "attention.output.LayerNorm": width, block + "output.LayerNorm": width}
    for name, shape in linear.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    made = {name: torch.randn(shape) * 0.02 for name, shape in shapes.items()}
    for name, length in norms.items():
        made |= {f"{name}.weight": torch.ones(length), f"{name}.bias": torch.zeros(length)}
    return {name: values.half() if values.dim() > 1 else values for name, values in made.items()}


def cn_clip(folder: Path) -> types.ModuleType:
    """The peer's modules `clip` and `model`, imported beside stand-ins for torchvision and six."""
    if not (folder / "cn_clip").is_dir():
        raise SystemExit(f"{folder} holds no cn_clip; pip install --no-deps --target {folder} cn-clip==1.6.0")
    if importlib.util.find_spec("six") is None:
        sys.modules["six"] = types.ModuleType("six")
        sys.modules["six"].PY2, sys.modules["six"].PY3 = False, True  # type: ignore[attr-defined]
    transforms = types.ModuleType("torchvision.transforms")
    for part in (Compose, Resize, ToTensor, Normalize, InterpolationMode):
        setattr(transforms, part.__name__, part)
    sys.modules["torchvision"] = types.ModuleType("torchvision")
    sys.modules["torchvision.transforms"] = transforms
    sys.path.insert(0, str(folder))
    made = types.ModuleType("peer")
    made.clip, made.model = (importlib.import_module(f"cn_clip.clip{part}") for part in ("", ".model"))  # type: ignore[attr-defined]
    for name in ("torchvision", "torchvision.transforms"):
        del sys.modules[name]  # transformers would take it for the real one
    return made


class InterpolationMode(Enum):
    """As in torchvision."""

    BICUBIC = "bicubic"


class Compose:
    """As in torchvision: one step after the other."""

    def __init__(self, steps: list[Callable[[Any], Any]]) -> None:
        self.steps = steps

    def __call__(self, value: Any) -> Any:
        for step in self.steps:
            value = step(value)
        return value


class Resize:
    """As in torchvision for a Pillow picture and both sides given: Pillow's own resize."""

    def __init__(self, size: tuple[int, int], interpolation: InterpolationMode) -> None:
        self.size, self.filter = size, Image.Resampling[interpolation.name]

    def __call__(self, picture: Image.Image) -> Image.Image:
        return picture.resize(self.size[::-1], self.filter)


class ToTensor:
    """As in torchvision for a Pillow picture: channels first, divided by 255."""

    def __call__(self, picture: Image.Image) -> Any:
        import torch

        return torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)


class Normalize:
    """As in torchvision: less the mean, over the deviation."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        self.mean, self.std = mean, std

    def __call__(self, values: Any) -> Any:
        import torch

        mean, std = (torch.tensor(numbers)[:, None, None] for numbers in (self.mean, self.std))
        return values.clone().sub_(mean).div_(std)


if __name__ == "__main__":
    main()
