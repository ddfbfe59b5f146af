"""How good rankings are; docs/metrics.md defines every figure."""

from tuwen.metrics.matrix import first_rank, hit_at, recall_at
from tuwen.metrics.measure import mean_ap, measure
from tuwen.metrics.measured import Measured, Protocol
from tuwen.metrics.precision import AP
from tuwen.metrics.relevance import by_labels, by_pairs
from tuwen.metrics.sources import Codes, Vectors

__all__ = [
    "AP",
    "Codes",
    "Measured",
    "Protocol",
    "Vectors",
    "by_labels",
    "by_pairs",
    "first_rank",
    "hit_at",
    "mean_ap",
    "measure",
    "recall_at",
]
