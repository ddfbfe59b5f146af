"""A user's own pairs, cut into parts."""

from __future__ import annotations

from pathlib import Path

from tuwen.datasets.cutting import hold_out
from tuwen.datasets.pairs import Splits, paired
from tuwen.errors import InputError, unknown
from tuwen.files import checksum, read_arrays

SPLITS = {"80/20": "80 % of the images to learn from, 20 % to score, drawn by the seed"}


def load_file(spec: str, split: str = "", features: str = "", *, seed: int = 0) -> Splits:
    """The pairs of a file, cut into parts.

    Args:
        spec: A path to .npz with `images`, `texts` and perhaps `labels`.
        split: One of `SPLITS`.
        features: Files have one set of features; must be empty.
        seed: Of the draw.

    Raises:
        InputError: The file holds no pairs, or there is no such split.
    """
    if features:
        raise InputError(f"features is {features!r}, but a file of pairs has one set; leave it out")
    split = split or "80/20"
    if split not in SPLITS:
        raise unknown("split of a file", split, SPLITS)
    path = Path(spec)
    arrays = read_arrays(path)
    missing = [name for name in ("images", "texts") if name not in arrays]
    if missing:
        raise InputError(f"{path} has no {' and no '.join(missing)}; it has {', '.join(sorted(arrays))}")
    train, test = hold_out(paired(arrays["images"], arrays["texts"], arrays.get("labels")), 0.2, seed)
    return Splits(spec, split, "", train=train, test=test, files={path.name: checksum(path)})
