"""Fixtures that tests of methods with real values share."""

import numpy as np
import pytest
from scipy.io import loadmat

from tuwen.metrics import mean_ap


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
    """A function of a method: fitted on Wikipedia, mAP@all of images asking texts and of texts asking images.

    Queries and items are the 693 of the test split.
    """
    train, (images, texts, labels) = wikipedia
    relevant = labels[:, None] == labels

    def score(method, **options):
        scores = method.fit(*train).similarity(images, texts, **options)
        return [mean_ap(np.ascontiguousarray(side), relevant).value for side in (scores, scores.T)]

    return score
