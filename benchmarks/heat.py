"""Heat maps: do they point where the answer is?

Mosaics: four photographs of Flickr8k val side by side, two above two, asked with a caption of one of them. A
map points right when its largest value lies in that quarter (chance 0.25); its share there is how much of
all heat does. By `mini`, as it covers parts in turn. How large the cover is was chosen on mosaics of one half
of val; the figures are of the other.

Scenes: a small vision transformer is trained as CLIP is, on noise with two coloured shapes and their names,
and asked for one of the shapes in new scenes. A map points right when its largest value is no further than
five of 32 pixels from the middle of the shape, across and down. Compares covering parts with the patches in
the common space: as the last layer leaves them, and as the encoder of the CLIP family gives them.

    python benchmarks/heat.py --json
"""

from __future__ import annotations

import argparse
import csv
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from common import data_folder, median, print_result, say, significant
from tuwen import encoders
from tuwen.encoders.callables import Callables
from tuwen.heat import heat_of

WIDTH, HEIGHT = 448, 336
SIDE, PATCH, SHAPES = 32, 4, 7  # pixels of a scene, a patch, a shape
COLOURS = ("dc1e1e", "1eaa3c", "1e3cdc", "ebdc28", "8c28aa", "28c8d2", "0f0f0f", "f5f5f5")
MEAN, DEVIATION = 127.5, 63.75


def captions(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Captions by picture and language."""
    found: dict[str, dict[str, list[str]]] = {}
    with (folder / "val.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["image"], {}).setdefault(row["language"], []).append(row["caption"])
    return found


def mosaics(folder: Path, count: int) -> dict[str, Any]:
    texts, chance, encoder = captions(folder), random.Random(1), encoders.load("mini")
    names = sorted(texts)
    random.Random(0).shuffle(names)
    found: dict[str, list[tuple[bool, float]]] = {"en": [], "zh": []}
    seconds = []
    for turn in range(count):
        four, place = chance.sample(names[len(names) // 2 :], 4), chance.randrange(4)
        picture = Image.new("RGB", (WIDTH, HEIGHT))
        for at, name in enumerate(four):
            corner = (at % 2 * WIDTH // 2, at // 2 * HEIGHT // 2)
            with Image.open(folder / name) as one:
                picture.paste(one.convert("RGB").resize((WIDTH // 2, HEIGHT // 2)), corner)
        language = ("en", "zh")[turn % 2]
        vector = encoder.encode_texts([chance.choice(texts[four[place]][language])])[0]
        start = time.perf_counter()
        shares = heat_of(encoder, picture, vector).shares()
        seconds.append(time.perf_counter() - start)
        half = len(shares) // 2
        quarters = shares.reshape(2, half, 2, half).transpose(0, 2, 1, 3).reshape(4, -1)
        right = quarters.max(axis=1).argmax() == place
        found[language].append((right, quarters[place].sum() / max(shares.sum(), 1e-9)))
    figures = {}
    for language, rows in found.items():
        points, share = np.mean(rows, axis=0).tolist()
        figures[language] = {"points_right": round(points, 3), "share_of_heat": round(share, 3)}
    return {"mosaics": count, **figures, "milliseconds": median([1000 * each for each in seconds])}


def scenes(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scenes (n, side, side, 3) uint8, which two shapes are in them (n, 2), and their middles (n, 2, 2)."""
    colours = [tuple(bytes.fromhex(each)) for each in COLOURS]
    down, across = np.mgrid[:SHAPES, :SHAPES] - SHAPES // 2
    masks = [np.full_like(down, 1) > 0, down**2 + across**2 <= 10, abs(across) <= (down + 3) / 2]
    pixels = rng.uniform(76, 179, (count, 1, 1, 3)) + rng.normal(0, 20, (count, SIDE, SIDE, 3))
    pixels = pixels.clip(0, 255).astype(np.uint8)
    kinds, middles = np.empty((count, 2), int), np.empty((count, 2, 2), int)
    for row in range(count):
        kinds[row] = rng.choice(len(colours) * len(masks), 2, replace=False)
        for part, cell in enumerate(rng.choice(16, 2, replace=False)):
            top, left = np.array(divmod(cell, 4)) * SIDE // 4 + rng.integers(0, 2, 2)
            spot = pixels[row, top : top + SHAPES, left : left + SHAPES]
            spot[masks[kinds[row, part] % 3]] = colours[kinds[row, part] // 3]
            middles[row, part] = top + SHAPES // 2, left + SHAPES // 2
    return pixels, kinds, middles


def trained(steps: int, rng: np.random.Generator) -> tuple[Any, np.ndarray, float]:
    """A tower trained on scenes, the unit vectors of the shapes' names, and the loss at the end."""
    import torch
    from torch.nn import functional
    from transformers import CLIPVisionConfig, CLIPVisionModel

    from tuwen.encoders.networks.towers import ImageTower

    torch.manual_seed(0)
    config = CLIPVisionConfig(
        hidden_size=64, intermediate_size=192, num_hidden_layers=4, num_attention_heads=4,
        image_size=SIDE, patch_size=PATCH,
    )  # fmt: skip
    tower = ImageTower(CLIPVisionModel(config), torch.nn.Linear(64, 48, bias=False))
    names = torch.nn.Embedding(3 * len(COLOURS), 48)
    optimiser = torch.optim.AdamW([*tower.parameters(), *names.parameters()], 1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-3, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        pixels, kinds, _ = scenes(rng, 64)
        images = functional.normalize(tower(_normalised(pixels)), dim=-1)
        texts = functional.normalize(names(torch.from_numpy(kinds)).sum(dim=1), dim=-1)
        scores, answers = 14 * images @ texts.T, torch.arange(64)
        loss = functional.cross_entropy(scores, answers) + functional.cross_entropy(scores.T, answers)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 200 == 0:
            say(f"step {step} of {steps}: loss {loss.item() / 2:.3f}")
    vectors = functional.normalize(names.weight, dim=-1).detach().numpy()
    return tower.eval().requires_grad_(False), vectors, loss.item() / 2


def made(steps: int, count: int) -> dict[str, Any]:
    """How often each way points at the shape that is asked for."""
    from torch.nn import functional

    rng = np.random.default_rng(0)
    tower, names, loss = trained(steps, rng)
    pixels, kinds, middles = scenes(rng, count)
    values, questions = _normalised(pixels), names[kinds[:, 0]]
    last = tower.network.post_layernorm(tower.patches(values))
    encoder = Callables(name="scenes", width=48, size=SIDE, images=lambda some: tower(_normalised(some)))
    maps = {
        "covered": [
            heat_of(encoder, Image.fromarray(scene), question).values
            for scene, question in zip(pixels, questions, strict=True)
        ]
    }
    for name, patches in (("patches", tower.dense(values)), ("last_layer", tower.projection(last))):
        rows = functional.normalize(patches, dim=-1).numpy()
        side = SIDE // PATCH
        maps[name] = list(np.einsum("npd,nd->np", rows, questions).reshape(count, side, side))
    return {
        "scenes": count,
        "loss": significant(loss),
        "points_right": {name: round(_pointing(found, middles[:, 0]), 3) for name, found in maps.items()},
    }


def _normalised(pixels: np.ndarray) -> Any:
    import torch

    return torch.from_numpy((pixels.transpose(0, 3, 1, 2).astype(np.float32) - MEAN) / DEVIATION)


def _pointing(maps: list[np.ndarray], middles: np.ndarray) -> float:
    """The share of maps whose largest value is within five pixels of the middle, across and down."""
    right = []
    for values, middle in zip(maps, middles, strict=True):
        cell = SIDE / len(values)
        place = (np.array(np.unravel_index(values.argmax(), values.shape)) + 0.5) * cell - 0.5
        right.append(np.abs(place - middle).max() <= 5)
    return float(np.mean(right))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fewer pictures and steps")
    options = parser.parse_args()
    result: dict[str, Any] = {"name": "heat"}
    data = data_folder()
    if data is None or not (data / "flickr8k").is_dir():
        result["flickr8k"] = "skipped: set TUWEN_DATA to a folder that holds it"
    else:
        say("asking mosaics of photographs")
        result["flickr8k"] = mosaics(data / "flickr8k", 10 if options.quick else 200)
    result["made"] = made(50 if options.quick else 1000, 20 if options.quick else 200)
    print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
