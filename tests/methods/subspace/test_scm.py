"""Semantic correlation matching."""

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.methods.subspace.cca import CCA
from tuwen.methods.subspace.scm import SCM


def test_projections_are_those_of_canonical_correlation_analysis(classes):
    method, cca = SCM(dim=4).fit(*classes), CCA(dim=4).fit(*classes)
    np.testing.assert_allclose(method.bases_["image"], cca.weights_["image"], rtol=1e-3, atol=1e-5)


def test_more_directions_than_correlate_are_refused(classes):
    with pytest.raises(InputError, match="dim is 10, but"):
        SCM(dim=10).fit(*classes)
    with pytest.raises(InputError, match="dim is 0"):
        SCM(dim=0)


def test_wikipedia_gives_the_measured_values(scored):
    np.testing.assert_allclose(scored(SCM(dim=9)), (0.277, 0.226), atol=0.003)
