"""Semantic topic multimodal hashing."""

import numpy as np

from tuwen.methods.hashing.stmh import STMH


def test_the_objective_never_rises(classes):
    for robust in (0.5, 50.0):
        objective = np.array(STMH(bits=8, robust=robust, iterations=30).fit(*classes).objective_)
        assert (np.diff(objective) <= 1e-6 * objective[:-1]).all()
        assert objective[-1] < objective[0]


def test_concepts_solve_the_system_of_each_row(classes):
    rng = np.random.default_rng(0)
    x, u, r, g = (rng.normal(size=shape) for shape in ((7, 5), (8, 5), (8, 8), (7, 8)))
    half = rng.random((7, 1))
    hasher = STMH(bits=8)
    found = hasher._concepts(x, half, u, r, g)
    for row in range(7):
        gram = half[row] * u @ u.T + hasher.coupling * r @ r.T + hasher.ridge * np.eye(8)
        linear = half[row] * u @ x[row] + hasher.coupling * r @ g[row]
        np.testing.assert_allclose(found[row], np.linalg.solve(gram, linear), atol=1e-6)


def test_an_outlying_image_hardly_moves_the_codes(classes):
    images, texts, labels = classes
    spoilt = images.copy()
    spoilt[0] *= 30
    params = {"bits": 8, "standardise": False}
    plain, other = STMH(**params).fit(*classes), STMH(**params).fit(spoilt, texts, labels)
    codes = [hasher.transform(texts, "text") for hasher in (plain, other)]
    assert np.unpackbits(codes[0] ^ codes[1], axis=1).mean() < 0.1


def test_wikipedia_is_no_worse_than_the_released_code(scored):
    images, texts = scored(STMH(bits=16))["modality"]
    assert images > 0.1265
    assert texts > 0.1093
