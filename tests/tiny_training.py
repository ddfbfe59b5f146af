"""A dozen made pictures with texts in both languages, and networks small enough to train in a test."""

import csv

import numpy as np
from PIL import Image

from tuwen.training.task import Plan

IMAGE, TEXT = "resnet18,width=4", "bert,layers=1,width=16,heads=2,length=16"
PLAN = Plan(epochs=2, batch_size=4, learning_rate=3e-3, device="cpu", seed=1)
COLOURS = {"red": ("红", (220, 30, 30)), "green": ("绿", (30, 170, 60)), "blue": ("蓝", (30, 60, 220))}


def write_pairs(folder, count=12, *, labels=True, extra=()):
    """`pairs.csv` with a picture of plain colour a row pair, an English and a Chinese text each."""
    random = np.random.default_rng(3)
    rows = []
    for number in range(count):
        name = list(COLOURS)[number % len(COLOURS)]
        chinese, colour = COLOURS[name]
        noise = random.normal(0, 12, (40, 36, 3))
        Image.fromarray(np.clip(noise + colour, 0, 255).astype(np.uint8)).save(folder / f"{number}.png")
        rows += [
            (f"{number}.png", f"a {name} picture number {number}", name),
            (f"{number}.png", f"{chinese}色的图{number}", name),
        ]
    with (folder / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "text", "label")[: 3 if labels else 2])
        writer.writerows(row[: 3 if labels else 2] for row in [*rows, *extra])
    return folder / "pairs.csv"
