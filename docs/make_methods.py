"""Write the tables of docs/methods.md from the methods themselves: python docs/make_methods.py."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tuwen import methods

PAGE = Path(__file__).with_name("methods.md")


def table(family: str) -> str:
    """The methods of a family: name, what it does, its parameters, its paper."""
    lines = ["| method | does | parameters | paper |", "|---|---|---|---|"]
    for name in sorted(name for name, where in methods.names().items() if where == family):
        found = methods.find(name)
        does = (found.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
        needs = " Needs labels." if found.needs_labels else ""
        given = ", ".join(
            f"`{field.name}={field.default}`" for field in fields(found) if field.name != "seed"
        )
        paper = found.paper
        about = f"{paper.authors}, {paper.venue} {paper.year}"
        cited = f"[{about}]({paper.url})" if paper.url else about
        lines.append(f"| `{name}` | {re.sub(' +', ' ', does)}{needs} | {given} | {cited} |")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with its tables made anew."""
    for family in sorted(set(methods.names().values())):
        mark = rf"(<!-- {family} -->\n).*?(\n<!-- /{family} -->)"
        text = re.sub(mark, lambda found, f=family: found[1] + table(f) + found[2], text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
