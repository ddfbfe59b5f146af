"""The frame of pages without scripts: head, policy, language switch and foot, in the looks of reports."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Literal

from tuwen.report.markup import escape

_STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def framed(
    body: str,
    *,
    title: str,
    footer: str,
    style: str = "",
    language: Literal["en", "zh"] = "en",
    drawings: bool = False,
) -> str:
    """A whole page around what is shown; nothing in it is loaded from elsewhere, and no script runs.

    Args:
        body: HTML.
        title: Heading of the page, plain text.
        footer: HTML.
        style: Further rules, behind those of every report.
        language: Shown first; the reader can switch.
        drawings: It has drawings, which carry their looks as attributes, so that no hash can tell the styles.
    """
    rules = _STYLE + style
    digest = base64.b64encode(hashlib.sha256(rules.encode()).digest()).decode()
    styles = "'unsafe-inline'" if drawings else f"'sha256-{digest}'"
    policy = f"default-src 'none'; img-src data:; style-src {styles}; base-uri 'none'; form-action 'none'"
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
<h1>{escape(title)}</h1>
<fieldset class="languages"><legend>Language 语言</legend>
<label><input type="radio" name="language" id="en"{" checked" if language == "en" else ""}> English</label>
<label><input type="radio" name="language" id="zh"{" checked" if language == "zh" else ""}> 中文</label>
</fieldset>
</header>
<main>
{body}
</main>
<footer>{footer}</footer>
</body>
</html>
"""
