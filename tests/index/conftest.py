"""Threads that tests of indexes have, of which the suite takes away those of libraries."""

import pytest

from tuwen.index.library import faiss


@pytest.fixture(autouse=True)
def _two_threads():
    """Batches are cut into parts for threads, as where nobody limits them."""
    library = faiss()
    before = library.omp_get_max_threads()
    library.omp_set_num_threads(2)
    yield
    library.omp_set_num_threads(before)
