"""`tuwen demo`: the whole job in one command, with photographs that are on the machine already."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuwen.cli import _output, _progress, _settings

if TYPE_CHECKING:
    from tuwen.sheet import Section


@click.command(
    epilog="Example:  tuwen demo",
    short_help="Build a small collection, ask it, and write a sheet of the answers.",
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("tuwen-demo"))
def command(folder: Path) -> None:
    """Build a collection from photographs that installed packages carry, ask it, and show the answers.

    FOLDER (tuwen-demo) gets the photographs, their captions in Chinese and English, the collection and a
    sheet of the answers. Nothing is downloaded. Run it again and it only brings the collection up to date.
    """
    from tuwen import demo, sheet
    from tuwen.collection import Collection
    from tuwen.data import open_source
    from tuwen.ingest import ingest

    table = demo.prepare(folder)
    path = folder / "collection"
    there = (path / "collection.json").is_file()
    collection = (
        Collection.open(path) if there else Collection.create(path, encoder=_settings.value("encoder"))
    )
    with _progress.bar("indexing") as report:
        done = ingest(collection, open_source(table), progress=report)
    if done.added or done.updated or done.missing or not there:
        collection.finish()
    counts = f"{_output.counted(collection.count('image'), 'photograph')}, " + _output.counted(
        collection.count("text"), "caption"
    )
    fresh = "up to date" if there and not done.added + done.updated else f"indexed in {done.seconds:.1f} s"
    print(f"{path}: {counts}, {fresh}.\n")
    photos, captions = table.parent / "photos", demo.captions()
    sections = []
    for question in demo.QUESTIONS:
        sections.append(demo.ask(collection, question, photos))
        print(f"$ tuwen search {path} {shlex.join(demo.arguments(question, photos))}")
        _answer(sections[-1], captions)
    page = folder / "answers.html"
    sheet.write_sheet(page, sections, title="tuwen demo")
    print(f"All answers with their pictures:  {page}")
    print("The built-in encoder is small: everyday scenes are what it knows.\n")
    print("Now type:")
    print(f'  tuwen search {path} "a red thing -motorcycle"')
    print(f"  tuwen duplicates {path}")
    print("  tuwen index my-photos ~/Pictures")


def _answer(section: Section, captions: dict[tuple[str, str], str]) -> None:
    language = "en" if section.query.isascii() else "zh"
    for hit in section.hits[:3]:
        text = hit.text or f"{hit.id}: {captions.get((hit.id, language), '')}"
        print(f"  {hit.rank}  {hit.score:.3f}  {_output.clean(text)}")
    if section.fits is False:
        print("  Nothing fits well; these are only the nearest.")
    print()
