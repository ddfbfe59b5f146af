"""Defaults of the command line: an option, else the environment, else the user's file, else ours."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tuwen.errors import InputError, unknown


@dataclass(frozen=True, slots=True)
class Setting:
    """A default that users can change: our value, the values allowed (None: any), what it is for.

    A whole number must be at least `least`.
    """

    value: str | int | bool
    allowed: tuple[str, ...] | None
    purpose: str
    least: int = 1


SETTINGS: dict[str, Setting] = {
    "encoder": Setting("mini", None, "encoder of a new collection"),
    "k": Setting(10, None, "hits that search and similar give"),
    "format": Setting("auto", ("auto", "table", "json", "jsonl", "csv"), "how results are printed"),
    "thumbnails": Setting("auto", ("auto", "kitty", "iterm", "sixel", "none"), "pictures in the terminal"),
    "open": Setting(True, None, "open a sheet that --html wrote, at a terminal"),
    "serve_host": Setting("127.0.0.1", None, "address that serve listens at"),
    "serve_port": Setting(8000, None, "port that serve listens at", least=0),
    "serve_tokens": Setting("", None, "file of the tokens; empty: beside the user's file"),
    "serve_require_token": Setting(False, None, "ask for a token on this machine too"),
    "serve_read_only": Setting(False, None, "take no changes over HTTP"),
    "serve_names": Setting("", None, "names that a server is asked under, with commas"),
    "serve_origins": Setting("", None, "other web origins that may ask, with commas"),
    "serve_proxies": Setting("", None, "addresses of reverse proxies, with commas"),
    "serve_roots": Setting("", None, "folders that links among pictures may lead to, with commas"),
    "serve_rerankers": Setting("", None, "second stages, NAME=FOLDER, with commas"),
    "serve_rate": Setting(100, None, "requests a second and client; 0 for no limit", least=0),
    "serve_body_mb": Setting(32, None, "megabytes of a request"),
    "serve_megapixels": Setting(50, None, "of a picture that is sent"),
    "serve_threads": Setting(0, None, "engine calls at a time; 0 for the number of cores", least=0),
    "serve_seconds": Setting(30, None, "for an answer"),
    "serve_cache": Setting("", None, "folder of thumbnails; empty: the user's cache"),
    "serve_cache_mb": Setting(512, None, "megabytes that thumbnails may take"),
    "serve_log_queries": Setting(False, None, "write what is asked to the access log"),
}


def path() -> Path:
    """The user's file: `TUWEN_CONFIG`, or `config.toml` in the platform's folder for settings."""
    named = os.environ.get("TUWEN_CONFIG")
    return Path(named) if named else Path(click.get_app_dir("tuwen")) / "config.toml"


def value(key: str) -> Any:
    """The value in force for a setting."""
    return lookup(key)[0]


def lookup(key: str) -> tuple[Any, str]:
    """The value in force, and where it comes from.

    Raises:
        UnknownName: There is no such setting.
        InputError: The environment or the file holds a wrong value.
    """
    if key not in SETTINGS:
        raise unknown("setting", key, SETTINGS)
    variable = f"TUWEN_{key.upper()}"
    if os.environ.get(variable):
        return checked(key, os.environ[variable], variable), variable
    stored = read()
    if key in stored:
        return checked(key, stored[key], str(path())), str(path())
    return SETTINGS[key].value, "default"


def default(key: str) -> Callable[[], Any]:
    """A click default that looks the setting up when the command runs."""
    return lambda: value(key)


def listed(key: str) -> Callable[[], tuple[str, ...]]:
    """A click default for an option that may be given again: what stands between the commas of a setting."""
    return lambda: tuple(part.strip() for part in str(value(key)).split(",") if part.strip())


def tokens() -> Path:
    """The file of the server's tokens: `serve_tokens`, else `tokens.json` beside the user's file."""
    return Path(value("serve_tokens") or path().with_name("tokens.json"))


def checked(key: str, given: Any, where: str) -> str | int | bool:
    """`given` in the setting's type.

    Raises:
        InputError: It cannot be read as that type, or is not an allowed value.
    """
    setting = SETTINGS[key]
    if isinstance(setting.value, bool):
        word = str(given).lower()
        if word in ("true", "1", "yes", "on"):
            return True
        if word in ("false", "0", "no", "off"):
            return False
        raise InputError(f"{where}: {key} is {given!r}; it must be true or false")
    if isinstance(setting.value, int):
        if not str(given).isdecimal() or int(given) < setting.least:
            raise InputError(
                f"{where}: {key} is {given!r}; it must be a whole number of at least {setting.least}"
            )
        return int(given)
    if setting.allowed is not None and given not in setting.allowed:
        raise InputError(f"{where}: {key} is {given!r}; it must be one of {', '.join(setting.allowed)}")
    return str(given)


def read() -> dict[str, Any]:
    """What the user's file holds; empty when there is none.

    Raises:
        InputError: It is not TOML.
        UnknownName: It has a key that is no setting.
    """
    file = path()
    try:
        stored = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not TOML ({error}); correct or delete it") from error
    for key in stored:
        if key not in SETTINGS:
            raise unknown(f"setting (in {file})", key, SETTINGS)
    return stored


def write(key: str, given: str | None) -> Path:
    """Store a setting in the user's file, or take it out with None; gives the file.

    Raises:
        UnknownName: There is no such setting.
        InputError: The value is not allowed.
    """
    from tuwen.files import replacing

    if key not in SETTINGS:
        raise unknown("setting", key, SETTINGS)
    stored = read()
    if given is None:
        stored.pop(key, None)
    else:
        stored[key] = checked(key, given, "tuwen config")
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    # JSON's strings, numbers and booleans are TOML's too
    lines = [f"{name} = {json.dumps(stored[name], ensure_ascii=False)}\n" for name in sorted(stored)]
    with replacing(file) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")
    return file
