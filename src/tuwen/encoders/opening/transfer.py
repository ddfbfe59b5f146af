"""Files over HTTP: resumed when they were interrupted, checked when they are whole."""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tuwen.errors import InputError, Unavailable

TIMEOUT = 30.0  # seconds without a byte
PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds between tries that brought nothing
LONGEST_WAIT = 60.0  # what a server may ask for when there are too many requests
LARGEST_ANSWER = 32 * 2**20  # bytes of a listing
_BLOCK = 1 << 20
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)
_LOCAL = ("localhost", "127.0.0.1", "::1")

Progress = Callable[[str, int, int], None]  # file, bytes there, bytes in all


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository.

    Attributes:
        name: Its path inside the repository.
        size: Bytes.
        sha256: Of its content, where the repository says so.
        blob: The git object of its content, where the repository says so.
        url: Where it is fetched from.
    """

    name: str
    size: int
    url: str
    sha256: str = ""
    blob: str = ""


def check_address(address: str) -> str:
    """An address that may be asked, without a slash at its end: https, or http on this machine.

    Raises:
        InputError: It is something else.
    """
    parts = urllib.parse.urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return address.rstrip("/")
    if parts.scheme == "http" and parts.hostname in _LOCAL:
        return address.rstrip("/")
    raise InputError(f"{address!r} is no address to download from; it must begin with https://")


def get_json(url: str, headers: Mapping[str, str]) -> Any:
    """What a server answers, read as JSON.

    Raises:
        Unavailable: It cannot be reached, refuses, or answers something else.
    """
    for pause in (*PAUSES[:1], None):
        try:
            with _ask(url, headers) as answer:
                content = answer.read(LARGEST_ANSWER + 1)
            break
        except _BROKEN as error:
            if pause is None or not _passing(error):
                raise _refused(url, error) from error
            time.sleep(_wait(error, pause))
    if len(content) > LARGEST_ANSWER:
        raise Unavailable(f"{_host(url)} answers with a listing of more than {LARGEST_ANSWER >> 20} MB")
    try:
        return json.loads(content)
    except ValueError as error:
        raise Unavailable(f"{_host(url)} does not answer as a hub of models does ({error})") from error


def download(file: RemoteFile, target: Path, headers: Mapping[str, str], progress: Progress | None) -> str:
    """Fetch a file, or the rest of it; returns its SHA-256.

    What has come is kept in `target.part`, so that the next try goes on from there.

    Raises:
        Unavailable: The server cannot be reached or refuses, or the disk is full.
        InputError: What came is not what the repository describes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    resumed = part.exists()
    _complete(file, part, headers, progress)
    found = _sum(file, part)
    if not found and resumed:  # what lay there was of another state of the repository
        _complete(file, part, headers, progress)
        found = _sum(file, part)
    if not found:
        raise InputError(f"{file.name} came with another checksum than {_host(file.url)} lists; try again")
    part.replace(target)
    return found


def _complete(file: RemoteFile, part: Path, headers: Mapping[str, str], progress: Progress | None) -> None:
    """Fetch what a partial file lacks, trying again as long as each try brings something."""
    failures = 0
    part.touch()
    while (before := part.stat().st_size) < file.size:  # nobody is asked for an empty file
        try:
            return _continue(file, part, before, headers, progress)
        except _BROKEN as error:
            if isinstance(error, OSError) and error.errno in _DISK:
                raise Unavailable(f"{part.parent} cannot be written ({error.strerror})") from error
            came = part.stat().st_size > before
            failures = 0 if came else failures + 1
            if failures > len(PAUSES) or not _passing(error):
                raise _refused(file.url, error) from error
            time.sleep(_wait(error, PAUSES[max(failures - 1, 0)]))


def _continue(
    file: RemoteFile, part: Path, start: int, headers: Mapping[str, str], progress: Progress | None
) -> None:
    """Append what is missing; a server that cannot begin in the middle begins anew."""
    more = {"Range": f"bytes={start}-"} if start else {}
    with _ask(file.url, headers, more) as answer:
        goes_on = answer.status == 206 and (answer.headers.get("Content-Range") or "").startswith(
            f"bytes {start}-"
        )
        with part.open("ab" if start and goes_on else "wb") as stream:
            _copy(answer, stream, file, progress)
            os.fsync(stream.fileno())


def _copy(answer: Any, stream: BinaryIO, file: RemoteFile, progress: Progress | None) -> None:
    done = stream.tell()
    while block := answer.read(_BLOCK):
        done += len(block)
        if done > file.size:
            stream.truncate(0)
            raise InputError(f"{_host(file.url)} sends more than the {file.size:,} bytes of {file.name}")
        stream.write(block)
        if progress is not None:
            progress(file.name, done, file.size)
    if done < file.size:
        raise http.client.IncompleteRead(b"", file.size - done)


def _sum(file: RemoteFile, part: Path) -> str:
    """The SHA-256 of what came; a file that is not the described one is removed, and has none."""
    size = part.stat().st_size
    whole = hashlib.sha256()
    git = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with part.open("rb") as stream:
        while block := stream.read(_BLOCK):
            whole.update(block)
            if file.blob and not file.sha256:
                git.update(block)
    found = whole.hexdigest()
    same = found == file.sha256.lower() if file.sha256 else not file.blob or git.hexdigest() == file.blob
    if size == file.size and same:
        return found
    part.unlink()
    return ""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows only to addresses that may be asked."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        try:
            check_address(newurl)
            if newurl.startswith("http:") and not req.full_url.startswith("http:"):
                raise InputError(f"{_host(req.full_url)} leads to {newurl!r}, which is not https")
        except InputError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _ask(url: str, headers: Mapping[str, str], more: Mapping[str, str] | None = None) -> Any:
    check_address(url)
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity", **(more or {})})  # noqa: S310
    for name, value in headers.items():  # a redirect to a storage service gets no token
        request.add_unredirected_header(name, value)
    try:
        return urllib.request.build_opener(_Redirects).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()  # it is an answer too, and holds its connection
        raise


_BROKEN = (OSError, http.client.HTTPException)  # URLError, timeouts and resets are OSErrors


def _passing(error: BaseException) -> bool:
    """Whether the next try may go better."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in _AGAIN
    reason = getattr(error, "reason", error)
    # a name that is not known, a certificate that is wrong: the same a second later
    return not isinstance(reason, OSError) or isinstance(reason, ConnectionResetError | TimeoutError)


def _wait(error: BaseException, pause: float) -> float:
    asked = error.headers.get("Retry-After", "") if isinstance(error, urllib.error.HTTPError) else ""
    return min(float(asked), LONGEST_WAIT) if asked and asked.isdecimal() else pause


def _refused(url: str, error: BaseException) -> Unavailable:
    host = _host(url)
    if not isinstance(error, urllib.error.HTTPError):
        return Unavailable(f"{host} cannot be reached ({getattr(error, 'reason', error)})")
    match error.code:
        case 401 | 403:
            return Unavailable(f"{host} gives it only to those who log in ({error.code})")
        case 404:
            return Unavailable(f"{host} has no such model or revision (404)")
        case 429:
            return Unavailable(f"{host} has had too many requests from here (429); wait some minutes")
    return Unavailable(f"{host} answers with error {error.code} ({error.reason})")


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc
