"""Two stages measured: the order, the bound, the gain, the choice of a weight."""

from dataclasses import replace

import numpy as np
import pytest

from tuwen import methods, metrics
from tuwen.bench.loading import prepare
from tuwen.bench.planning import plan
from tuwen.bench.twostage import Reranked, choose, judge_of, twostage
from tuwen.bench.worker import run_cell
from tuwen.errors import InputError, UnknownName
from tuwen.metrics.sources import as_scores
from tuwen.rerank import joined

QUERIES, ITEMS = 40, 60


@pytest.fixture
def task():
    """Scores of a rough stage and of a good one, and what is true."""
    rng = np.random.default_rng(3)
    true = np.zeros((QUERIES, ITEMS))
    true[np.arange(QUERIES), np.arange(QUERIES)] = 1
    rough = (true + rng.normal(0, 0.6, true.shape)).astype(np.float32)
    good = (3 * true + rng.normal(0, 0.6, true.shape)).astype(np.float32)
    pairs = np.column_stack([np.arange(QUERIES), np.arange(QUERIES)])
    return rough, good, metrics.by_pairs(pairs, queries=QUERIES, items=ITEMS)


def judge(good):
    return lambda row, near: good[row, near]


def test_judged_items_come_first_in_the_order_of_both(task):
    rough, good, _ = task
    made = Reranked(as_scores(rough), judge(good), depth=7, weight=2.0)
    order = np.argsort(-made.block(3, 4)[0], kind="stable")
    before = np.argsort(-rough[3], kind="stable")
    near = before[:7]
    assert order[:7].tolist() == near[np.argsort(-joined(rough[3, near], good[3, near], 2.0))].tolist()
    assert order[7:].tolist() == before[7:].tolist()
    assert made.weighted(0.0).block(0, QUERIES).argsort(axis=1).tolist() == rough.argsort(axis=1).tolist()


def test_the_gain_is_the_difference_and_the_bound_holds(task):
    rough, good, relevant = task
    found = twostage(rough, judge(good), relevant, depth=10)
    gain = found.both["hit@1"].value - found.first["hit@1"].value
    assert found.gains["hit@1"].difference == pytest.approx(gain)
    assert gain > 0.2
    assert found.gains["hit@1"].p < 0.01
    assert found.both["hit@1"].value <= found.bound
    assert found.both["hit@10"].value == found.bound == pytest.approx(
        metrics.measure(rough, relevant, [metrics.named("hit@10")])[0].value
    )  # fmt: skip
    assert found.ms > 0


def test_a_depth_beyond_the_items_judges_all(task):
    rough, good, relevant = task
    found = twostage(rough, judge(good), relevant, depth=1000, weight=1e9)
    alone = metrics.measure(good, relevant, [metrics.named("hit@1")])[0]
    assert found.depth == ITEMS
    assert found.both["hit@1"].value == alone.value
    assert found.bound == 1


def test_the_weight_is_chosen_on_what_is_given(task):
    rough, good, relevant = task
    noise = np.random.default_rng(0).normal(size=rough.shape)
    useful, useless = (Reranked(as_scores(rough), judge(one), 20) for one in (good, noise))
    assert choose([(useful, relevant)], (0.0, 1.0, 4.0))[0] > 0
    best, tried = choose([(useless, relevant)], (0.0, 4.0))
    assert best == 0
    assert tried[0.0] == metrics.measure(rough, relevant, [metrics.named("hit@1")])[0].value
    with pytest.raises(InputError, match="nothing to choose from"):
        choose([], (1.0,))


def test_codes_can_be_the_first_stage():
    codes = np.random.default_rng(1).integers(0, 256, (12, 2), dtype=np.uint8)
    made = Reranked(metrics.Codes(codes, codes), lambda row, near: -near.astype(np.float32), 3, 1e6)
    scores = made.block(0, 12)
    near = np.argsort(-metrics.Codes(codes, codes).block(0, 12).astype(float), axis=1, kind="stable")[:, :3]
    assert scores.argmax(axis=1).tolist() == near.min(axis=1).tolist()


def test_a_method_judges_both_ways():
    class Dot:
        def similarity(self, images, texts):
            return images @ texts.T

    rng = np.random.default_rng(0)
    images, texts = rng.normal(size=(5, 3)), rng.normal(size=(6, 3))
    near = np.array([4, 1])
    assert judge_of(Dot(), images, texts, turned=True)(2, near) == pytest.approx(images[near] @ texts[2])
    assert judge_of(Dot(), images, texts, turned=False)(2, near) == pytest.approx(texts[near] @ images[2])


def test_a_cell_can_have_a_second_stage(cell, cut_as, halves, tmp_path):
    cut_as(**halves)
    one = cell("cca", {"dim": 2}, metrics=("hit@1",))
    two = replace(one, options={"rerank": "cca,dim=3,ridge=0.1", "depth": "5"})
    plain, both = run_cell(one), run_cell(two)
    assert not both.error, both.error
    assert any("ms a query to rerank 5" in note for note in both.notes)
    assert both.protocols["i2t/hit@1"].endswith("depth=5; rerank=cca,dim=3,ridge=0.1")
    assert len(both.values["i2t/hit@1"]) == len(plain.values["i2t/hit@1"])
    kept = tmp_path / "kept"
    material = prepare(one)
    methods.find("cca")(dim=3, ridge=0.1).fit(*material.train.aligned).save(kept)
    again = run_cell(replace(one, options={"rerank": str(kept), "depth": "5"}))
    assert again.figures == both.figures
    assert run_cell(replace(two, options={"rerank": "cca,dim=oops", "depth": "5"})).error


def test_a_plan_has_each_cell_with_and_without(cut_as, halves):
    cut_as(**halves)
    cells = plan("wikipedia", ["cca", "jrl"], rerank="cca,dim=3", depth=7)
    assert [cell.options for cell in cells] == [{}, {}] + 2 * [{"rerank": "cca,dim=3", "depth": "7"}]
    with pytest.raises(UnknownName):
        plan("wikipedia", ["cca"], rerank="nothing")
    with pytest.raises(InputError, match="depth"):
        plan("wikipedia", ["cca"], rerank="cca", depth=0)
