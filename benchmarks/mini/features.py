"""Features of the training pictures, several views each, by the distilled tower or by the teacher."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from distill import to_input
from student import Student
from teacher import Teacher
from torch import Tensor
from torch.nn import functional

from data import Pixels, data_folder, emoji_scenes, load_pixels, read_emoji, read_flickr

Extract = Callable[[Tensor], Tensor]


def view(pixels: Tensor, number: int, side: int, generator: torch.Generator) -> Tensor:
    """View ``number`` of pictures: 0 plain, 1 mirrored, others mild random crops; ``(n, side, side, 3)``."""
    count = len(pixels)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 1
    if number == 1:
        theta[:, 0, 0] = -1
    elif number > 1:
        size = torch.rand(count, 2, generator=generator) * 0.35 + 0.65
        theta[:, 0, 0] = size[:, 0] * (1 if number % 2 else -1)
        theta[:, 1, 1] = size[:, 1]
        theta[:, :, 2] = (1 - size) * (torch.rand(count, 2, generator=generator) * 2 - 1)
    source = pixels.permute(0, 3, 1, 2).float()
    if side < source.shape[-1]:
        source = functional.interpolate(source, (side, side), mode="bilinear", antialias=True)
    if number:
        grid = functional.affine_grid(theta, [count, 3, side, side], align_corners=False)
        source = functional.grid_sample(source, grid, padding_mode="border", align_corners=False)
    return source.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def extract(pixels: Pixels, number: int, side: int, network: Extract) -> np.ndarray:
    """Features ``(n, width)`` float16 of one view of the pictures."""
    generator = torch.Generator().manual_seed(number)
    parts = [
        network(view(torch.from_numpy(pixels[start : start + 25]), number, side, generator))
        for start in range(0, len(pixels), 25)
    ]
    return torch.cat(parts).numpy().astype(np.float16)


def main() -> None:
    """Write a features file for `text.py`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="data folder (default: TUWEN_DATA or ../shared/data)")
    parser.add_argument("--work", type=Path, default=Path("build/mini"))
    parser.add_argument("--teacher", action="store_true", help="use the teacher instead of the student")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--views", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="default: features.npz in the work folder")
    options = parser.parse_args()
    data = data_folder(options.data)
    torch.set_num_threads(options.threads)
    if options.teacher:
        teacher = Teacher(data / "weights", options.threads)

        def network(pixels: Tensor) -> Tensor:
            return teacher(pixels)[-1].mean((2, 3))

    else:
        student = Student()
        student.load_state_dict(torch.load(options.work / "distill.pt", weights_only=True)["average"])
        student = student.eval().to(memory_format=torch.channels_last)

        def network(pixels: Tensor) -> Tensor:
            features: Tensor = student(to_input(pixels).contiguous(memory_format=torch.channels_last))
            return features

    pools = {
        "flickr": [load_pixels([picture.path for picture in read_flickr(data, "train")])] * options.views,
        "emoji": [emoji_scenes([row[0] for row in read_emoji(data)], seed) for seed in range(2)],
    }
    features = {}
    with torch.inference_mode():
        for kind, pool in pools.items():
            # emoji are composed anew for each view, so that there is nothing left to vary
            parts = [
                extract(pixels, 0 if kind == "emoji" else number, options.side, network)
                for number, pixels in enumerate(pool)
            ]
            features[kind] = np.stack(parts)
    np.savez(options.out or options.work / "features.npz", **features)


if __name__ == "__main__":
    main()
