"""The loop: steps, the best state, what stops it, going on after it was stopped."""

import math
import signal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from tuwen.errors import InputError
from tuwen.training.checkpoints import BEST, LAST
from tuwen.training.loop import train
from tuwen.training.task import Plan, Task

PLAN = Plan(epochs=3, batch_size=4, learning_rate=0.05, save_every=1, device="cpu")


class Line(Task):
    """A line through ten points, with noise of the batch and dropout; it may break at a step."""

    def __init__(self, *, noise=0.1, figures=None, at=None, then=None, fits=None):
        with torch.random.fork_rng([]):
            torch.manual_seed(1)
            self.module = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.2 if noise else 0.0), nn.Linear(8, 1))
        self.count, self.about = 10, {"layers": 2}
        random = np.random.default_rng(2)
        self.x = random.normal(size=(10, 3)).astype(np.float32)
        self.noise, self.figures, self.at, self.then, self.fits = noise, figures, at, then, fits
        self.seen = 0
        self.sizes = []

    def load(self, rows, seed):
        noise = np.random.default_rng(seed).normal(size=(len(rows), 3)) * self.noise
        return torch.from_numpy((self.x[rows] + noise).astype(np.float32))

    def loss(self, batch, progress):
        self.seen += 1
        self.sizes.append(len(batch))
        if self.fits is not None and len(batch) > self.fits:
            raise torch.OutOfMemoryError
        made = (self.module(batch)[:, 0] - batch.sum(dim=1)).square().mean()
        return self.then(made) if self.seen == self.at else made

    def validate(self):
        return self.figures.pop(0) if self.figures else -float(self.module[0].weight.detach().square().sum())


def weights(task):
    return torch.cat([one.detach().flatten() for one in task.module.parameters()])


def crash(loss):
    raise RuntimeError("power cut")


def ask_to_stop(loss):
    # what the signal would call: a real one may reach the process that runs the tests in parallel
    signal.getsignal(signal.SIGINT)(signal.SIGINT, None)
    return loss


def nan(loss):
    return loss * math.nan


@pytest.mark.parametrize(
    ("then", "error"), [(crash, RuntimeError), (ask_to_stop, KeyboardInterrupt)], ids=["crash", "ctrl-c"]
)
def test_a_run_that_goes_on_ends_as_one_that_was_never_disturbed(tmp_path, then, error):
    whole = Line()
    course = train(whole, PLAN, tmp_path / "whole")
    with pytest.raises(error):
        train(Line(at=5, then=then), PLAN, tmp_path / "parts")  # within the second epoch
    second = Line()
    resumed = train(second, PLAN, tmp_path / "parts", resume=True)
    assert second.seen < whole.seen
    assert torch.equal(weights(second), weights(whole))
    assert resumed.curve == course.curve
    assert resumed.step == course.step == 9


def test_a_crash_between_checkpoints_costs_only_the_steps_since_the_last(tmp_path):
    plan = Plan(**{**vars(PLAN), "save_every": 2})
    whole, second = Line(), Line()
    train(whole, plan, tmp_path / "whole")
    with pytest.raises(RuntimeError):
        train(Line(at=6, then=crash), plan, tmp_path / "parts")
    train(second, plan, tmp_path / "parts", resume=True)
    assert second.seen == 9 - 4
    assert torch.equal(weights(second), weights(whole))


