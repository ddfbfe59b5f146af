"""Pages that stand alone: text as HTML, in both languages, in one frame; nothing comes from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Literal

Language = Literal["en", "zh"]

LOOKS = Path(__file__).with_name("markup.css").read_text(encoding="utf-8")
#: Further rules, of pages with tables and drawings.
TABLES = Path(__file__).with_name("tables.css").read_text(encoding="utf-8")


def escape(text: str) -> str:
    """Text for HTML; control characters, which HTML forbids, become the replacement sign."""
    return html.escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text))


def in_both(english: str, chinese: str) -> str:
    """A sentence that is there in both languages, for HTML."""
    if english == chinese:
        return escape(english)
    return (
        f'<span class="en" lang="en">{escape(english)}</span>'
        f'<span class="zh" lang="zh-CN">{escape(chinese)}</span>'
    )


def framed(
    body: str,
    *,
    title: str,
    footer: str,
    heading: str = "",
    style: str = "",
    script: str = "",
    language: Language = "en",
    drawings: bool = False,
) -> str:
    """A whole page around what is shown; nothing in it is loaded from elsewhere.

    Args:
        body: HTML.
        title: Of the page, plain text.
        footer: HTML.
        heading: HTML; the title when empty.
        style: Further rules, behind those of every page.
        script: What runs; nothing when empty.
        language: Shown first; the reader can switch.
        drawings: It has drawings, which carry their looks as attributes, so that no hash can tell the styles.
    """
    rules = LOOKS + style
    styles = "'unsafe-inline'" if drawings else digest(rules)
    policy = f"default-src 'none'; img-src data:; style-src {styles}; "
    policy += f"script-src {digest(script)}; " if script else ""
    policy += "base-uri 'none'; form-action 'none'"
    return f"""<!doctype html>
<html lang="{"zh-CN" if language == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{rules}</style>
</head>
<body>
<header>
<h1>{heading or escape(title)}</h1>
<fieldset class="languages"><legend>Language 语言</legend>
<label><input type="radio" name="language" id="en"{" checked" if language == "en" else ""}> English</label>
<label><input type="radio" name="language" id="zh"{" checked" if language == "zh" else ""}> 中文</label>
</fieldset>
</header>
<main>
{body}
</main>
<footer>{footer}</footer>
{f"<script>{script}</script>" if script else ""}
</body>
</html>
"""


def digest(text: str) -> str:
    """The hash by which a policy allows a style or a script that stands in the page, in quotes."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
