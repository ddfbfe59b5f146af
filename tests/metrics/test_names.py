"""Metrics by name."""

import pytest

from tuwen.errors import InputError
from tuwen.metrics import AP, MRR, NDCG, Hit, MedianRank, Precision, Recall, named


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("map", AP()),
        ("mAP@all", AP()),
        ("map@50", AP(50)),
        ("map@50/found", AP(50, "found")),
        ("map@50/min", AP(50, "min")),
        ("recall@10", Recall(10)),
        ("Recall@10/min", Recall(10, "min")),
        ("hit@1", Hit(1)),
        ("HitRate@5", Hit(5)),
        ("precision@3", Precision(3)),
        ("ndcg", NDCG()),
        ("nDCG@10", NDCG(10)),
        ("mrr", MRR()),
        ("rank", MedianRank()),
    ],
)
def test_a_name_gives_its_metric(name, metric):
    assert named(name) == metric


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mapp@5", "did you mean 'map'"),
        ("map@", "names no metric"),
        ("map@0", "k is 0"),
        ("hit", "needs the number of places"),
        ("hit@all", "needs the number of places"),
        ("hit@5/min", "hit has none"),
        ("map@5/all", "map has relevant, min, found"),
        ("rank@5", "rank of the first true item has none"),
    ],
)
def test_another_name_is_explained(name, message):
    with pytest.raises(InputError, match=message):
        named(name)