@pytest.fixture
def listening():
    """Ctrl-C as a terminal has it; jobs in the background are started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_says_which_step_is_kept(listening, tmp_path):
    with pytest.raises(KeyboardInterrupt, match="step 2 of 9, which is kept"):
        train(Line(at=2, then=ask_to_stop), PLAN, tmp_path)
    assert (tmp_path / LAST).is_file()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_loss_that_is_no_number_ends_it_with_the_best_state(tmp_path):
    broken = Line(figures=[0.5], at=5, then=nan)
    course = train(broken, PLAN, tmp_path)
    assert course.stopped == "the loss is nan at step 5 of 9"
    assert (course.epoch, course.best_epoch, course.step) == (1, 1, 4)
    tensors = load_file(tmp_path / BEST)
    kept = torch.cat([tensors[f"weight/{name}"].flatten() for name, _ in broken.module.named_parameters()])
    assert torch.equal(weights(broken), kept)
    assert torch.isfinite(kept).all()


def test_a_loss_that_is_no_number_at_once_is_an_error_that_names_the_step(tmp_path):
    with pytest.raises(InputError, match="the loss is nan at step 2 of 9, before the first epoch ended"):
        train(Line(at=2, then=nan), PLAN, tmp_path / "often")
    assert (tmp_path / "often" / "last.safetensors").is_file()
    seldom = Plan(**{**vars(PLAN), "save_every": 100})
    with pytest.raises(InputError, match="before the first epoch ended: take a lower --rate"):
        train(Line(at=2, then=nan), seldom, tmp_path / "seldom")


def test_a_batch_that_does_not_fit_is_answered_with_one_that_does(tmp_path):
    plan = Plan(**{**vars(PLAN), "batch_size": 10})
    with pytest.raises(InputError, match=r"a batch of 10 does not fit on the GPU, 5 does: take --batch 5"):
        train(Line(fits=6), plan, tmp_path)


def test_batches_whose_gradients_are_summed_step_as_one(tmp_path):
    plan = {**vars(PLAN), "save_every": 100}
    large, small = Line(noise=0.0), Line(noise=0.0)
    train(large, Plan(**{**plan, "batch_size": 10}), tmp_path / "large")
    train(small, Plan(**{**plan, "batch_size": 5, "accumulate": 2}), tmp_path / "small")
    assert set(large.sizes) == {10}
    assert set(small.sizes) == {5}
    torch.testing.assert_close(weights(small), weights(large))


def test_the_state_that_was_best_on_validation_is_kept(tmp_path):
    task = Line(figures=[0.2, 0.1, 0.15])
    course = train(task, PLAN, tmp_path)
    last = load_file(tmp_path / LAST)
    final = torch.cat([last[f"weight/{name}"].flatten() for name, _ in task.module.named_parameters()])
    assert not torch.equal(weights(task), final)
    assert (course.best, course.best_epoch) == (0.2, 1)
    assert course.curve["validation"] == [0.2, 0.1, 0.15]
    assert len(course.curve["loss"]) == 3


def test_it_ends_when_it_gets_no_better(tmp_path):
    plan = Plan(**{**vars(PLAN), "epochs": 9, "patience": 2})
    course = train(Line(figures=[0.3, 0.2, 0.1, 0.9]), plan, tmp_path)
    assert course.epoch == 3
    assert course.stopped == "no better for 2 epochs"


def test_without_validation_the_last_epoch_is_kept(tmp_path):
    course = train(Line(figures=[math.nan] * 3), PLAN, tmp_path)
    assert course.best_epoch == 3


def test_the_rate_rises_and_then_falls_to_nearly_nothing(tmp_path):
    plan = Plan(**{**vars(PLAN), "epochs": 30, "warm_up": 0.5})
    course = train(Line(), plan, tmp_path)
    rates = course.curve["learning_rate"]
    highest = int(np.argmax(rates))
    assert 13 <= highest <= 16
    assert rates[:highest] == sorted(rates[:highest])
    assert max(rates) <= 0.05
    assert rates[-1] < 0.001


def test_a_checkpoint_of_other_settings_is_refused_with_the_difference(tmp_path):
    with pytest.raises(RuntimeError):
        train(Line(at=5, then=crash), PLAN, tmp_path)
    with pytest.raises(InputError, match=r"learning_rate 0\.05, but 0\.1 is asked for"):
        train(Line(), Plan(**{**vars(PLAN), "learning_rate": 0.1}), tmp_path, resume=True)
    other = Line()
    other.about = {"layers": 3}
    with pytest.raises(InputError, match="layers 2, but 3 is asked for"):
        train(other, PLAN, tmp_path, resume=True)


def test_one_pair_is_nothing_to_learn_from(tmp_path):
    task = Line()
    task.count = 1
    with pytest.raises(InputError, match="there are 1 pairs to learn from; 2 at least"):
        train(task, PLAN, tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("batch_size", 1, "compares pairs, so it needs 2"),
        ("epochs", 0, "must be 1 or more"),
        ("learning_rate", 0.0, "must be above 0"),
        ("warm_up", 1.0, "a share from 0 up to 1"),
        ("patience", -1, "must be 0 or more"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(name, value, said):
    with pytest.raises(InputError, match=said):
        Plan(**{name: value})
