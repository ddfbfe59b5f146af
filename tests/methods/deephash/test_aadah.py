"""AADAH's mask and its adversary."""

import pytest
import torch

from tuwen import methods
from tuwen.errors import InputError
from tuwen.methods.network import Batch

AADAH = methods.find("aadah")


@pytest.fixture
def built():
    """An unfitted AADAH of eight bits for features that are six and five wide, and a batch of them."""
    method = AADAH(bits=8, hidden=16, device="cpu")
    torch.manual_seed(0)
    method.net_ = method._build(6, 5, 2)
    x, y = torch.randn(8, 6), torch.randn(8, 5)
    return method, Batch(x, y, torch.eye(2)[[0, 1] * 4], torch.arange(8), 0.0)


def test_the_mask_cannot_attend_to_more_than_its_share(built):
    method, batch = built
    mask = method._mask(method.net_["image"](batch.x), "image")
    assert float(mask.min().detach()) >= 0
    assert float(mask.max().detach()) <= 1
    assert float(mask.mean(dim=1).max().detach()) <= 0.5 + 1e-6


def test_the_mask_raises_what_hashing_lowers(built):
    method, batch = built
    alike = batch.labels @ batch.labels.T

    def rest_of():
        return method._triplets(method._rest(batch.x, "image"), method._rest(batch.y, "text"), alike)

    before = rest_of()
    before.backward()
    mask, bits = method.net_["image_mask"].weight, method.net_["image_bits"].weight
    for weight, rises in ((mask, True), (bits, False)):
        kept = weight.detach().clone()
        with torch.no_grad():
            weight -= 1e-2 * weight.grad / weight.grad.norm()
            assert (rest_of() > before) == rises
            weight.copy_(kept)


def test_codes_are_made_of_what_is_attended_to(classes):
    images, texts, labels = classes
    method = AADAH(bits=16, hidden=32, epochs=10, learning_rate=0.01, validation=0.0, device="cpu")
    scores = method.fit(images, texts, labels).similarity(images, texts)
    same = labels[:, None] == labels
    assert scores[same].mean() > scores[~same].mean() + 6


def test_all_cannot_be_attended_to():
    with pytest.raises(InputError, match="attended is 1"):
        AADAH(attended=1)
