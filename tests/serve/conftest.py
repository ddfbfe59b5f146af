"""A server over the tiny collection, for every test of this folder."""

import pytest

from serving import asked


@pytest.fixture
def client(tiny_collection, tmp_path):
    """A client of a server over a collection of one's own."""
    with asked(tiny_collection, tmp_path) as made:
        yield made
