"""Learning a fusion."""

import sys

import numpy as np
import pytest

from tuwen.arrays import unit_rows
from tuwen.errors import InputError, MissingExtra
from tuwen.fusion import HEADS, Fusion
from tuwen.fusion.training import fit, mean_reciprocal_rank, ranks
from tuwen.fusion.triples import given

SHAPES, COLOURS = 12, 6


def changed(count, seed):
    """A thing of a shape and a colour, the words "in the next colour", and the thing in that colour."""
    axes = np.eye(SHAPES + COLOURS + 1, dtype=np.float32)
    random = np.random.default_rng(seed)
    shape, old = random.integers(0, SHAPES, count), random.integers(0, COLOURS, count)
    new = (old + 1) % COLOURS
    items = (axes[:SHAPES, None] + axes[None, SHAPES:-1]).reshape(-1, axes.shape[1])
    images = axes[shape] + axes[SHAPES + old]
    noise = 0.02 * random.normal(size=images.shape).astype(np.float32)
    words = np.repeat(axes[-1:], count, axis=0)
    return given(unit_rows(images + noise), words, unit_rows(items), shape * COLOURS + new)


LEARNED, CHOSEN, SCORED = changed(600, 0), changed(100, 1), changed(100, 2)
QUICK = {"epochs": 25, "learning_rate": 0.01}


@pytest.fixture(autouse=True)
def _torch():
    pytest.importorskip("torch")


@pytest.mark.parametrize("head", HEADS)
def test_what_is_learned_is_no_worse_than_the_sum(head):
    made = fit(Fusion(head=head, **QUICK), LEARNED, CHOSEN)
    best = mean_reciprocal_rank(made, CHOSEN)
    assert best >= made.course["before"]
    assert best == pytest.approx(max([made.course["before"], *made.course["validation"]]))
    assert len(made.course["loss"]) == len(made.course["validation"])


@pytest.mark.parametrize("head", ["mlp", "product", "attention"])
def test_a_network_learns_what_words_change_where_no_sum_can(head):
    by_sum = mean_reciprocal_rank(fit(Fusion(head="sum", **QUICK), LEARNED, CHOSEN), SCORED)
    learned = mean_reciprocal_rank(fit(Fusion(head=head, **QUICK), LEARNED, CHOSEN), SCORED)
    assert by_sum < 0.5
    assert learned > 0.9


def test_one_seed_gives_one_fusion():
    one, other = (fit(Fusion(head="mlp", epochs=2), LEARNED, CHOSEN) for _ in range(2))
    np.testing.assert_array_equal(
        one.transform(SCORED.images, SCORED.texts), other.transform(SCORED.images, SCORED.texts)
    )


def test_batches_of_one_teach_nothing_and_go_through():
    few = changed(3, 5)
    made = fit(Fusion(head="mlp", epochs=2, batch_size=1), few, CHOSEN)
    assert made.course["loss"] == [0.0, 0.0]
    assert made.course["epoch"] == 0


def test_a_loss_that_is_no_number_keeps_the_best_so_far(monkeypatch):
    import torch

    real, calls = torch.nn.functional.cross_entropy, []

    def spoiled(scores, rows):
        calls.append(1)
        return real(scores, rows) * (torch.nan if len(calls) > 4 else 1)

    monkeypatch.setattr(torch.nn.functional, "cross_entropy", spoiled)
    made = fit(Fusion(head="mlp", epochs=20), LEARNED, CHOSEN)
    assert made.course["stopped"] == "the loss is nan in epoch 2"  # of three steps each
    assert np.isfinite(made.transform(SCORED.images, SCORED.texts)).all()
    assert made.course["epoch"] <= 1


def test_places_count_equal_scores_and_leave_out_what_asks():
    items = np.eye(3, dtype=np.float32)
    made = given(items[:2], items[:2], items, np.array([0, 1]))
    asked = np.array([[1, 0, 0], [1, 1, 1]], dtype=np.float32)
    assert ranks(asked, made).tolist() == [1, 3]
    object.__setattr__(made, "own", np.array([-1, 0]))
    assert ranks(asked, made).tolist() == [1, 2]


def test_too_few_questions_are_refused():
    with pytest.raises(InputError, match="1 questions to learn from"):
        fit(Fusion(), changed(1, 0), CHOSEN)


def test_without_torch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"tuwen\[deep\]"):
        fit(Fusion(), LEARNED, CHOSEN)
