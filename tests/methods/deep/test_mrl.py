"""Learning from labels of which many are wrong."""

import numpy as np
import torch

from tuwen import methods
from tuwen.methods.layers import contrast

SMALL = {"dim": 8, "hidden": 16, "epochs": 30, "device": "cpu", "learning_rate": 0.01}


def noisy(labels, share=0.4):
    rng = np.random.default_rng(0)
    return np.where(rng.random(len(labels)) < share, rng.integers(0, 3, len(labels)), labels)


def test_with_wrong_labels_true_classes_are_still_found(classes):
    images, texts, labels = classes
    method = methods.find("mrl")(**SMALL).fit(images, texts, noisy(labels))
    scores, same = method.similarity(images, texts), labels[:, None] == labels
    assert scores[same].mean() > scores[~same].mean() + 0.3


def test_the_contrast_is_the_mean_cross_entropy_both_ways():
    u, v = torch.eye(2), torch.tensor([[0.8, 0.6], [0.6, 0.8]])
    scores = np.array([[0.8, 0.6], [0.6, 0.8]]) / 0.5
    expected = np.mean(np.log(np.exp(scores).sum(axis=1)) - np.diag(scores))
    assert abs(float(contrast(u, v, 0.5)) - expected) < 1e-6
