"""The loop that all networks share: what is validated, what is kept, and what becomes of bad training."""

import json

import numpy as np
import pytest
import torch

from tuwen import methods
from tuwen.errors import InputError
from tuwen.methods.validation import both_ways, held_out

VSEPP = methods.find("vsepp")
SMALL = {"dim": 8, "hidden": 16, "epochs": 6, "device": "cpu"}


def test_the_epoch_that_is_best_on_validation_is_kept(classes, monkeypatch):
    values = iter([0.1, 0.5, 0.3, 0.2, 0.4, 0.1])
    monkeypatch.setattr("tuwen.methods.network.both_ways", lambda *_: next(values))
    method = VSEPP(**SMALL).fit(*classes)
    assert method.epoch_ == 2
    assert method.curve_["validation"].tolist() == [0.1, 0.5, 0.3, 0.2, 0.4, 0.1]
    assert len(method.curve_["loss"]) == 6


def test_training_ends_when_nothing_gets_better(classes, monkeypatch):
    monkeypatch.setattr("tuwen.methods.network.both_ways", lambda *_: 0.5)
    method = VSEPP(**SMALL | {"epochs": 50, "patience": 3}).fit(*classes)
    assert len(method.curve_["loss"]) == 4
    assert "3 epochs" in method.stopped_


def test_validation_pairs_may_be_given_and_are_not_learned_from(classes, monkeypatch):
    seen = []
    monkeypatch.setattr("tuwen.methods.network.both_ways", lambda scores, labels: seen.append(scores) or 0.0)
    images, texts, labels = classes
    given = images[:20], texts[:20], labels[:20]
    VSEPP(**SMALL).fit(images[20:], texts[20:], labels[20:], validation=given)
    assert {scores.shape for scores in seen} == {(20, 20)}


def test_without_validation_the_last_epoch_is_kept(classes):
    method = VSEPP(**SMALL, validation=0.0).fit(*classes)
    assert method.epoch_ == 6
    assert np.isnan(method.curve_["validation"]).all()


def test_a_loss_that_is_no_number_stops_with_the_last_good_epoch(classes, monkeypatch):
    step = VSEPP._step
    monkeypatch.setattr(
        VSEPP, "_step", lambda self, batch: step(self, batch) * (torch.nan if batch.progress > 0.4 else 1)
    )
    method = VSEPP(**SMALL, validation=0.0).fit(*classes)
    assert method.epoch_ == 3
    assert "the loss is nan at step 1 of epoch 4" in method.stopped_
    assert np.isfinite(method.transform(classes[0], "image")).all()


def test_how_training_went_is_told_in_plain_values(classes, tmp_path):
    fresh = VSEPP(**SMALL)
    assert fresh.course == {}
    method = fresh.fit(*classes)
    course = json.loads(json.dumps(method.course))
    assert course == methods.load(method.save(tmp_path) or tmp_path).course
    assert (len(course["loss"]), len(course["validation"]), course["stopped"]) == (6, 6, "")
    assert course["validation"][course["epoch"] - 1] == max(course["validation"])
    assert VSEPP(**SMALL, validation=0.0).fit(*classes).course["validation"] == []


def test_weights_that_a_step_spoils_are_not_kept(classes, monkeypatch):
    """The loss before the step was a number; its gradient was not."""
    step = VSEPP._step

    def spoiled(self, batch):
        loss = step(self, batch)
        return loss if batch.progress < 0.4 else loss + (loss * 0).sqrt()  # its slope at 0 is endless

    monkeypatch.setattr(VSEPP, "_step", spoiled)
    method = VSEPP(**SMALL, validation=0.0).fit(*classes)
    assert method.epoch_ == 3
    assert method.stopped_ == "weights are no numbers after epoch 4"
    assert np.isfinite(method.transform(classes[0], "image")).all()


def test_values_that_have_no_decomposition_stop_it_too(classes, monkeypatch):
    def undone(self, batch):
        raise torch.linalg.LinAlgError("it did not converge")

    monkeypatch.setattr(VSEPP, "_step", undone)
    with pytest.raises(InputError, match="the loss is nan at step 1 of epoch 1"):
        VSEPP(**SMALL).fit(*classes)


