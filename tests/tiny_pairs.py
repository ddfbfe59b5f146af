"""Made pictures of coloured shapes with captions, as a table that small encoders learn from."""

import csv
from itertools import islice, product

from PIL import Image, ImageDraw

COLOURS = {"red": (220, 30, 30), "green": (30, 170, 60), "blue": (30, 60, 220), "grey": (120, 120, 120)}
PLACES = {"up": (4, 4), "down": (4, 20), "right": (20, 4), "low": (20, 20)}


def write(folder, count=24, start=0, name="pairs.csv"):
    """`count` pictures of 36 pixels and one caption each; the path of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    scenes = product(COLOURS, COLOURS, PLACES)
    for number, (ground, colour, place) in enumerate(islice(scenes, start, start + count), start):
        picture = Image.new("RGB", (36, 36), COLOURS[ground])
        x, y = PLACES[place]
        opposite = tuple(255 - value for value in COLOURS[colour])
        ImageDraw.Draw(picture).rectangle((x, y, x + 11, y + 11), fill=opposite)
        picture.save(folder / f"{number:03}.png")
        rows.append((f"{number:03}.png", f"{ground} {colour} {place}"))
    with (folder / name).open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("image", "text"), *rows])
    return folder / name
