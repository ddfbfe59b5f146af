"""The hinge of VSE++."""

import numpy as np
import pytest
import torch

from tuwen.methods.layers import every_triplet, hardest_triplet

SCORES = torch.tensor([[0.9, 0.8, 0.1], [0.2, 0.5, 0.6], [0.0, 0.1, 0.7]])


def test_the_hardest_wrong_partner_counts():
    texts = [max(0, 0.2 + 0.8 - 0.9), max(0, 0.2 + 0.6 - 0.5), 0]  # of images asking
    images = [0, max(0, 0.2 + 0.8 - 0.5), max(0, 0.2 + 0.6 - 0.7)]  # of texts asking
    assert float(hardest_triplet(SCORES, 0.2)) == pytest.approx(np.sum([texts, images]) / 3, abs=1e-6)


def test_at_first_all_wrong_partners_count():
    assert float(every_triplet(SCORES, 0.2)) == pytest.approx((0.1 + 0.3 + 0.5 + 0.1) / 3, abs=1e-6)
