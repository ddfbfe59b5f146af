"""Inter-media hashing."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.graphs import laplacian, neighbour_graph
from tuwen.methods.hashing.imh import IMH


def test_codes_come_from_the_smallest_eigenvectors_of_the_whole_matrix(classes):
    images, texts, _ = classes
    hasher = IMH(bits=8).fit(*classes)
    centre = np.eye(90) - 1 / 90
    whole = np.zeros((90, 90))
    for side in (images, texts):
        x = ((side - side.mean(axis=0)) / side.std(axis=0)).astype(np.float64)
        fitted = x @ np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T)
        whole += laplacian(neighbour_graph(x, 5)).toarray() + np.eye(90) - fitted
    values = np.linalg.eigvalsh(centre @ whole @ centre)[1:9]
    np.testing.assert_allclose(hasher.eigenvalues_, values, atol=1e-4)


def test_each_bit_halves_the_training_items(classes):
    hasher = IMH(bits=8).fit(*classes)
    bits = np.unpackbits(hasher.transform(classes[0], "image"), axis=1)
    assert (np.abs(bits.sum(axis=0, dtype=int) - 45) <= 1).all()


def test_a_code_depends_on_its_item_alone(classes):
    hasher = IMH(bits=8).fit(*classes)
    codes = hasher.transform(classes[1], "text")
    np.testing.assert_array_equal(codes[:2], hasher.transform(classes[1][:2], "text"))


def test_fewer_pairs_than_bits_are_refused(classes):
    with pytest.raises(InputError, match="bits is 8, but there are 8 pairs"):
        IMH(bits=8).fit(classes[0][:8], classes[1][:8])


def test_wikipedia_is_no_worse_than_the_released_code(scored):
    images, texts = scored(IMH(bits=16))["modality"]
    assert images > 0.152
    assert texts > 0.1385


@pytest.mark.parametrize(("bits", "wanted"), [(16, (0.1525, 0.1385)), (32, (0.1236, 0.1075))])
def test_wikipedia_gives_the_values_of_the_released_code(scored, bits, wanted):
    found = scored(IMH(bits=bits, variant="released", neighbours=1))["modality"]
    np.testing.assert_allclose(found, wanted, atol=0.01)


def test_the_released_code_lets_a_code_depend_on_its_company(classes):
    hasher = IMH(bits=8, variant="released").fit(*classes)
    alone = hasher.transform(classes[0][:1], "image")
    assert not alone.any()  # nothing is above the median of itself
    assert hasher.transform(classes[0], "image").any()


def test_an_unknown_variant_is_refused():
    with pytest.raises(InputError, match="variant is 'mine'"):
        IMH(variant="mine")
