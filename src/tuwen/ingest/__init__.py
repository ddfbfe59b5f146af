"""From a source to a collection: what is new is encoded, what is not is left, what is bad is listed."""

from __future__ import annotations

from tuwen.ingest.known import DUPLICATE
from tuwen.ingest.run import Report, ingest, ingest_records

__all__ = ["DUPLICATE", "Report", "ingest", "ingest_records"]
