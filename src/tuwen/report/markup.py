"""Text as HTML: escaped, and in both languages."""

from __future__ import annotations

import html
import re

from tuwen.report.words import said


def escape(text: str) -> str:
    """Text for HTML; control characters, which HTML forbids, become the replacement sign."""
    return html.escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text))


def marked(word: str, **values: object) -> str:
    """A word in both languages, of which the page shows one."""
    return in_both(said(word, "en", **values), said(word, "zh", **values))


def in_both(english: str, chinese: str) -> str:
    """A sentence that is there in both languages, for HTML."""
    if english == chinese:
        return escape(english)
    return (
        f'<span class="en" lang="en">{escape(english)}</span>'
        f'<span class="zh" lang="zh-CN">{escape(chinese)}</span>'
    )
