"""How good rankings are; docs/metrics.md defines every figure in one formula."""

from tuwen.metrics.agreement import average_hit_rate
from tuwen.metrics.compare import Comparison, compare, interval
from tuwen.metrics.confusion import Confusion, confusion
from tuwen.metrics.curve import Curve, precision_recall
from tuwen.metrics.first import MRR, MedianRank
from tuwen.metrics.matrix import first_rank, hit_at, recall_at
from tuwen.metrics.measure import mean_ap, measure
from tuwen.metrics.measured import Measured, Protocol
from tuwen.metrics.names import named
from tuwen.metrics.pairs import PairFigures, pair_figures
from tuwen.metrics.precision import AP
from tuwen.metrics.relevance import Relevance, by_labels, by_pairs
from tuwen.metrics.sources import Codes, Guessing, Vectors
from tuwen.metrics.top import NDCG, Hit, Precision, Recall

__all__ = [
    "AP",
    "MRR",
    "NDCG",
    "Codes",
    "Comparison",
    "Confusion",
    "Curve",
    "Guessing",
    "Hit",
    "Measured",
    "MedianRank",
    "PairFigures",
    "Precision",
    "Protocol",
    "Recall",
    "Relevance",
    "Vectors",
    "average_hit_rate",
    "by_labels",
    "by_pairs",
    "compare",
    "confusion",
    "first_rank",
    "hit_at",
    "interval",
    "mean_ap",
    "measure",
    "named",
    "pair_figures",
    "precision_recall",
    "recall_at",
]
