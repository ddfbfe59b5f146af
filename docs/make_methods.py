"""Write the tables of docs/methods.md from the methods themselves: python docs/make_methods.py."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tuwen import methods

PAGE = Path(__file__).with_name("methods.md")
# by what they rest on; whatever is in none of these trains a network
KINDS = {
    "statistics: correlation and covariance": (
        "cca", "cca3v", "cluster_cca", "discca", "gcca", "kcca", "kcluster_cca", "kpls", "lpcca", "mean_cca",
        "ml_cca", "pls", "rcca", "rgcca", "tcca",
    ),
    "statistics: classes": ("hsnn", "p3s", "scm", "sm"),
    "graphs": ("cmcp", "grmd", "jfssl", "jrl", "scc_mr"),
    "dictionaries": ("cmsdl",),
    "topics": ("corr_lda",),
}  # fmt: skip


def kinds() -> str:
    """How many methods there are, and which by kind: those of this page's families, and hashing."""
    known = methods.names()
    rows = {kind: [name for name in listed if name in known] for kind, listed in KINDS.items()}
    rows["hashing"] = [name for name, family in known.items() if family == "hashing"]
    listed = {name for names in rows.values() for name in names}
    rows["networks"] = [name for name in known if name not in listed]
    lines = [f"There are {len(known)} methods.", "", "| kind | methods |", "|---|---|"]
    lines += [
        f"| {kind} | {', '.join(f'`{n}`' for n in sorted(names))} |" for kind, names in rows.items() if names
    ]
    return "\n".join(lines)


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
    text = re.sub(
        r"(<!-- kinds -->\n).*?(\n<!-- /kinds -->)",
        lambda found: found[1] + kinds() + found[2],
        text,
        flags=re.DOTALL,
    )
    for family in sorted(set(methods.names().values())):
        mark = rf"(<!-- {family} -->\n).*?(\n<!-- /{family} -->)"
        text = re.sub(mark, lambda found, f=family: found[1] + table(f) + found[2], text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
