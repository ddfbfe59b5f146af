"""Progress on stderr: a bar with rate and remaining time at a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Report = Callable[[int, int | None], None]
"""Called with the number done so far and the total, when that is known."""


@contextmanager
def bar(description: str) -> Iterator[Report]:
    """A bar that follows the calls of the function it gives."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Items a second."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(description, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


@contextmanager
def steps() -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar for each step, one after the other: a function of step, number done and total."""
    open_bar: list[Any] = []
    current = ""

    def close() -> None:
        while open_bar:
            open_bar.pop()[0].__exit__(None, None, None)

    def progress(step: str, done: int, total: int | None) -> None:
        nonlocal current
        if step != current:
            close()
            current = step
            shown = bar(step)
            open_bar.append((shown, shown.__enter__()))
        if done:
            open_bar[0][1](done, total)

    try:
        yield progress
    finally:
        close()
