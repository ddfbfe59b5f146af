"""Generalised pooling."""

import numpy as np
import torch

from tuwen.methods.deep.gpo import GPO, Pooling

rng = np.random.default_rng(2)
IMAGES = rng.normal(size=(8, 4, 6)).astype(np.float32)
TEXTS = rng.normal(size=(8, 3, 6)).astype(np.float32)
SMALL = {"dim": 8, "epochs": 2, "device": "cpu", "validation": 0.0}


def test_weights_of_ranks_sum_to_one_over_the_size_of_the_set():
    weights = Pooling().weights(torch.tensor([4, 2, 0])).detach()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))
    assert not weights[1, 2:].any()
    assert weights.shape == (3, 4)


def test_values_are_weighed_by_their_rank_in_each_column():
    pool = Pooling()
    pool.weights = lambda lengths: torch.tensor([[0.5, 0.3, 0.2]])
    parts = torch.tensor([[[1.0, 9.0], [3.0, 7.0], [2.0, 8.0]]])
    pooled = pool(parts, torch.ones(1, 3, dtype=torch.bool))
    torch.testing.assert_close(pooled, torch.tensor([[1.5 + 0.6 + 0.2, 4.5 + 2.4 + 1.4]]))


def test_padding_and_the_order_of_regions_change_nothing():
    method = GPO(**SMALL).fit(IMAGES, TEXTS)
    padded = np.pad(IMAGES, ((0, 0), (1, 2), (0, 0)))
    np.testing.assert_allclose(
        method.transform(padded, "image"), method.transform(IMAGES, "image"), atol=1e-5
    )
    np.testing.assert_allclose(
        method.transform(IMAGES[:, ::-1], "image"), method.transform(IMAGES, "image"), atol=1e-5
    )


def test_an_empty_set_is_a_row_of_zeros():
    assert not GPO(**SMALL).fit(IMAGES, TEXTS).transform(TEXTS[:1] * 0, "text").any()
