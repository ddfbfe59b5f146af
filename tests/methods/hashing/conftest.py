"""Fixtures that tests of hashing methods share."""

import numpy as np
import pytest
from scipy.io import loadmat

from tuwen.metrics import Codes, by_labels, mean_ap


@pytest.fixture(scope="session")
def classes():
    """Ninety pairs in three classes, 12 and 9 features wide, and their class numbers."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    latent = np.eye(3)[labels] @ rng.normal(size=(3, 6)) * 2 + rng.normal(size=(90, 6))
    images = latent @ rng.normal(size=(6, 12)) + 0.3 * rng.normal(size=(90, 12)) + 1
    texts = latent @ rng.normal(size=(6, 9)) + 0.3 * rng.normal(size=(90, 9)) - 2
    return images.astype(np.float32), texts.astype(np.float32), labels


@pytest.fixture(scope="session")
def wikipedia(data_folder):
    """The official split, train and test: 128-wide images, 10-wide texts and class numbers of each."""
    folder = data_folder / "wikipedia"
    if not (folder / "raw_features.mat").is_file():
        pytest.skip("no Wikipedia features in the test data")
    values = loadmat(folder / "raw_features.mat")

    def labels(name):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        return np.array([int(line.split("\t")[-1]) - 1 for line in lines])

    train = values["I_tr"], values["T_tr"], labels("trainset_txt_img_cat.list")
    return train, (values["I_te"], values["T_te"], labels("testset_txt_img_cat.list"))


@pytest.fixture(scope="session")
def scored(wikipedia):
    """A function of a hasher: fitted on Wikipedia, mAP of images asking and of texts asking, by database."""
    (images, texts, labels), (query_images, query_texts, query_labels) = wikipedia

    def score(hasher):
        hasher.fit(images, texts, labels)
        asks = hasher.transform(query_images, "image"), hasher.transform(query_texts, "text")
        bases = {"modality": (hasher.transform(texts, "text"), hasher.transform(images, "image"))}
        if hasher.fuses:
            bases["fused"] = (hasher.database_codes(images, texts),) * 2
        true = by_labels(query_labels, labels)
        return {
            name: [mean_ap(Codes(a, b), true).mean for a, b in zip(asks, pair, strict=True)]
            for name, pair in bases.items()
        }

    return score
