"""Fill the sessions of both READMEs with what commands and example print: python docs/make_readme.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh.md")
TABLE = " --format table"  # what a terminal would show; the option is left out in the README
SESSION = (
    "tuwen search tuwen-demo/collection 红色的摩托车 -k 3",
    "tuwen search tuwen-demo/collection --image tuwen-demo/photos/camera.png --for texts -k 2",
    "cat queries.csv",
    "tuwen match tuwen-demo/collection queries.csv -k 2 -o result.csv && cat result.csv",
)
QUERIES = "id,text\nq1,a man with a camera\nq2,一辆红色摩托车\n"
EXAMPLE = """\
from pathlib import Path
from tuwen import Collection, Picture, Record

shelf = Collection.create("shelf")
shelf.add(Record(images=(Picture(path=str(p)),)) for p in Path("tuwen-demo/photos").glob("*.png"))
shelf.finish()
for question in ("a man with a camera", "砖墙", Path("tuwen-demo/photos/motorcycle_left.png")):
    for hit in shelf.search(question, k=2):
        print(hit.rank, f"{hit.score:.2f}", hit.id)
"""


def output(command: list[str], folder: Path) -> str:
    """What a program prints, blanks at the ends of lines dropped."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"COLUMNS": "96"},
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())


def session(folder: Path) -> str:
    """The commands, each with its output."""
    (folder / "queries.csv").write_text(QUERIES, encoding="utf-8")
    shown = []
    for command in SESSION:
        typed = command + TABLE if "search" in command else command
        shown.append(f"$ {command}\n{output(['sh', '-c', typed], folder)}\n")
    return "\n".join(shown).rstrip()


def example(folder: Path) -> str:
    """The Python example and what it prints."""
    printed = output([sys.executable, "-c", EXAMPLE], folder)
    return f"```python\n{EXAMPLE}```\n\n```\n{printed}\n```"


def main() -> None:
    """Run everything in a folder of its own and write the READMEs."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        output(["tuwen", "demo"], folder)
        parts = {"cli": f"```\n{session(folder)}\n```", "python": example(folder)}
    for name in READMES:
        text = (ROOT / name).read_text(encoding="utf-8")
        for tag, body in parts.items():
            between = re.compile(rf"(?<=<!-- {tag} -->\n).*?(?=<!-- /{tag} -->)", re.DOTALL)
            text = between.sub(lambda _, body=body: f"\n{body}\n\n", text)
        (ROOT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
