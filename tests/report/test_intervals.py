import numpy as np
import pytest

from tuwen import metrics
from tuwen.report.intervals import interval


@pytest.mark.parametrize("queries", [1, 30, 693])
def test_it_is_the_interval_of_metrics(queries):
    values = np.random.default_rng(queries).random(queries)
    assert interval(values) == pytest.approx(metrics.interval(values), abs=1e-6)


def test_queries_that_are_skipped_do_not_count():
    values = np.random.default_rng(0).random(30)
    with_gaps = np.insert(values, [0, 7, 30], np.nan)
    assert interval(with_gaps) == interval(values)
