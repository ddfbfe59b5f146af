"""Cross-view hashing."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.hashing.cvh import CVH


def test_directions_are_those_of_cca(classes):
    """The correlations solve Cxy Cyy⁻¹ Cyx a = ρ² Cxx a."""
    images, texts, labels = classes
    hasher = CVH(bits=8, ridge=0.0).fit(images, texts, labels)
    x, y = ((s - s.mean(axis=0)).astype(np.float64) for s in (images, texts))
    whole = np.linalg.solve(x.T @ x, x.T @ y) @ np.linalg.solve(y.T @ y, y.T @ x)
    expected = np.sort(np.linalg.eigvals(whole).real)[::-1][:8]
    np.testing.assert_allclose(hasher.correlations_**2, expected, rtol=1e-5)


def test_a_shift_of_the_features_changes_no_code(classes):
    images, texts, _ = classes
    codes = CVH(bits=8).fit(images, texts).transform(images, "image")
    moved = CVH(bits=8).fit(images + 3, texts - 2).transform(images + 3, "image")
    np.testing.assert_array_equal(codes, moved)


def test_more_bits_than_directions_are_refused_unless_rotated(classes):
    with pytest.raises(InputError, match=r"bits is 16, .* at most 9 directions"):
        CVH(bits=16).fit(*classes)
    hasher = CVH(bits=16, rotate=True).fit(*classes)
    assert hasher.transform(classes[0], "image").shape == (90, 2)


def test_wikipedia_reaches_the_measured_values(scored):
    np.testing.assert_allclose(scored(CVH(bits=8))["modality"], (0.1895, 0.1864), atol=0.01)


@pytest.mark.parametrize(
    ("bits", "wanted"), [(8, (0.1842, 0.1835)), (16, (0.1614, 0.1557)), (32, (0.1496, 0.1406))]
)
def test_wikipedia_gives_the_values_of_the_released_code(scored, bits, wanted):
    np.testing.assert_allclose(scored(CVH(bits=bits, variant="released"))["modality"], wanted, atol=0.01)


def test_an_unknown_variant_is_refused():
    with pytest.raises(InputError, match="variant is 'mine'; it is 'paper' or 'released'"):
        CVH(variant="mine")
