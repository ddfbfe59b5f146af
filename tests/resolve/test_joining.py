"""All evidence of a pair as one probability."""

import json

import numpy as np
import pytest

from tuwen.errors import Damaged, InputError
from tuwen.resolve.base import Evidence
from tuwen.resolve.joining import Joint, frame, join, log_loss, logistic, sigmoid, standardised


@pytest.fixture(scope="module")
def pairs():
    """Pairs whose true log odds are 2 a - 1; b says nothing and c speaks against."""
    random = np.random.default_rng(0)
    values = random.normal(size=(3000, 3))
    match = random.random(3000) < sigmoid(2 * values[:, 0] - 1 - 1.0 * values[:, 2])
    return Evidence(("a", "b", "c"), values.astype(np.float32)), match, np.arange(3000) // 3


def test_the_weight_of_evidence_is_found_and_is_never_negative(pairs):
    evidence, match, groups = pairs
    joint = join(evidence, match, groups).joint
    raw = joint.weights / joint.scale
    assert raw[0] == pytest.approx(2 / 1.16, abs=0.2)  # c is left out, which flattens the rest
    assert raw[1] < 0.15
    assert raw[2] == 0.0


def test_probabilities_of_pairs_left_out_are_calibrated(pairs):
    found = join(*pairs)
    match = pairs[1]
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        some = (found.probability >= low) & (found.probability < low + 0.2)
        assert found.probability[some].mean() == pytest.approx(match[some].mean(), abs=0.06)
    assert found.joint.loss == pytest.approx(log_loss(found.probability, match))
    assert (found.joint.matches, found.joint.others) == (match.sum(), (~match).sum())


def test_pairs_of_one_item_are_left_out_together():
    # every item has evidence of its own that tells its answer: useless for other items
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 5)
    answer = np.arange(40) % 2 == 0
    values = np.zeros((200, 41), dtype=np.float32)
    values[np.arange(200), groups] = np.where(answer[groups], 3, 0)
    values[:, 40] = random.normal(size=200)
    found = join(Evidence(tuple(map(str, range(41))), values), answer[groups], groups)
    assert found.joint.loss > 0.6  # a guess is log 2


def test_unknown_evidence_counts_as_average(pairs):
    evidence, match, groups = pairs
    joint = join(evidence, match, groups).joint
    values = np.array([[np.nan, 0, 0], [joint.centre[0], 0, 0]])
    one, two = joint.probability(Evidence(evidence.names, values))
    assert one == pytest.approx(two)


def test_evidence_that_never_differs_says_nothing():
    values = np.ones((4, 1))
    centre, scale = frame(values)
    assert (centre.tolist(), scale.tolist()) == ([1.0], [0.0])
    assert standardised(np.array([[7.0]]), centre, scale).tolist() == [[0.0]]


def test_too_few_labels_are_an_error(pairs):
    evidence = pairs[0]
    with pytest.raises(InputError, match="3 labelled matches and 2997 labelled non-matches"):
        join(evidence, np.arange(3000) < 3, np.arange(3000))


def test_soft_targets_are_learned_from_too():
    z = np.linspace(-2, 2, 200)[:, None]
    weights, bias = logistic(z, sigmoid(1.5 * z[:, 0] - 0.5), strength=1e6)
    assert (weights[0], bias) == pytest.approx((1.5, -0.5), abs=1e-3)


def test_a_saved_model_gives_the_same_probabilities(pairs, tmp_path):
    evidence, match, groups = pairs
    joint = join(evidence, match, groups).joint
    joint.save(tmp_path / "model.json")
    again = Joint.load(tmp_path / "model.json")
    assert again.probability(evidence).tolist() == joint.probability(evidence).tolist()
    assert (again.names, again.origin, again.loss) == (joint.names, "labels", joint.loss)


def test_a_model_takes_evidence_in_any_order_and_names_what_it_lacks(pairs):
    evidence, match, groups = pairs
    joint = join(evidence, match, groups).joint
    turned = Evidence(("c", "b", "a"), evidence.values[:, ::-1])
    assert joint.probability(turned) == pytest.approx(joint.probability(evidence))
    without = Evidence(("a", "b"), evidence.values[:, :2])  # c has no weight
    assert joint.probability(without) == pytest.approx(joint.probability(evidence))
    with pytest.raises(InputError, match="the model needs a"):
        joint.probability(Evidence(("b", "c"), evidence.values[:, 1:]))


@pytest.mark.parametrize("broken", ["nothing", {"format": 99}, {"format": 1}, [1]])
def test_a_file_that_is_no_model_is_damaged(tmp_path, broken):
    file = tmp_path / "model.json"
    file.write_text(json.dumps(broken) if broken != "nothing" else "{", encoding="utf-8")
    with pytest.raises(Damaged):
        Joint.load(file)


def test_the_shares_of_all_evidence_are_the_odds(pairs):
    evidence, match, groups = pairs
    joint = join(evidence, match, groups).joint
    odds = joint.shares(evidence.values[:5]).sum(axis=1) + joint.bias
    assert sigmoid(odds) == pytest.approx(joint.probability(evidence)[:5])
