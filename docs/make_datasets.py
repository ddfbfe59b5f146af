"""Write the benchmarks of docs/datasets.md from what they say of themselves: python docs/make_datasets.py."""

from __future__ import annotations

import re
from pathlib import Path

from tuwen.datasets import find, names
from tuwen.datasets.base import Dataset

PAGE = Path(__file__).with_name("datasets.md")
_TRUE = {"class": "what shares a class", "pair": "what it was paired with"}


def table() -> str:
    """All benchmarks: name, true answers, languages, splits and features."""
    lines = [
        "| name | benchmark | true for a query is | texts | splits | features |",
        "|---|---|---|---|---|---|",
    ]
    for name in names():
        found = find(name)
        splits, variants = (", ".join(f"`{key}`" for key in of) for of in (found.splits, found.variants))
        true, languages = _TRUE[found.info.relevance], ", ".join(found.info.languages)
        lines.append(
            f"| [`{name}`](#{name}) | {found.info.title} | {true} | {languages} | {splits} | {variants} |"
        )
    return "\n".join(lines)


def section(name: str, found: type[Dataset]) -> str:
    """What one benchmark is, how it is cut, which features there are."""
    info = found.info
    splits = [f"- split `{key}`{_has(found, key)}: {line}" for key, line in found.splits.items()]
    variants = [f"- features `{key}`: {line}" for key, line in found.variants.items()]
    head = [f"### {name}", f"{info.title}. {_ended(info.citation)} Licence: {_ended(info.licence)}"]
    return "\n\n".join([*head, f"Files: {_ended(info.source)}", "\n".join(splits + variants)])


def page(text: str) -> str:
    """The page with its generated parts made anew."""
    parts = {"table": table(), "sections": "\n\n".join(section(name, find(name)) for name in names())}
    for mark, made in parts.items():
        pattern = rf"(<!-- {mark} -->\n).*?(\n<!-- /{mark} -->)"
        text = re.sub(pattern, lambda found, m=made: found[1] + m + found[2], text, flags=re.DOTALL)
    return text


def _has(found: type[Dataset], split: str) -> str:
    """The features of a split that has not all."""
    only = found.only.get(split)
    return f" ({', '.join(f'`{name}`' for name in only)})" if only and len(found.variants) > 1 else ""


def _ended(text: str) -> str:
    return text.rstrip(".") + "."


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
