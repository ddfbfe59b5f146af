"""Which wrong partner counts."""

import pytest
import torch

from tuwen.methods.layers import semi_hard_triplet


def test_the_semi_hard_partner_is_the_hardest_below_the_own_one():
    scores = torch.tensor([[0.5, 0.9, 0.4], [0.0, 0.8, 0.1], [0.1, 0.2, 0.7]])
    texts = [0.2 + 0.4 - 0.5, 0, 0]  # 0.9 is above the own text of image 0
    images = [0, 0, 0]  # text 1's hardest image, 0.9, is above its own
    assert float(semi_hard_triplet(scores, 0.2)) == pytest.approx(sum(texts + images) / 3, abs=1e-6)
