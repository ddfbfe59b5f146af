"""Picture networks at full size, random weights: do they give what their libraries give, and how fast?

Beside ours stand ResNet-50 and ViT-B/16 of transformers, and VGG16 as a plain sequence of torch layers, all
eager and fp32. Random weights say that the arithmetic is right, and how long it takes; what features are
worth, only trained ones say.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import common
from tuwen.encoders.networks.building import quiet
from tuwen.encoders.vision import Vision

LIMIT = {"difference": 1e-5}
Network = Callable[[torch.Tensor], torch.Tensor]


def resnet50(folder: Path) -> tuple[Path, Network]:
    """The folder, and the network of transformers."""
    import transformers

    return folder, _saved(
        transformers.ResNetModel(transformers.ResNetConfig()), folder, lambda found: found[1].flatten(1)
    )


def vit_base(folder: Path) -> tuple[Path, Network]:
    """The folder, and the network of transformers."""
    import transformers

    return folder, _saved(
        transformers.ViTModel(transformers.ViTConfig()), folder, lambda found: found[0][:, 0]
    )


def vgg16(folder: Path) -> tuple[Path, Network]:
    """The file, and the layers one after the other."""
    steps: list[nn.Module] = []
    channels = 3
    for count, width in zip((2, 2, 3, 3, 3), (64, 128, 256, 512, 512), strict=True):
        for _ in range(count):
            steps += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        steps.append(nn.MaxPool2d(2))
    wide = [nn.Linear(512 * 49, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()]
    model = nn.ModuleDict({"features": nn.Sequential(*steps), "classifier": nn.Sequential(*wide)}).eval()
    for weights in model.parameters():
        if weights.dim() > 1:
            nn.init.kaiming_normal_(weights)
    torch.save(model.state_dict(), folder / "vgg16.pth")
    return folder / "vgg16.pth", lambda pixels: model["classifier"](model["features"](pixels).flatten(1))


def _saved(model: Any, folder: Path, feature: Callable[[Any], torch.Tensor]) -> Network:
    for name, values in model.named_buffers():
        # around what a new network has, so that signals live to the end
        if "running" in name:
            values.add_(0.05 * torch.randn_like(values))
    model = model.eval()
    with quiet():
        model.save_pretrained(folder)
    return lambda pixels: feature(model(pixel_values=pixels, return_dict=False))


def measure(make: Callable[[Path], tuple[Path, Network]], count: int, rounds: int) -> dict[str, Any]:
    """Differences, and pictures a second of prepared pixels, in turns."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path, peer = make(Path(folder))
        ours = {
            precision: Vision.open(path, pixels="imagenet", precision=precision)
            for precision in ("fp32", "bf16")
        }
    pixels = rng.integers(0, 256, (count, 224, 224, 3), dtype=np.uint8)
    exact = ours["fp32"]
    values = torch.from_numpy(exact.recipe.normalise(pixels))
    size = exact.batch_size

    def theirs() -> np.ndarray:
        with torch.inference_mode():
            return np.concatenate([peer(values[at : at + size]).numpy() for at in range(0, count, size)])

    def encoded(encoder: Vision) -> np.ndarray:
        parts = [encoder.encode_prepared(pixels[at : at + size], unit=False) for at in range(0, count, size)]
        return np.concatenate(parts)

    expected, found, rough = theirs(), encoded(exact), encoded(ours["bf16"])
    runs = [("peer", theirs), *((name, lambda one=one: encoded(one)) for name, one in ours.items())]
    seconds: dict[str, list[float]] = {name: [] for name, _ in runs}
    for _ in range(rounds):
        for name, run in runs:
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    cosines = (rough * found).sum(axis=1) / (np.linalg.norm(rough, axis=1) * np.linalg.norm(found, axis=1))
    rates = {name: common.median([count / spent for spent in taken]) for name, taken in seconds.items()}
    return {
        "difference": float(f"{np.abs(found - expected).max() / np.abs(expected).max():.1e}"),
        "bf16_min_cosine": round(float(cosines.min()), 6),
        "images_per_s": {"fp32": rates["fp32"], "bf16": rates["bf16"], "peer_fp32": rates["peer"]},
        "fp32_over_peer": common.significant(rates["fp32"] / rates["peer"]),
        "parameters_millions": round(exact.parameters / 1e6, 1),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="ResNet-50 alone, few pictures, one round")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    count, rounds = (4, 1) if options.quick else (16, 3)
    makers = (
        {"resnet50": resnet50}
        if options.quick
        else {"resnet50": resnet50, "vit_base_16": vit_base, "vgg16": vgg16}
    )
    found = {}
    for name, make in makers.items():
        common.say(name)
        found[name] = measure(make, count, rounds)
    result = {
        "name": "vision_parity",
        "networks": found,
        "largest_difference": max(one["difference"] for one in found.values()),
        "limit": LIMIT,
    }
    common.print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
