"""The heads: what they compute, how they begin, how they are kept."""

import json

import numpy as np
import pytest

from tuwen.arrays import unit_rows
from tuwen.errors import Damaged, InputError, NotFittedError, UnknownName
from tuwen.fusion import HEADS, Fusion, load, opened
from tuwen.fusion.heads import first, joined

rng = np.random.default_rng(0)
U, V = (unit_rows(rng.normal(size=(5, 6)).astype(np.float32)) for _ in range(2))


def learned(head, seed=0):
    """A fusion with weights of its own, as training leaves it."""
    made = Fusion(head=head, seed=seed)
    made.weights = {
        name: np.random.default_rng(1).normal(size=values.shape).astype(np.float32)
        for name, values in first(head, 6, seed).items()
    }
    made.course = {"width": 6, "epoch": 3}
    return made


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize("head", HEADS)
def test_every_head_begins_as_the_sum_of_both(head):
    np.testing.assert_allclose(joined(np, head, first(head, 6, 0), U, V), (U + V) / 2, atol=1e-6)


@pytest.mark.parametrize("head", HEADS)
def test_numpy_and_torch_compute_the_same(head):
    torch = pytest.importorskip("torch")
    weights = learned(head).weights
    tensors = {name: torch.from_numpy(values) for name, values in weights.items()}
    found = joined(torch, head, tensors, torch.from_numpy(U), torch.from_numpy(V)).numpy()
    np.testing.assert_allclose(found, joined(np, head, weights, U, V), atol=1e-5)


def test_the_formulas_are_those_of_the_docstring():
    for head in HEADS:
        w = learned(head).weights
        found = joined(np, head, w, U, V)
        for row, (u, v) in enumerate(zip(U, V, strict=True)):
            s = sigmoid(w["balance"][0])
            if head == "attention":
                asked = (u + v) @ w["ask"]
                heights = np.array([asked @ (u @ w["key"]), asked @ (v @ w["key"])]) / np.sqrt(6)
                heights[0] += w["balance"][0]
                s = np.exp(heights[0]) / np.exp(heights).sum()
            wanted = s * u + (1 - s) * v
            if head == "product":
                wanted = wanted + ((u @ w["left"]) * (v @ w["right"])) @ w["out"]
            if head == "mlp":
                wanted = wanted + np.maximum(u @ w["left"] + v @ w["right"] + w["bias"], 0) @ w["out"]
            if head == "attention":
                wanted = wanted + np.maximum(wanted @ w["left"], 0) @ w["out"]
            np.testing.assert_allclose(found[row], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("head", HEADS)
def test_a_fusion_that_was_kept_gives_the_same(head, tmp_path):
    made = learned(head)
    made.save(tmp_path)
    np.testing.assert_array_equal(load(tmp_path).transform(U, V), made.transform(U, V))
    np.testing.assert_allclose(np.linalg.norm(made.transform(U * 7, V), axis=1), 1, atol=1e-5)
    assert load(tmp_path).params == made.params
    assert opened(tmp_path) is opened(tmp_path)


def change(folder, **changes):
    path = folder / "fusion.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"params": {"head": "sum"}}, "another architecture"),
        ({"params": {"heads": "mlp"}}, "of this version"),
        ({"params": {"head": "mlp", "epochs": 0}}, "of this version"),
        ({"state": {"dict": {}}}, "of this version"),
    ],
)
def test_a_fusion_of_another_architecture_is_refused(tmp_path, changes, message):
    learned("mlp").save(tmp_path)
    change(tmp_path, **changes)
    with pytest.raises(Damaged, match=message):
        load(tmp_path)


def test_a_folder_without_a_fusion_says_so(tmp_path):
    with pytest.raises(Damaged, match=r"no saved fusion: fusion\.json"):
        opened(tmp_path)


def test_what_cannot_be_joined_is_named(tmp_path):
    made = learned("sum")
    with pytest.raises(InputError, match="both need rows of width 6"):
        made.transform(U, V[:3])
    with pytest.raises(InputError, match="both need rows of width 6"):
        made.transform(U[:, :4], V[:, :4])
    with pytest.raises(NotFittedError, match="not fitted"):
        Fusion().transform(U, V)
    made.encoder, made.fingerprint = "mini", "abc"
    made.check(tmp_path, "abc", 6)
    made.check(tmp_path, "", 6)
    with pytest.raises(InputError, match="learned in the space of mini"):
        made.check(tmp_path, "abd", 6)
    with pytest.raises(InputError, match="has 7"):
        made.check(tmp_path, "abc", 7)


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"head": "mpl"}, UnknownName, "did you mean 'mlp'"),
        ({"epochs": 0}, InputError, "epochs is 0"),
        ({"temperature": 0.0}, InputError, "temperature is 0"),
        ({"learning_rate": float("nan")}, InputError, "learning_rate is nan"),
    ],
)
def test_settings_out_of_range_are_refused(more, error, message):
    with pytest.raises(error, match=message):
        Fusion(**more)
