"""Runs as tables, drawings and one page: made again at any time, without fitting anything again."""

from tuwen.report.grouping import Row, Table, tables
from tuwen.report.scores import Score
from tuwen.report.writing import STYLES, Style, text, write

__all__ = ["STYLES", "Row", "Score", "Style", "Table", "tables", "text", "write"]
