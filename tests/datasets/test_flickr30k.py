"""Flickr30k: Karpathy's file with own features, and precomputed regions."""

import numpy as np

from tiny_captions import names, write_karpathy, write_precomputed, write_vectors
from tuwen.datasets.flickr30k import Flickr30k

PARTS = {"train": names("train", 3), "val": names("val", 2), "test": names("test", 2)}


def test_karpathys_split_goes_with_own_features(tmp_path):
    write_karpathy(tmp_path / "dataset_flickr30k.json", PARTS)
    write_vectors(tmp_path / "features.npz", [f"{name}.jpg" for part in PARTS.values() for name in part])
    splits = Flickr30k(tmp_path).load()
    assert (splits.split, splits.features) == ("karpathy", "encoded")
    assert [list(part.image_ids) for part in (splits.train, splits.val, splits.test)] == list(PARTS.values())
    assert splits.test.images[:, 0].tolist() == [5, 6]


def test_precomputed_regions_are_averaged(tmp_path):
    for part, images in zip(("train", "dev", "test"), PARTS.values(), strict=True):
        regions = np.arange(len(images) * 4, dtype=np.float32).reshape(len(images), 2, 2)
        write_precomputed(tmp_path, part, images, regions)
    splits = Flickr30k(tmp_path).load()
    assert splits.features == "regions-mean"
    assert splits.test.images.tolist() == [[1, 2], [5, 6]]
    assert splits.test.captions[5] == "test-1 caption 0" and len(splits.val.captions) == 10
