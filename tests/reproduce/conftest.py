"""A small table of made figures, and made pairs to run it on."""

import json

import numpy as np
import pytest

from tuwen.reproduce.published import read

TABLE = {
    "name": "009-1",
    "paper": "nine",
    "title": "mAP on made pairs",
    "unit": "percent",
    "decimals": 1,
    "published": "made up",
    "classes": {"queries": [8, 8, 8], "items": [8, 8, 8], "says": "24 pairs"},
    "columns": [
        {"printed": "I2T", "direction": "i2t", "metric": "map"},
        {"printed": "T2I", "direction": "t2i", "metric": "map"},
        {"printed": "mean", "direction": "mean", "metric": "map"},
    ],
    "rows": [
        {"printed": "CCA", "reference": 1, "method": "cca", "values": ["36.0", "37.0", "36.5"]},
        {"printed": "SM", "reference": 2, "method": "sm", "values": ["70.0", "71.0", "75.0"]},
        {"printed": "Oracle", "reference": 3, "method": "oracle", "values": ["99.0", "99.0", "99.0"]},
    ],
    "groups": [{"name": "", "printed": "", "needs": "features that nobody has"}],
    "setups": [
        {
            "name": "plain",
            "says": "as it comes",
            "groups": [""],
            "data": "wikipedia",
            "split": "80/20",
            "features": "none such",
            "data_seeds": [0, 1],
            "codes": "vectors",
            "database": "part",
            "compares": True,
            "methods": {"cca": {"params": {"dim": 4}}},
        }
    ],
    "reasons": [
        {"kind": "chance", "says": "printed at chance"},
        {"kind": "features", "rows": ["SM"], "columns": ["t2i"], "says": "other features"},
    ],
    "errata": [],
}


@pytest.fixture
def made(tmp_path):
    """A function that reads the made table with some parts replaced."""

    def make(**changed):
        path = tmp_path / "009-1.json"
        path.write_text(json.dumps(TABLE | changed), encoding="utf-8")
        return read(path)

    return make


@pytest.fixture
def pairs(tmp_path):
    """A file of 120 pairs in three classes, 12 and 9 features wide."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    latent = np.eye(3)[labels] @ rng.normal(size=(3, 6)) * 2 + rng.normal(size=(120, 6))
    images, texts = latent @ rng.normal(size=(6, 12)), latent @ rng.normal(size=(6, 9))
    path = tmp_path / "pairs.npz"
    np.savez(path, images=images.astype(np.float32), texts=texts.astype(np.float32), labels=labels)
    return path
