"""Write docs/cli.md from the help of every command; `python docs/make_cli.py`."""

from __future__ import annotations

from pathlib import Path

import click

from tuwen.cli import tuwen

PAGE = Path(__file__).parent / "cli.md"

INTRODUCTION = """# The command line

Written by `docs/make_cli.py` from each command's `--help`.

- Results go to stdout, progress and notes to stderr.
- On a terminal results are a table, with thumbnails where the terminal can show them (kitty, iTerm2, sixel);
  in a pipe they are JSON lines. `--format table|json|jsonl|csv` chooses, and `html` for search and similar.
- Exit codes: 0 done, 1 an error (one line on stderr; `TUWEN_DEBUG=1` shows where it happened), 2 wrong usage,
  130 stopped by Ctrl-C.
- A query may have negative words and weights: `tuwen search photos 海滩 -人`, `"beach^2 sunset"`.
- Defaults come from options, then the environment (`TUWEN_ENCODER`, `TUWEN_K`, `TUWEN_FORMAT`,
  `TUWEN_THUMBNAILS`, `TUWEN_OPEN`, and `TUWEN_SERVE_HOST` and so on for the server), then the user's file;
  `tuwen config` shows them and where they come from.
- Completion: `eval "$(tuwen config completion bash)"`, and the same for zsh and fish.
"""


def page() -> str:
    """The whole page."""
    root = click.Context(tuwen, info_name="tuwen", terminal_width=100, **tuwen.context_settings)
    parts = [INTRODUCTION, _block("tuwen", tuwen.get_help(root), 2)]
    for name in tuwen.list_commands(root):
        command = tuwen.get_command(root, name)
        if command is not None:
            parts += _command(command, name, root, 2)
    return "\n".join(parts)


def _command(command: click.Command, name: str, parent: click.Context, depth: int) -> list[str]:
    context = click.Context(command, info_name=name, parent=parent)
    parts = [_block(context.command_path, command.get_help(context), depth)]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                parts += _command(found, inner, context, depth + 1)
    return parts


def _block(title: str, text: str, depth: int) -> str:
    return f"{'#' * depth} {title}\n\n```text\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
