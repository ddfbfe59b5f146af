"""Learning on: old pairs beside new ones, and less forgetting by what holds the vectors."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import tiny_duals  # noqa: E402
import tiny_pairs  # noqa: E402
from tuwen.encoders.clip import Clip  # noqa: E402
from tuwen.errors import InputError  # noqa: E402
from tuwen.records import Picture  # noqa: E402
from tuwen.training import clip, clip_pairs, replay  # noqa: E402
from tuwen.training.clip_network import DualNetwork  # noqa: E402
from tuwen.training.clip_pairs import Pairs  # noqa: E402
from tuwen.training.clip_task import ClipTask, Tuning  # noqa: E402

OLD, NEW = np.arange(16, 32), np.arange(16)


def made(names, texts, matches):
    pixels = {row: np.full((2, 2, 3), row, np.uint8) for row in range(len(names))}
    pictures = [Picture(path=name) for name in names]
    return Pairs(pictures, texts, np.array(matches), prepared=pixels)


def test_a_picture_or_text_of_both_is_one():
    new = made(["a", "b"], ["x", "y"], [(0, 0), (1, 1)])
    both = replay.joined(new, made(["c", "b"], ["y", "z"], [(0, 0), (1, 1), (0, 1)]))
    assert [picture.path for picture in both.pictures] == ["a", "b", "c"]
    assert both.texts == ["x", "y", "z"]
    assert both.matches.tolist() == [[0, 0], [1, 1], [2, 1], [1, 2], [2, 2]]
    assert both.prepared[2].max() == 0  # the old one's first picture


def test_old_pairs_are_a_share_of_an_epoch():
    assert replay.count(75, 1000, 0.25) == 25
    assert replay.count(75, 10, 0.25) == 10
    assert replay.count(75, 1000, 0.0) == 0
    with pytest.raises(InputError, match="replay_share is"):
        replay.count(75, 1000, 1.5)


def test_every_old_pair_has_its_turn():
    drawn = [replay.drawn(np.arange(10, 16), 4, 0, epoch) for epoch in range(3)]
    assert all(len(set(part)) == 4 for part in drawn)
    assert sorted(np.concatenate(drawn)) == sorted([*range(10, 16)] * 2)
    assert replay.drawn(np.arange(0), 0, 0, 5).tolist() == []


def steps(task, count, rate):
    """So many steps on all pairs of a task."""
    task.start_epoch(0, 0.0)
    optimizer = torch.optim.AdamW([one for one in task.network.parameters() if one.requires_grad], lr=rate)
    for number in range(count):
        task.network.train()
        optimizer.zero_grad()
        torch.manual_seed(number)
        task.step(task.load(np.arange(task.count), ()), 0.0, 1.0)
        optimizer.step()
    task.network.eval()


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """An encoder that has learned sixteen old pairs, its network, and the pairs."""
    folder = tmp_path_factory.mktemp("base")
    tiny_duals.chinese_clip_folder(folder)
    encoder = Clip.open(tiny_duals.without_dropout(folder), precision="fp32", device="cpu")
    network = DualNetwork(encoder, folder)
    new, old = (
        clip_pairs.read(str(tiny_pairs.write(tmp_path_factory.mktemp("data"), 16, start)), encoder)
        for start in (16, 0)
    )
    pairs = replay.joined(new, old)
    steps(task_of((encoder, network, pairs), OLD), 50, 2e-3)
    return encoder, network, pairs


def task_of(learned, rows, old=None, **tuning):
    encoder, network, pairs = learned
    tuning = Tuning(batch=64, **tuning)
    plan = clip.plan_for(tuning, device="cpu")
    return ClipTask(network, encoder, pairs, rows, rows[:0], plan=plan, tuning=tuning, old=old)


def gained(learned, old=None, **tuning):
    """Forgetting of the old pairs and gain on the new, in points, of ten steps on the new pairs."""
    encoder, network, pairs = learned
    start = copy.deepcopy(network.state_dict())
    before = [clip_pairs.recalls(pairs, encoder, rows) for rows in (OLD, NEW)]
    steps(task_of(learned, NEW, old, **tuning), 10, 1e-3)
    after = [clip_pairs.recalls(pairs, encoder, rows) for rows in (OLD, NEW)]
    network.load_state_dict(start)
    return replay.forgetting(before[0], after[0]), -replay.forgetting(before[1], after[1])


def test_keeping_and_replay_lower_forgetting(learned):
    lost, won = gained(learned)
    assert lost > 10
    assert won > 0
    kept, still_won = gained(learned, keep=0.5)
    assert kept < lost - 5
    assert still_won > 0
    assert gained(learned, OLD, replay_share=0.25)[0] < lost - 5


def test_forgetting_is_reported_beside_the_gain(tmp_path):
    tiny_duals.chinese_clip_folder(tmp_path / "base")
    new, old = (tiny_pairs.write(tmp_path / name, 24, start) for name, start in (("new", 0), ("old", 24)))
    tuning = Tuning(batch=8, keep=0.5)
    plan = clip.plan_for(tuning, epochs=1, learning_rate=1e-3, device="cpu")
    done = clip.tune(
        str(tmp_path / "base"), str(new), tmp_path / "out", plan=plan, tuning=tuning, replay=str(old)
    )
    assert done.pairs == (22, 2, 7)
    assert [row["direction"] for row in done.old_after] == ["i2t", "t2i"]
    lost = replay.forgetting(done.old_before, done.old_after)
    report = (tmp_path / "out" / "report.md").read_text()
    assert f"Forgetting: {lost:+.2f} points" in report
    assert "7 old ones an epoch" in report
