"""MS-COCO: restval belongs to train, ids of COCO find features, 5K and five times 1K."""

import numpy as np

from tiny_captions import names, rows_of, write_karpathy, write_precomputed, write_vectors
from tuwen.datasets.coco import Coco

PARTS = {"train": names("train", 2), "restval": ["rest-0"], "val": ["val-0"], "test": names("test", 5)}


def test_features_are_found_by_the_numbers_of_coco(tmp_path):
    write_karpathy(tmp_path / "dataset_coco.json", PARTS, coco=True)
    write_vectors(tmp_path / "features.npz", [str(1000 + row) for row in range(9)])
    splits = Coco(tmp_path).load()
    assert (splits.split, splits.features) == ("karpathy-5k", "encoded")
    assert splits.train.image_ids == ("train-0", "train-1", "rest-0")
    assert splits.test.images[:, 0].tolist() == [4, 5, 6, 7, 8]


def test_texts_of_coco_are_found_by_their_ids(tmp_path):
    write_karpathy(tmp_path / "dataset_coco.json", PARTS, coco=True)
    sentences = [str(number) for number in range(45)]
    write_vectors(tmp_path / "features.npz", [str(1000 + row) for row in range(9)], sentences)
    splits = Coco(tmp_path).load()
    assert splits.test.texts[:, 0].tolist() == list(range(20, 45))


def test_the_folds_make_up_the_whole_test_part(tmp_path):
    for part, images in (("train", PARTS["train"]), ("dev", PARTS["val"]), ("testall", names("test", 10))):
        write_precomputed(tmp_path, part, images, np.repeat(rows_of(len(images), 1), 5, axis=0))
    coco = Coco(tmp_path)
    whole = coco.load("karpathy-5k").test
    folds = [coco.load("karpathy-1k", seed=seed).test for seed in range(5)]
    assert sum((fold.captions for fold in folds), ()) == whole.captions
    assert np.concatenate([fold.images for fold in folds]).tolist() == whole.images.tolist()
    assert all(len(fold.image_ids) == 2 and len(fold.captions) == 10 for fold in folds)