def test_a_loss_that_is_never_a_number_is_an_error(classes):
    with pytest.raises(InputError, match="at step 1 of epoch 1; lower learning_rate"):
        VSEPP(**SMALL, margin=1e39).fit(*classes)


def test_no_batch_is_left_with_one_pair(classes, monkeypatch):
    sizes = []
    step = VSEPP._step
    monkeypatch.setattr(VSEPP, "_step", lambda self, batch: sizes.append(len(batch.x)) or step(self, batch))
    VSEPP(**SMALL | {"epochs": 1}, batch_size=16, validation=0.0).fit(*(part[:33] for part in classes))
    assert sorted(sizes) == [11, 11, 11]


def test_there_is_at_least_one_epoch(classes):
    with pytest.raises(InputError, match="epochs is 0; it must be at least 1"):
        VSEPP(**SMALL | {"epochs": 0}).fit(*classes)


@pytest.mark.parametrize("size", [0, 1])
def test_batches_of_one_are_refused(classes, size):
    with pytest.raises(InputError, match=f"batch_size is {size}; a loss compares pairs"):
        VSEPP(**SMALL, batch_size=size).fit(*classes)


@pytest.mark.parametrize("name", ["vsepp", "mgah"])
def test_an_odd_count_leaves_no_batch_of_one(classes, name):
    method = methods.find(name)(hidden=8, epochs=2, batch_size=2, validation=0.0, device="cpu")
    sizes, step = [], type(method)._step
    method._step = lambda batch: sizes.append(len(batch.x)) or step(method, batch)
    method.fit(*(part[:31] for part in classes[:2]))
    assert sorted(sizes) == [2] * 28 + [3] * 2


def test_scores_that_are_no_numbers_end_it_with_the_epoch_before(classes, monkeypatch):
    scores = VSEPP.similarity
    calls = []

    def broken(self, images, texts):
        calls.append(1)
        return scores(self, images, texts) * (np.nan if len(calls) > 1 else 1)

    monkeypatch.setattr(VSEPP, "similarity", broken)
    method = VSEPP(**SMALL | {"epochs": 4}).fit(*classes)
    assert (method.epoch_, method.stopped_) == (1, "scores are no numbers after epoch 2")
    assert len(method.curve_["loss"]) == len(method.curve_["validation"]) == 1


def test_layers_are_at_least_one_wide(classes):
    with pytest.raises(InputError, match="a layer is -1 wide; hidden and dim"):
        VSEPP(**SMALL | {"hidden": -1}).fit(*classes)


def test_one_pair_is_too_few(classes):
    with pytest.raises(InputError, match="at least 2"):
        VSEPP(**SMALL).fit(*(part[:1] for part in classes))


def test_a_batch_that_does_not_fit_says_which_does(classes, monkeypatch):
    step = VSEPP._step

    def short_of_memory(self, batch):
        if len(batch.x) > 8:
            raise torch.OutOfMemoryError
        return step(self, batch)

    monkeypatch.setattr(VSEPP, "_step", short_of_memory)
    with pytest.raises(InputError, match="batch of 41 does not fit on the GPU, 5 does: batch_size=5"):
        VSEPP(**SMALL | {"epochs": 1}, batch_size=64).fit(*classes)


def test_weights_of_another_architecture_are_refused(classes, tmp_path):
    method = VSEPP(**SMALL).fit(*classes)
    method.hidden = 32
    method.save(tmp_path)
    with pytest.raises(InputError, match="another architecture"):
        methods.load(tmp_path)


def test_the_seed_of_the_caller_is_left_alone(classes):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    VSEPP(**SMALL).fit(*classes)
    assert torch.rand(1) == expected


def test_held_out_rows_are_a_part_of_their_own():
    rows, left = held_out(50, 0.1, seed=1)
    assert len(left) == 5
    assert sorted([*rows, *left]) == list(range(50))


def test_both_ways_is_the_mean_over_both_directions():
    scores = np.array([[0.9, 0.8], [0.7, 0.1]], dtype=np.float32)
    # partners: image 0 finds its text first, image 1 second; texts the same
    assert both_ways(scores, None) == pytest.approx(0.75)
    assert both_ways(scores, np.eye(2)) == pytest.approx(0.75)
