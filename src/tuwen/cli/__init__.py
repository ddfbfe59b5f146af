"""The `tuwen` command: every command is a file of this folder and loads when it is asked for."""

from __future__ import annotations

import io
import os
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import click
from click.shell_completion import shell_complete

from tuwen import __version__
from tuwen.errors import InputError, TuwenError, unknown

__all__ = ["main", "names", "tuwen"]

_SECTIONS = {
    "Build and ask": ("index", "search", "similar", "match"),
    "Look and check": ("show", "explain", "duplicates", "verify"),
    "Match, illustrate, tag": ("resolve", "illustrate", "tag"),
    "Serve": ("serve", "token"),
    "Learn and compare": ("datasets", "methods", "fit", "fuse", "train", "classify", "bench", "reproduce"),
    "Keep": ("delete", "snapshot", "compact", "export", "pack", "unpack"),
    "Around": ("demo", "encode", "encoders", "config"),
}


@cache
def names() -> tuple[str, ...]:
    """The commands there are, from the folder listing; imports none of them."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py")))


class _Commands(click.Group):
    """A group that imports a command's file only when the command is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, those used first in front."""
        listed = [name for section in _SECTIONS.values() for name in section if name in names()]
        return listed + [name for name in names() if name not in listed]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or None."""
        if cmd_name not in names():
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a wrong name gets a suggestion."""
        name = args[0]
        if name not in names() and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(str(unknown("command", name, names())))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands under the jobs they are for."""
        sections = dict(_SECTIONS)
        rest = tuple(name for name in names() if not any(name in section for section in _SECTIONS.values()))
        if rest:
            sections["More"] = rest
        for title, section in sections.items():
            commands = [(name, self.get_command(ctx, name)) for name in section]
            lines = [(name, found.get_short_help_str(90)) for name, found in commands if found]
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with:  tuwen demo",
)
@click.version_option(__version__, "--version", message="tuwen %(version)s")
def tuwen() -> None:
    """Search pictures with words and words with pictures, in Chinese and English, offline."""


def main() -> None:
    """Run the command line and exit: 0 done, 1 an error, 2 wrong usage, 130 stopped by Ctrl-C."""
    _prepare_streams()
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    debug = os.environ.get("TUWEN_DEBUG", "") not in ("", "0")
    try:
        if instruction := os.environ.get("_TUWEN_COMPLETE"):
            return shell_complete(tuwen, {}, "tuwen", "_TUWEN_COMPLETE", instruction)
        # not tuwen.main: it makes a reader that leaves early an error
        with tuwen.make_context("tuwen", arguments) as context:
            tuwen.invoke(context)
        sys.stdout.flush()
        return 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 130
    except BrokenPipeError:
        _silence_stdout()
        return 0
    except (TuwenError, OSError, MemoryError) as error:
        if debug:
            raise
        click.echo(f"Error: {_one_line(error)}", err=True)
        return 1
    except Exception as error:
        if debug:
            raise
        click.echo(
            f"Error: {type(error).__name__}: {_one_line(error)}\n"
            "This is a fault of tuwen; TUWEN_DEBUG=1 shows where it happened.",
            err=True,
        )
        return 1


def _one_line(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory; use a smaller -k or fewer items at once"
    if isinstance(error, OSError) and not isinstance(error, TuwenError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    # a filter's own message points at the place in a line of its own
    return str(error) if isinstance(error, InputError) else " ".join(str(error).split())


def _prepare_streams() -> None:
    """Let any text be printed: a character the terminal does not know becomes `?`, never a crash.

    Files and pipes get UTF-8 on every system, unless PYTHONIOENCODING says otherwise.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            told = stream.isatty() or "PYTHONIOENCODING" in os.environ
            stream.reconfigure(encoding=None if told else "utf-8", errors="replace")


def _silence_stdout() -> None:
    """Point stdout nowhere, so that the interpreter's last flush does not complain again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
