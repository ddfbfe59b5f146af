"""Pictures in the terminal: kitty, iTerm2 and sixel, chosen by the environment alone.

The terminal is never asked: an answer that does not come would hang a script, and one that comes late
would land in the user's next command.
"""

from __future__ import annotations

import base64
import io
import os
import shutil
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from PIL import Image

Protocol = Literal["kitty", "iterm", "sixel"]

_PROTOCOLS: dict[str, Protocol] = {"kitty": "kitty", "iterm": "iterm", "sixel": "sixel"}
_CELL = (9, 18)
"""Pixels of a character cell where the terminal does not say."""


def protocol(stream: IO[str], environment: Mapping[str, str], setting: str = "auto") -> Protocol | None:
    """How pictures can be shown on a stream; None where they cannot.

    Args:
        stream: Where they would be written.
        environment: The process's environment variables.
        setting: The user's choice; `auto` looks at the environment.
    """
    if setting == "none" or not stream.isatty():
        return None
    if setting in _PROTOCOLS:
        return _PROTOCOLS[setting]
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    # multiplexers swallow or garble the sequences
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("screen", "tmux", "dumb")):
        return None
    if environment.get("KITTY_WINDOW_ID") or "kitty" in term or "ghostty" in term or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm", "mintty") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    if term.startswith(("foot", "mlterm", "contour", "yaft")):
        return "sixel"
    return None


def strip(
    pictures: Sequence[tuple[int, Image.Image | None]], width: int, side: int = 120
) -> Image.Image | None:
    """Pictures side by side with their ranks; None when there is none to show.

    Args:
        pictures: Rank and picture, or None for one that cannot be read.
        width: Pixels there are; what does not fit in one row is left out.
        side: Side of a thumbnail, in pixels.
    """
    from PIL import Image, ImageDraw, ImageOps

    from tuwen.pictures import upright_rgb

    shown = [(rank, picture) for rank, picture in pictures if picture is not None]
    gap = 6
    shown = shown[: max(1, (width + gap) // (side + gap))]
    if not shown:
        return None
    sheet = Image.new("RGB", (len(shown) * (side + gap) - gap, side), "black")
    draw = ImageDraw.Draw(sheet)
    for column, (rank, picture) in enumerate(shown):
        x = column * (side + gap)
        sheet.paste(ImageOps.fit(upright_rgb(picture), (side, side)), (x, 0))
        draw.rectangle((x, 0, x + 8 + 7 * len(str(rank)), 14), fill="black")
        draw.text((x + 4, 1), str(rank), fill="white")
    return sheet


def size(stream: IO[str]) -> tuple[int, int]:
    """Pixels of the terminal, (width, height), as it tells the system or as its cells suggest."""
    columns, rows = shutil.get_terminal_size()
    try:
        import fcntl
        import struct
        import termios

        answer = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        _, _, width, height = struct.unpack("HHHH", answer)
        if width and height:
            return width, height
    except (ImportError, OSError, ValueError):  # Windows, or not a real terminal
        pass
    return columns * _CELL[0], rows * _CELL[1]


def encoded(picture: Image.Image, how: Protocol) -> str:
    """The characters that draw an RGB picture at the cursor, with a line end."""
    if how == "sixel":
        return _sixel(picture) + "\n"
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    data = base64.b64encode(stream.getvalue()).decode()
    if how == "iterm":
        return f"\x1b]1337;File=inline=1;size={len(stream.getvalue())};preserveAspectRatio=1:{data}\a\n"
    pieces = [data[start : start + 4096] for start in range(0, len(data), 4096)]
    parts = []
    for number, piece in enumerate(pieces):
        more = int(number < len(pieces) - 1)
        # q=2: no answers, which would otherwise be typed into the user's shell
        keys = f"a=T,f=100,q=2,m={more}" if number == 0 else f"m={more}"
        parts.append(f"\x1b_G{keys};{piece}\x1b\\")
    return "".join(parts) + "\n"


def show(pictures: Sequence[tuple[int, Image.Image | None]], stream: IO[str], setting: str) -> None:
    """Draw ranked pictures in one row where the terminal can; elsewhere do nothing."""
    how = protocol(stream, os.environ, setting)
    if how is None:
        return
    drawn = strip(pictures, size(stream)[0])
    if drawn is not None:
        stream.write(encoded(drawn, how))
        stream.flush()


def _sixel(picture: Image.Image) -> str:
    import numpy as np

    indexed = picture.quantize(255)
    palette = indexed.getpalette() or []
    pixels = np.asarray(indexed)
    height, width = pixels.shape
    parts = [f'\x1bPq"1;1;{width};{height}']
    for color in np.unique(pixels):
        red, green, blue = (round(part / 2.55) for part in palette[3 * color : 3 * color + 3])
        parts.append(f"#{color};2;{red};{green};{blue}")
    for top in range(0, height, 6):
        band = pixels[top : top + 6]
        weights = 1 << np.arange(len(band))
        for color in np.unique(band):
            parts.append(f"#{color}" + _runs((band == color).T @ weights) + "$")
        parts.append("-")
    return "".join(parts) + "\x1b\\"


def _runs(sixels: Any) -> str:
    """Sixel characters of one colour in one band of six rows, repeats shortened."""
    parts = []
    for value, group in groupby(sixels.tolist()):
        length = sum(1 for _ in group)
        sign = chr(63 + value)
        parts.append(f"!{length}{sign}" if length > 3 else sign * length)
    return "".join(parts)
