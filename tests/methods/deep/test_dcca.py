"""Deep CCA against the closed form."""

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.methods.layers import correlations
from tuwen.methods.linear import canonical
from tuwen.methods.validation import both_ways


def test_the_loss_is_the_sum_of_the_canonical_correlations():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 4))
    y = x @ rng.normal(size=(4, 4)) + rng.normal(size=(200, 4))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    expected = canonical(x, y, 1e-6)[2]
    found = correlations(torch.from_numpy(x), torch.from_numpy(y), 1e-6)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_after_training_the_outputs_of_pairs_are_uncorrelated_but_with_each_other(classes):
    images, texts, _ = classes
    method = methods.find("dcca")(dim=3, hidden=16, epochs=10, validation=0.0, device="cpu").fit(
        images, texts
    )
    u, v = method._transform(images, "image"), method._transform(texts, "text")
    between = np.cov(u.T, v.T)
    np.testing.assert_allclose(between[:3, :3], np.eye(3), atol=0.06)
    across = between[:3, 3:]
    assert np.abs(across - np.diag(np.diag(across))).max() < 0.06
    assert (np.diag(across) > 0.5).all()


def test_outputs_without_any_spread_still_have_gradients():
    u = torch.randn(20, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    v = torch.ones(20, 4, requires_grad=True)
    correlations(u, v, 1e-3).sum().backward()
    assert torch.isfinite(u.grad).all()
    assert torch.isfinite(v.grad).all()


def test_an_epoch_is_judged_by_the_vectors_it_would_leave(classes):
    images, texts, labels = classes
    held = images[60:], texts[60:], labels[60:]
    method = methods.find("dcca")(dim=3, hidden=16, epochs=6, device="cpu").fit(
        images[:60], texts[:60], labels[:60], validation=held
    )
    kept = both_ways(method.similarity(*held[:2]), np.eye(3)[held[2]])
    assert method.curve_["validation"][method.epoch_ - 1] == pytest.approx(kept)
