"""Matching many with many: the best of each side from one product, and one-to-one pairs."""

from __future__ import annotations

from tuwen.matching.both import Matches, Ranking, top_both
from tuwen.matching.pairing import Pairing, match

__all__ = ["Matches", "Pairing", "Ranking", "match", "top_both"]
