"""Encoders side by side on this machine: each measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tuwen import encoders, machine
from tuwen.errors import TuwenError
from tuwen.files import read_json, replacing, write_json
from tuwen.material import PICTURES, SIZE, Pairs, made_pictures, made_texts

Row = dict[str, Any]
Progress = Callable[[int, int | None], None]

_PATIENCE = 300  # seconds for opening and warming up; a large model on a slow disk takes its time


def measure(
    specs: Sequence[str],
    *,
    pairs: Pairs | None = None,
    seconds: float = 3.0,
    progress: Progress | None = None,
) -> Iterator[Row]:
    """A row for each encoder, in turn; one that cannot be opened gets a row that says why.

    Args:
        specs: Names of encoders.
        pairs: Pictures and texts of the user's, encoded instead of made ones, and asked both ways.
        seconds: For each of pictures, texts and single queries.
        progress: Called with the number of encoders done and their number.
    """
    with tempfile.TemporaryDirectory(prefix="tuwen-") as name:
        folder = Path(name)
        job: dict[str, Any] = {"seconds": seconds, "images": [], "texts": made_texts()}
        if pairs is not None:
            job["images"] = [image["path"] for image in pairs.images]
            job["texts"] = [text["text"] for text in pairs.texts] or job["texts"]
            if pairs.links:
                job["pairs"] = {"images": pairs.images, "texts": pairs.texts, "links": pairs.links}
        if not job["images"]:
            job["images"] = [str(path) for path in made_pictures(folder)]
        for done, spec in enumerate(specs):
            if progress is not None:
                progress(done, len(specs))
            _fetch(spec)
            yield {"encoder": _short(spec), "spec": spec, **_measured(spec, job, folder)}
        if progress is not None:
            progress(len(specs), len(specs))


def default_specs() -> list[str]:
    """What there is to compare without being told: encoders that need nothing, and the models folder's."""
    from tuwen.encoders.opening.hub import models_folder

    free = []
    for name in encoders.names():
        try:
            if not encoders.find(name).needs:
                free.append(name)
        except TuwenError:
            continue  # what it lacks is said when it is asked for
    return free + [str(path) for path in _models(models_folder())]


def markdown(rows: Sequence[Row], *, pairs: Pairs | None = None, seconds: float = 3.0) -> str:
    """The table as a page, with machine and date."""
    about = machine.about()
    pictures = (
        f"{len(pairs.images)} pictures and {len(pairs.texts)} texts of {pairs.name}"
        if pairs
        else f"{PICTURES} made JPEG pictures of {SIZE[0]} x {SIZE[1]} and short texts in both languages"
    )
    lines = [
        "# Encoders on this machine",
        "",
        f"Made by `tuwen encoders --measure` (tuwen {about['tuwen']}) on {about['date']}: "
        f"{about['processor']}, {about['cores']} cores, {about.get('memory_gb', 'unknown')} GB, "
        f"{about['system']}, Python {about['python']}. Each encoder ran alone in a fresh process, "
        f"{seconds:g} s for each figure, on {pictures}, from file to vector. Memory is the process's peak; "
        "a query is one short text by itself, median; start is opening and first vector.",
        "",
        "| encoder | languages | width | parameters | memory MB | images/s | texts/s | ms a query | start s "
        "| runtime |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    good = [row for row in rows if "problem" not in row]
    for row in good:
        cells = [
            _cell(row["encoder"]),
            " ".join(row["languages"]),
            row["width"],
            count_words(row["parameters"]),
        ]
        cells += [row.get(key) for key in ("memory_mb", "images_s", "texts_s", "query_ms", "start_s")]
        lines.append("| " + " | ".join(map(number_words, [*cells, _cell(row["runtime"])])) + " |")
    asked = [row for row in good if "text_to_image" in row]
    if asked:
        sizes = asked[0]["pairs"]
        lines += [
            "",
            "Percent of queries with a true answer among the first 1, 5 and 10, of "
            f"{sizes['images']} pictures and {sizes['texts']} texts; equal scores count as chance orders "
            "them.",
            "",
            "| encoder | text to image R@1 / R@5 / R@10 | image to text R@1 / R@5 / R@10 |",
            "|---|--:|--:|",
        ]
        lines += [
            f"| {_cell(row['encoder'])} | {recalls(row['text_to_image'])} | {recalls(row['image_to_text'])} |"
            for row in asked
        ]
    bad = [row for row in rows if "problem" in row]
    if bad:
        lines += ["", "Not measured:", ""]
        lines += [f"- {_cell(row['encoder'])}: {_cell(row['problem'])}" for row in bad]
    return "\n".join(lines) + "\n"


def write_markdown(path: Path, text: str) -> None:
    """Write the page in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def recalls(values: Sequence[float]) -> str:
    """`21.2 / 48.7 / 62.0`."""
    return " / ".join(f"{value:.1f}" for value in values)


def count_words(count: int) -> str:
    """A large number short: `188 M`; nothing for 0."""
    for unit, word in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= unit:
            return f"{count / unit:.3g} {word}"
    return str(count or "")


def number_words(value: Any) -> str:
    """A number as people read it: three digits that count, or whole thousands."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _fetch(spec: str) -> None:
    """Bring a model here before its process and its time begin; what fails is said by the process."""
    from tuwen.encoders.opening.spec import parse

    try:
        parsed = parse(spec, (*encoders.names(), "hub", "modelscope"))
        if parsed.family not in ("concat", "stored") and parsed.target not in encoders.names():
            encoders.located(parsed)
    except (TuwenError, OSError):
        return


def _measured(spec: str, job: dict[str, Any], folder: Path) -> Row:
    """Run the measurement of one encoder in a fresh process."""
    answer = folder / "answer.json"
    answer.unlink(missing_ok=True)
    write_json(folder / "job.json", {**job, "spec": spec, "answer": str(answer)})
    items = len(job["pairs"]["images"]) + len(job["pairs"]["texts"]) if "pairs" in job else 0
    patience = _PATIENCE + 10 * job["seconds"] + items
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter and a file of ours
            # -P: a file numpy.py in the user's folder is none of ours
            [sys.executable, "-P", "-m", "tuwen.measuring", str(folder / "job.json")],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"problem": f"took longer than {patience:.0f} s and was stopped"}
    if answer.is_file():
        found: Row = read_json(answer)
        return found
    if done.returncode < 0:
        return {"problem": f"the process was killed by signal {-done.returncode}; is there enough memory?"}
    last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no reason given")
    return {"problem": f"the process ended with code {done.returncode}: {last.strip()[:300]}"}


def _models(folder: Path) -> list[Path]:
    """The encoders in the models folder: each topmost folder that describes one or holds weights."""
    from tuwen.encoders.opening.detect import family_of

    found: list[Path] = []
    for depth in ("*", "*/*", "*/*/*"):
        for path in sorted(folder.glob(depth)):
            inside = any(path.is_relative_to(other) for other in found)
            if inside or not path.is_dir() or path.name.startswith("."):
                continue
            try:
                family_of(path)
            except (TuwenError, OSError):
                continue
            found.append(path)
    return sorted(found)


def _short(spec: str) -> str:
    """A spec for people: a model of the models folder by its name there."""
    from tuwen.encoders.opening.hub import models_folder

    path = Path(spec)
    return path.relative_to(models_folder()).as_posix() if path.is_relative_to(models_folder()) else spec


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
