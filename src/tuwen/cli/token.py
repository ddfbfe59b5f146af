"""`tuwen token`: who may ask a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tuwen.cli import _options, _output, _settings

if TYPE_CHECKING:
    from tuwen.serve.tokens import Scope, Tokens


@click.group(epilog="Example:  tuwen token add alice --write", short_help="Say who may ask a server.")
def command() -> None:
    """Make and list the tokens of tuwen serve, and take them back.

    Only salted scrypt hashes are kept. A running server follows at once.
    """


@command.command(epilog="Example:  tuwen token add alice --write")
@click.argument("name")
@click.option("--write", is_flag=True, help="Let it change collections too, not only ask.")
def add(name: str, write: bool) -> None:
    """Make a token; it is shown this once.

    NAME is for people: who or what has it.
    """
    scopes: tuple[Scope, ...] = ("read", "write") if write else ("read",)
    tokens = _tokens()
    made = tokens.add(name, scopes)
    _output.note(f"A token for {name} ({' and '.join(scopes)}); keep it, it is not shown again:")
    click.echo(made)


@command.command("list", epilog="Example:  tuwen token list")
@_options.style()
def list_(style: str) -> None:
    """List the tokens by their names; the tokens themselves are not known."""
    rows = [
        {"id": token.id, "name": token.name, "scopes": " ".join(token.scopes), "created": token.created}
        for token in _tokens().all()
    ]
    _output.emit(rows, style, empty="No tokens.")


@command.command(epilog="Example:  tuwen token remove alice")
@click.argument("named", metavar="NAME|ID")
def remove(named: str) -> None:
    """Take a token back."""
    token = _tokens().remove(named)
    _output.note(f"The token {token.id} of {token.name} is no longer taken.")


def _tokens() -> Tokens:
    from tuwen.serve.tokens import Tokens

    return Tokens(_settings.tokens())
