"""Two-stage supervised discrete hashing."""

import numpy as np

from tuwen.methods.discrete import likeness_factor
from tuwen.methods.hashing.tsdh import TSDH


def test_the_first_stage_never_raises_its_objective(classes):
    objective = np.array(TSDH(bits=8, anchors=30).fit(*classes).objective_)
    assert (np.diff(objective) <= 1e-9 * np.abs(objective[:-1])).all()


def test_the_objective_is_the_plain_one(classes):
    labels = np.eye(3)[classes[2]]
    hasher, rng = TSDH(bits=8), np.random.default_rng(0)
    x, y = (np.sign(rng.normal(size=(90, 8))) for _ in range(2))
    w = [rng.normal(size=(8, 3)) for _ in range(2)]
    factor = likeness_factor(labels)
    plain = ((8 * factor @ factor.T - x @ y.T) ** 2).sum() - ((8 * factor @ factor.T) ** 2).sum()
    plain += sum(
        8 * ((labels - b @ m) ** 2).sum() + 0.1 * (m**2).sum() for b, m in zip((x, y), w, strict=True)
    )
    plain += ((x - y) ** 2).sum()
    np.testing.assert_allclose(hasher._objective(labels, factor, [x, y], w), plain)


def test_the_second_stage_solves_its_normal_equations():
    rng = np.random.default_rng(0)
    features, b = rng.normal(size=(30, 6)), np.sign(rng.normal(size=(30, 8)))
    w, labels = rng.normal(size=(8, 3)), np.eye(3)[rng.integers(0, 3, 30)]
    hasher = TSDH(bits=8, semantic=0.7, ridge=0.3)
    p = hasher._second(features, b, w, labels)
    gradient = features.T @ (features @ p - b) + 0.3 * p
    gradient += 0.7 * features.T @ (features @ p @ w - labels) @ w.T
    np.testing.assert_allclose(gradient, 0, atol=1e-9)


def test_learnt_codes_are_one_for_a_class(classes):
    codes = TSDH(bits=8, anchors=30).fit(*classes).training_codes_
    bits = np.unpackbits(codes, axis=1).astype(int)
    within = [np.abs(bits[classes[2] == c] - bits[classes[2] == c][0]).sum(axis=1).mean() for c in range(3)]
    assert max(within) <= 1


def test_wikipedia_is_above_hashing_without_labels(scored):
    found = scored(TSDH(bits=16, anchors=200))
    assert found["modality"][1] > 0.26
    assert found["fused"][1] > 0.6


def test_square_roots_are_those_of_the_features(classes):
    images, texts, labels = classes
    found = TSDH(bits=16, anchors=30, roots=True).fit(images, texts, labels).transform(images, "image")
    x, y = (np.sign(side) * np.sqrt(np.abs(side)) for side in (images, texts))
    wanted = TSDH(bits=16, anchors=30).fit(x, y, labels).transform(x, "image")
    np.testing.assert_array_equal(found, wanted)
