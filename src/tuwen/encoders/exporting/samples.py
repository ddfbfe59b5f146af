"""Inputs made by chance, for exports where no pictures and texts are at hand."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tuwen.encoders.inputs.tokens import Tokens


def pictures(count: int, seed: int = 0) -> list[Image.Image]:
    """Pictures of smooth colours with noise on top."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((320, 240), Image.Resampling.BICUBIC), dtype=np.int16)
        noisy = smooth + rng.integers(-20, 21, smooth.shape, dtype=np.int16)
        made.append(Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)))
    return made


def texts(count: int, tokens: Tokens, seed: int = 0) -> list[str]:
    """Texts of 3 to 30 entries of a vocabulary in a row."""
    rng = np.random.default_rng(seed)
    words = sorted(
        word.strip("#▁").removesuffix("</w>") for word in tokens.vocabulary() if word[:1] not in "[<"
    )
    words = [word for word in words if word] or ["a"]
    return [
        " ".join(words[place] for place in rng.integers(len(words), size=rng.integers(3, 31)))
        for _ in range(count)
    ]
