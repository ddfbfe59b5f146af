import base64
import io
import re

import pytest
from PIL import Image

from tuwen.cli import _terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "dumb"}, None),
        ({}, None),
    ],
)
def test_the_environment_tells_how_pictures_are_shown(environment, expected):
    assert _terminal.protocol(Screen(), environment) == expected


@pytest.mark.parametrize("around", [{"TMUX": "/tmp/tmux"}, {"STY": "1.pts"}, {"TERM": "screen.xterm-kitty"}])
def test_no_pictures_inside_a_multiplexer(around):
    assert _terminal.protocol(Screen(), {"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"} | around) is None


def test_no_pictures_in_a_pipe_whatever_is_set():
    assert _terminal.protocol(io.StringIO(), {"TERM": "xterm-kitty"}, "kitty") is None


def test_the_users_choice_comes_before_the_environment():
    assert _terminal.protocol(Screen(), {"TERM": "xterm"}, "sixel") == "sixel"
    assert _terminal.protocol(Screen(), {"TERM": "xterm-kitty"}, "none") is None


def test_a_strip_leaves_out_what_does_not_fit_and_what_cannot_be_read():
    red = Image.new("RGB", (300, 100), "red")
    strip = _terminal.strip([(1, red), (2, None), (3, red), (4, red)], width=260, side=120)
    assert strip.size == (246, 120)
    assert _terminal.strip([(1, None)], width=260) is None


def test_kitty_gets_a_png_in_chunks_that_asks_for_no_answer():
    noise = Image.effect_noise((100, 100), 80).convert("RGB")
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", _terminal.encoded(noise, "kitty"))
    assert parts[0][0] == "a=T,f=100,q=2,m=1" and parts[-1][0] == "m=0"
    assert all(len(data) <= 4096 for _, data in parts)
    picture = Image.open(io.BytesIO(base64.b64decode("".join(data for _, data in parts))))
    assert picture.tobytes() == noise.tobytes()


def test_iterm_gets_a_png_with_its_size():
    text = _terminal.encoded(Image.new("RGB", (4, 4), "red"), "iterm")
    size, data = re.fullmatch(r"\x1b]1337;File=inline=1;size=(\d+);.*:(.*)\a\n", text).groups()
    assert len(base64.b64decode(data)) == int(size)


def test_sixel_draws_each_colour_in_bands_of_six_rows():
    picture = Image.new("RGB", (8, 7), (255, 0, 0))
    picture.putpixel((0, 0), (0, 0, 255))
    drawn = sixels(_terminal.encoded(picture, "sixel"), 8, 7)
    assert drawn[0][0] == (0, 0, 100)
    assert all(drawn[y][x] == (100, 0, 0) for y in range(7) for x in range(8) if (x, y) != (0, 0))


def sixels(text, width, height):
    """A small sixel reader: percent colours by row and column."""
    body = re.fullmatch(r'\x1bPq"1;1;(\d+);(\d+)(.*)\x1b\\\n', text, re.DOTALL)
    assert (int(body[1]), int(body[2])) == (width, height)
    drawn = [[None] * width for _ in range(height)]
    palette, color, x, top = {}, None, 0, 0
    for token in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|(\$)|(-)|(.)", body[3]):
        if token[1]:
            palette[token[1]] = (int(token[2]), int(token[3]), int(token[4]))
        elif token[5]:
            color = token[5]
        elif token[8]:
            x = 0
        elif token[9]:
            x, top = 0, top + 6
        else:
            sign, count = (token[7], int(token[6])) if token[6] else (token[10], 1)
            for column in range(x, x + count):
                for row in range(6):
                    if (ord(sign) - 63) >> row & 1:
                        drawn[top + row][column] = palette[color]
            x += count
    return drawn


def test_nothing_is_written_where_pictures_cannot_be_shown(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    for name in ("KITTY_WINDOW_ID", "TERM_PROGRAM", "LC_TERMINAL"):
        monkeypatch.delenv(name, raising=False)
    screen = Screen()
    _terminal.show([(1, Image.new("RGB", (4, 4)))], screen, "auto")
    assert screen.getvalue() == ""
