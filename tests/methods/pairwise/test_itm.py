"""The head over sets of states: padding says nothing, near misses teach, blocks change nothing."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tuwen import methods  # noqa: E402
from tuwen.errors import InputError  # noqa: E402


@pytest.fixture(scope="module")
def pairs():
    """Forty images of four parts and texts of three, the parts of a pair near one latent."""
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(40, 1, 6))
    sides = []
    for parts, width in ((4, 10), (3, 8)):
        near = latent + 0.3 * rng.normal(size=(40, parts, 6))
        sides.append((near @ rng.normal(size=(6, width))).astype(np.float32))
    return tuple(sides)


@pytest.fixture(scope="module")
def fitted(pairs):
    return methods.find("itm")(
        dim=16, hidden=32, layers=1, epochs=30, learning_rate=5e-3, batch_size=20, device="cpu"
    ).fit(*pairs)


def test_pairs_that_were_learned_score_above_others(fitted, pairs):
    scores = fitted.similarity(*pairs)
    own = np.diag(scores)
    assert own.mean() > scores[~np.eye(40, dtype=bool)].mean() + 0.5


def test_padding_says_nothing(fitted, pairs):
    images, texts = pairs
    padded = (np.pad(side[:5], ((0, 0), (0, 3), (0, 0))) for side in (images, texts))
    np.testing.assert_allclose(
        fitted.similarity(*padded), fitted.similarity(images[:5], texts[:5]), atol=1e-5
    )


def test_the_order_of_parts_says_nothing(fitted, pairs):
    images, texts = pairs
    turned = fitted.similarity(images[:5, ::-1], texts[:5, ::-1])
    np.testing.assert_allclose(turned, fitted.similarity(images[:5], texts[:5]), atol=1e-5)


def test_blocks_of_pairs_change_nothing(fitted, pairs, monkeypatch):
    whole = fitted.similarity(pairs[0][:6], pairs[1][:7])
    monkeypatch.setattr("tuwen.methods.pairwise.itm._CELLS", 400)
    np.testing.assert_allclose(fitted.similarity(pairs[0][:6], pairs[1][:7]), whole, atol=1e-6)


def test_an_image_with_nothing_in_it_has_a_score(fitted, pairs):
    scores = fitted.similarity(np.zeros((1, 4, 10)), pairs[1][:2])
    assert np.isfinite(scores).all()


def test_the_wrong_partner_is_drawn_among_those_that_look_right(fitted, pairs, monkeypatch):
    seen = []
    forward = type(fitted.net_).forward

    def watched(net, x, y):
        seen.append((x, y))
        return forward(net, x, y)

    monkeypatch.setattr(type(fitted.net_), "forward", watched)
    x, y = (torch.from_numpy(side[:4]) for side in pairs)
    near = torch.full((4, 4), -100.0)
    near[torch.arange(4), torch.tensor([1, 2, 3, 0])] = 100.0  # by image: the next text
    fitted._matching(x, y, near, torch.eye(4, dtype=torch.bool))
    assert torch.equal(seen[1][1], y[[1, 2, 3, 0]])  # each image with its near miss
    assert torch.equal(seen[2][0], x[[3, 0, 1, 2]])  # each text with the image that it is a near miss of


def test_wrong_settings_are_named():
    with pytest.raises(InputError, match="at least 1"):
        methods.find("itm")(layers=0)
    with pytest.raises(InputError, match="temperature is 0"):
        methods.find("itm")(temperature=0)
