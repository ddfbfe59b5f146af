"""A collection with its encoder, a method and more in one file, for a machine with no network."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuwen import __version__, archive, encoder_of, encoders
from tuwen.encoders.opening import kept
from tuwen.errors import CollectionError, Damaged, InputError, Locked
from tuwen.head import LEARNED
from tuwen.learned import Learned

if TYPE_CHECKING:
    from tuwen.collection import Collection
    from tuwen.encoders import Encoder

METHOD, EXTRA, PICTURES = "method", "extra", "pictures"
_OURS = (encoder_of.FOLDER, METHOD, EXTRA, PICTURES)
_LEFT_OUT = ("write.lock", encoder_of.PLACE)

Report = Callable[[int, int | None], None]  # megabytes done, and in all


@dataclass(frozen=True, slots=True)
class Pack:
    """What a pack holds.

    Attributes:
        collection: Whether it has one.
        learned: Name of the fitted method that makes the collection's vectors; empty for none.
        encoder: Its name where it was packed; empty when there is none.
        own: Whether the encoder's files are in it; what ships with tuwen needs none.
        method: Whether it has one beside the collection.
        extra: Names of further files.
        pictures: How many.
        files: How many in all.
        size: Bytes when unpacked.
        root: Folder that the pictures lay in.
    """

    collection: bool = False
    learned: str = ""
    encoder: str = ""
    own: bool = False
    method: bool = False
    extra: tuple[str, ...] = ()
    pictures: int = 0
    files: int = 0
    size: int = 0
    root: str = ""


def pack(
    output: Path,
    *,
    collection: Path | None = None,
    encoder: str | None = None,
    method: Path | None = None,
    extra: Sequence[Path] = (),
    pictures: bool = False,
    report: Report | None = None,
) -> Pack:
    """Write one file that holds a collection and what it needs, or an encoder alone.

    No writer can change the collection meanwhile. Memory stays flat, whatever the sizes.

    Args:
        output: The file; one that is there is replaced when the new one is whole.
        collection: Its folder.
        encoder: Where the encoder lies; the collection's own when None.
        method: A folder that `Method.save` wrote.
        extra: Further files, such as a user dictionary; they go to `extra/`.
        pictures: Take the pictures' own files too.
        report: Is told megabytes done and in all.

    Raises:
        InputError: There is nothing to pack, a file is missing, or two have one name.
        CollectionError: The collection cannot be read, is being written, or the encoder is not its own.
    """
    if collection is None and encoder is None:
        raise InputError("there is nothing to pack: name a collection, an encoder, or both")
    if pictures and collection is None:
        raise InputError("there are no pictures to pack without a collection")
    if output.is_dir():
        raise InputError(f"{output} is a folder; name the file to write, such as {output / 'photos.tuwen'}")
    opened, found = _opened(collection, encoder)
    files = _Files(output)
    if found is not None:
        _add_encoder(files, found, alone=opened is None)
    if method is not None:
        _check_method(method)
        files.add(_folder(method, METHOD))
    files.add((f"{EXTRA}/{path.name}", path) for path in extra)
    with _quiet(opened) as check:
        if opened is not None:
            files.add(_of_collection(opened.path))
        root, shown = _pictures(opened) if pictures and opened is not None else ("", [])
        files.add(shown)
        made = Pack(
            collection=opened is not None,
            learned=opened.store.identity.method if opened is not None else "",
            encoder=found.name if found is not None else "",
            own=bool(files.texts) or isinstance(found, Learned),
            method=method is not None,
            extra=tuple(path.name for path in extra),
            pictures=len(shown),
            files=len(files.listed) + len(files.texts),
            size=sum(path.stat().st_size for _, path in files.listed),
            root=root,
        )
        _write(output, files, made, report, check)
    return made


def unpack(file: Path, folder: Path, report: Report | None = None) -> Pack:
    """Unpack into a new or empty folder, which is then the collection, or the encoder, itself.

    Everything is compared with its checksum; the folder is there whole or not at all.

    Raises:
        Damaged: The file was cut or changed, is no pack, is of a newer tuwen, or tries to write elsewhere.
        InputError: The folder holds something already.
        CollectionError: The folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and is not an empty folder; choose another")
    folder = folder.absolute()
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        with archive.reading(file) as packed:
            made = _described(file, packed.about)
            temporary.mkdir(parents=True)
            packed.unpack(temporary, report)
        if made.collection:
            _check_collection(file, temporary)
            if made.pictures:
                _move_pictures(temporary, folder, made.root)
        if hasattr(os, "sync"):
            os.sync()  # what is named as whole must be so after a power cut too
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    except OSError as error:
        raise CollectionError(f"{folder} cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return made


class _Files:
    """What goes into a pack."""

    def __init__(self, output: Path) -> None:
        self._output = output.absolute()
        self.listed: list[tuple[str, Path]] = []
        self.texts: dict[str, Any] = {}

    def add(self, files: Any) -> None:
        """Note files by the names they get.

        Raises:
            InputError: One is not there.
        """
        for name, path in files:
            if not path.is_file():
                raise InputError(f"there is no file {path}")
            # a pack that lies in the folder it is made of never takes itself in
            if path.absolute() != self._output and not path.name.startswith(f".{self._output.name}."):
                self.listed.append((name, path))


def _opened(collection: Path | None, encoder: str | None) -> tuple[Collection | None, Encoder | None]:
    """The collection, and the encoder of both; a wrong one is found here."""
    if collection is None:
        return None, encoders.load(encoder or "")
    from tuwen.collection import Collection

    opened = Collection.open(collection, encoder=encoder)
    return opened, opened.encoder if opened.store.identity.encoder else None


def _add_encoder(files: _Files, encoder: Encoder, *, alone: bool) -> None:
    """Note the encoder's own files: alone they fill the pack, else they lie in a folder of the collection."""
    if isinstance(encoder, Learned):  # its folder is the collection's own already
        for kind, part in encoder.sides.items():
            if not encoder.has_beside(kind):
                _add_files(files, part, f"{LEARNED}/{kind}/")
        return
    _add_files(files, encoder, "" if alone else f"{encoder_of.FOLDER}/", alone=alone)


def _add_files(files: _Files, encoder: Encoder, under: str, *, alone: bool = False) -> None:
    described, own = kept.gather(encoder)
    if own:
        files.add((under + name, file) for name, file in own)
        files.texts[under + kept.DESCRIPTION] = described
    elif alone:
        raise InputError(f"encoder {encoder.name} ships with tuwen; there is nothing to pack")


def _write(output: Path, files: _Files, made: Pack, report: Report | None, check: Callable[[], None]) -> None:
    done = 0
    with archive.writing(output) as writer:
        for name, path in files.listed:
            writer.add(name, path)
            done += path.stat().st_size
            if report is not None:
                report(done >> 20, made.size >> 20)
        for name, value in files.texts.items():
            writer.add_json(name, value)
        check()  # before the new file takes the place of an old one
        now = datetime.now(UTC).isoformat(timespec="seconds")
        writer.close({"tuwen": __version__, "made": now, "holds": asdict(made)})


@contextmanager
def _quiet(collection: Collection | None) -> Iterator[Callable[[], None]]:
    """Keep writers out; gives what tells whether somebody wrote all the same, to a folder read-only here."""
    if collection is None:
        yield lambda: None
        return
    path = collection.path / "head.json"
    with _lock(collection):
        before = path.read_bytes()

        def check() -> None:
            if path.read_bytes() != before:
                raise CollectionError(f"{path.parent} was written to while it was packed; pack again")

        yield check


@contextmanager
def _lock(collection: Collection) -> Iterator[None]:
    lock = collection.writing()
    try:
        lock.__enter__()
    except Locked:
        raise
    except CollectionError:  # a read-only folder or disk
        yield
        return
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _of_collection(path: Path) -> Iterator[tuple[str, Path]]:
    """The files of a collection; what an earlier unpacking put in is packed anew by those who ask for it."""
    for name, file in _folder(path, ""):
        first, _, rest = name.partition("/")
        if name not in _LEFT_OUT and not (rest and first in _OURS):
            yield name, file


def _folder(path: Path, under: str) -> Iterator[tuple[str, Path]]:
    """The files of a folder, by name; links out of it are not followed."""
    for place, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(place) / name
            if not name.startswith(".") and not name.endswith(".tmp") and file.is_file():
                yield "/".join(part for part in (under, file.relative_to(path).as_posix()) if part), file


def _pictures(collection: Collection) -> tuple[str, list[tuple[str, Path]]]:
    """The folder that all pictures lie in, and their files."""
    stored = [Path(item.path) for item in collection.items("image") if item.path]
    there = [path for path in dict.fromkeys(stored) if path.is_file()]
    if not there:
        return "", []
    root = os.path.commonpath([path.parent for path in there])
    return root, [(f"{PICTURES}/{path.relative_to(root).as_posix()}", path) for path in there]


def _move_pictures(temporary: Path, folder: Path, root: str) -> None:
    """Let the items name the pictures where they lie after the unpacking."""
    from tuwen.store import Store

    old, new = root.rstrip("/\\") + os.sep, str(folder / PICTURES) + os.sep
    with Store.open(temporary).transaction() as transaction:
        transaction.dataset("images").update(
            {"path": f"concat({_quoted(new)}, substr(path, {len(old) + 1}))"},
            where=f"starts_with(path, {_quoted(old)})",
        )
        transaction.moved_rows()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _check_method(folder: Path) -> None:
    if not (folder / "method.json").is_file():
        raise InputError(f"{folder} holds no saved method (it has no method.json)")


def _check_collection(file: Path, folder: Path) -> None:
    from tuwen.store import Store

    try:
        Store.open(folder)
    except CollectionError as error:
        raise Damaged(f"{file} holds a collection that cannot be opened ({error})") from error
    if (folder / encoder_of.PLACE).exists():
        raise Damaged(f"{file} names an encoder outside of it; tuwen never packs that: do not use it")


def _described(file: Path, about: dict[str, Any]) -> Pack:
    try:
        held = dict(about["holds"])
        return Pack(**held | {"extra": tuple(held["extra"])})
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"{file} does not say what it holds ({error!r})") from error
