"""The gradient of a large batch, computed in small ones, is that of the large one."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from tuwen.training import cached, clip_losses  # noqa: E402

PAIRS = 12


def network(dropout=0.0):
    torch.manual_seed(0)
    towers = {
        name: nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 4)) for name in "uv"
    }
    return nn.ModuleDict(towers), nn.Parameter(torch.tensor(2.0))


def run(sizes, *, dropout=0.0, seed=3, frozen=False):
    """Loss and gradients of PAIRS pairs, cut into chunks of these sizes."""
    towers, scale = network(dropout)
    towers["u"].requires_grad_(not frozen)
    x, y = torch.randn(2, PAIRS, 6, generator=torch.Generator().manual_seed(1))
    own = torch.eye(PAIRS, dtype=torch.bool)

    def encode(chunk):
        return tuple(
            nn.functional.normalize(towers[name](part), dim=-1)
            for name, part in zip("uv", chunk, strict=True)
        )

    chunks = list(zip(x.split(sizes), y.split(sizes), strict=True))
    loss = cached.backward(chunks, encode, lambda u, v: clip_losses.infonce(u, v, scale, own), seed=seed)
    return loss, [*(one.grad for one in towers.parameters()), scale.grad]


@pytest.mark.parametrize("sizes", [[4, 4, 4], [5, 7], [1] * PAIRS])
def test_chunks_give_the_loss_and_gradient_of_the_whole(sizes):
    loss, gradients = run([PAIRS])
    other, others = run(sizes)
    assert other == pytest.approx(loss, abs=1e-6)
    assert all(torch.allclose(one, two, atol=1e-6) for one, two in zip(gradients, others, strict=True))
    assert gradients[0].abs().max() > 1e-3


def test_the_whole_is_what_autograd_gives():
    loss, gradients = run([PAIRS])
    towers, scale = network()
    x, y = torch.randn(2, PAIRS, 6, generator=torch.Generator().manual_seed(1))
    u, v = nn.functional.normalize(towers["u"](x), dim=-1), nn.functional.normalize(towers["v"](y), dim=-1)
    plain = clip_losses.infonce(u, v, scale, torch.eye(PAIRS, dtype=torch.bool))
    plain.backward()
    assert float(plain.detach()) == pytest.approx(loss, abs=1e-7)
    expected = [*(one.grad for one in towers.parameters()), scale.grad]
    assert all(torch.allclose(one, two, atol=1e-7) for one, two in zip(gradients, expected, strict=True))


def test_dropout_is_the_same_when_a_chunk_is_computed_again():
    # were it drawn anew, the gradient would not be that of the loss: compare with small steps along it
    towers, scale = network(dropout=0.5)
    x, y = torch.randn(2, PAIRS, 6, generator=torch.Generator().manual_seed(1))
    own = torch.eye(PAIRS, dtype=torch.bool)
    chunks = list(zip(x.split(4), y.split(4), strict=True))

    def value():
        towers.zero_grad()
        return cached.backward(
            chunks,
            lambda chunk: tuple(
                nn.functional.normalize(towers[name](part), dim=-1)
                for name, part in zip("uv", chunk, strict=True)
            ),
            lambda u, v: clip_losses.infonce(u, v, scale, own),
            seed=5,
        )

    with torch.random.fork_rng():
        value()
        weight = towers["u"][0].weight
        direction, step = weight.grad.clone(), 1e-3
        weight.data += step * direction
        above = value()
        weight.data -= 2 * step * direction
        below = value()
    assert (above - below) / (2 * step) == pytest.approx(float((direction**2).sum()), rel=0.02)


def test_a_frozen_side_gets_no_gradient():
    _, gradients = run([6, 6], frozen=True)
    assert [one is None for one in gradients] == [True] * 4 + [False] * 5


def test_a_loss_that_is_no_number_gives_no_gradient():
    towers, _ = network()
    found = cached.backward(
        [(torch.ones(2, 6), torch.ones(2, 6))],
        lambda chunk: (towers["u"](chunk[0]), towers["v"](chunk[1])),
        lambda u, v: (u * v).sum() * torch.nan,
    )
    assert found != found
    assert all(one.grad is None for one in towers.parameters())
