"""`tuwen config`: see and set the defaults, and get the shell's completion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tuwen.cli import _options, _output, _settings, serve


@click.group(
    invoke_without_command=True,
    epilog="Example:  tuwen config set k 20",
    short_help="See and change defaults; set up shell completion.",
)
@_options.style()
@click.pass_context
def command(ctx: click.Context, style: str) -> None:
    """Show each default and where it comes from.

    An option on the command line comes first, then the environment (TUWEN_ENCODER, TUWEN_K, ...), then
    the user's file, then the default.
    """
    if ctx.invoked_subcommand is not None:
        return
    _show({name: _settings.lookup(name) for name in _settings.SETTINGS}, style)


_SERVED = [option for option in serve.command.params if isinstance(option, click.Option)]


@command.command("serve", params=[*_SERVED], epilog="Example:  tuwen config serve --port 9000")
@_options.style()
@click.pass_context
def serve_(ctx: click.Context, /, style: str, **given: Any) -> None:
    """Show what tuwen serve would run with, and where each value comes from.

    Takes the options of tuwen serve; nothing is served.
    """
    found = {}
    for option in _SERVED:
        name = f"serve_{option.name}"
        found[name] = _settings.lookup(name)
        if ctx.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE:
            value = given[str(option.name)]
            shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
            written = option.secondary_opts if value is False else option.opts
            found[name] = (str(shown) if isinstance(shown, Path) else shown, written[0])
    _show(found, style)


@command.command("set", epilog="Example:  tuwen config set format json")
@click.argument("key")
@click.argument("value")
def set_(key: str, value: str) -> None:
    """Set a default in the user's file."""
    _output.note(f"{key} = {value} in {_settings.write(key, value)}")


@command.command(epilog="Example:  tuwen config unset format")
@click.argument("key")
def unset(key: str) -> None:
    """Take a default out of the user's file."""
    _output.note(f"{key} is no longer in {_settings.write(key, None)}")


@command.command(epilog='Example:  eval "$(tuwen config completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete tuwen's commands and options.

    For bash add the example to ~/.bashrc, for zsh the same with zsh to ~/.zshrc. For fish write the
    script to ~/.config/fish/completions/tuwen.fish.
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}")
    # bash's own class runs bash to learn its version, which the text of the script does not depend on
    script = made(ctx.find_root().command, {}, "tuwen", "_TUWEN_COMPLETE")
    click.echo(script.source_template % script.source_vars())


def _show(found: dict[str, tuple[Any, str]], style: str) -> None:
    rows = []
    for name, (value, origin) in found.items():
        shown = str(value).lower() if isinstance(value, bool) else value
        purpose = _settings.SETTINGS[name].purpose
        rows.append({"setting": name, "value": shown, "from": origin, "purpose": purpose})
    _output.emit(rows, style, columns=("setting", "value", "from", "purpose"))
    if _output.chosen(style) == "table":
        _output.note(f"\nFile: {_settings.path()}")
