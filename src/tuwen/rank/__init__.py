"""Orders made of orders, and when nothing fits."""

from __future__ import annotations

from tuwen.rank.cutoff import Cutoff
from tuwen.rank.orders import diverse, group, reciprocal_rank, weighted

__all__ = ["Cutoff", "diverse", "group", "reciprocal_rank", "weighted"]
