"""Drawings: lines and bars in panels, as PNG and SVG; colours that the colour-blind can tell apart."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import MissingExtra
from tuwen.files import replacing

#: Okabe and Ito, without yellow and black: visible on white and on black.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("-", "--", ":", "-.")
INK, GRID = "#1d1f23", "#d9d7d1"
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_RING = {"color": INK, "marker": "o", "markersize": 7, "markerfacecolor": "none", "linestyle": "none"}
_ROOM = 90  # characters of a title; those of Chinese count twice
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CHINESE_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei"),
    *("Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Heiti SC"),
    *("Noto Sans CJK JP", "Arial Unicode MS"),
)


@dataclass(frozen=True, eq=False)
class Line:
    """A line of a panel.

    Attributes:
        name: For the legend; lines of one name share a colour and an entry.
        x: (points,).
        y: (points,).
        low: Lower ends of error bars, (points,), or None.
        high: Upper ends.
        mark: Place of a point with a ring around it, or None.
    """

    name: str
    x: Array
    y: Array
    low: Array | None = None
    high: Array | None = None
    mark: int | None = None


@dataclass(frozen=True, eq=False)
class Panel:
    """Axes with a title.

    Attributes:
        title: Above the axes.
        lines: What is drawn.
        level: Height of a dashed line, such as the chance level; None for none.
    """

    title: str
    lines: Sequence[Line]
    level: float | None = None


@dataclass(frozen=True, eq=False)
class Bars:
    """One kind of bar for every label.

    Attributes:
        name: For the legend.
        values: (labels,); NaN leaves a gap.
        spreads: (labels,) half lengths of error bars; NaN for none.
        level: Place of a dashed line, such as the chance level; None for none.
    """

    name: str
    values: Array
    spreads: Array
    level: float | None = None


@dataclass(frozen=True)
class Drawing:
    """A finished figure.

    Attributes:
        svg: For a file, on white.
        inline: For a page: without white, the ink in the colour of the page's text.
        png: For a file, 200 dots an inch.
    """

    svg: str
    inline: str
    png: bytes

    def write(self, folder: Path, name: str) -> None:
        """Write `NAME.svg` and `NAME.png`."""
        with replacing(folder / f"{name}.svg") as temporary:
            temporary.write_text(self.svg, encoding="utf-8")
        with replacing(folder / f"{name}.png") as temporary:
            temporary.write_bytes(self.png)


def lines(
    panels: Sequence[Panel],
    *,
    x: str,
    y: str,
    title: str = "",
    ticks: Array | None = None,
    mark: str = "",
    apart: bool = False,
) -> Drawing:
    """Lines in panels side by side, with one legend.

    Args:
        panels: Left to right.
        x: What the horizontal axis shows.
        y: What the vertical axis shows.
        title: Above all.
        ticks: Values of the horizontal axis, evenly apart in their logarithm, such as bits; None for a
            plain axis.
        mark: What a ring around a point says, for the legend.
        apart: Each panel has a scale of its own.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    with _style([title, x, y, mark, *names, *(panel.title for panel in panels)]) as figure_of:
        figure = figure_of((4.2 * len(panels), 3.6 + 0.2 * -(-len(names) // 4)))
        every = figure.subplots(1, len(panels), sharey=not apart, squeeze=False)[0]
        for axes, panel in zip(every, panels, strict=True):
            for line in panel.lines:
                place = names.index(line.name)
                # error bars side by side, not on top of each other
                step = min(0.05, 0.4 / len(names)) if ticks is not None else 0
                aside = 2 ** (step * (place - (len(names) - 1) / 2))
                _line(axes, line, place, marked=ticks is not None, aside=aside)
            if panel.level is not None:
                axes.axhline(panel.level, color=INK, linewidth=1, linestyle=(0, (2, 3)), label="chance")
            axes.set_title(panel.title)
            axes.set_xlabel(x)
            if ticks is not None:
                axes.set_xscale("log", base=2)
                axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
                axes.minorticks_off()
        if any(line.mark is not None for panel in panels for line in panel.lines):
            every[0].plot([], [], label=mark, **_RING)
        every[0].set_ylabel(y)
        _legend(figure, every)
        return _drawing(figure, title)


def bars(labels: Sequence[str], kinds: Sequence[Bars], *, x: str, title: str = "") -> Drawing:
    """Horizontal bars: for each label one of every kind, first label on top.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    with _style([title, x, *labels, *(kind.name for kind in kinds)]) as figure_of:
        figure = figure_of((8.4, 1.6 + 0.17 * len(labels) * (len(kinds) + 0.7)))
        axes = figure.subplots()
        places, thick = np.arange(len(labels)), 0.8 / len(kinds)
        for index, kind in enumerate(kinds):
            at = places + thick * (index - (len(kinds) - 1) / 2)
            colour = COLOURS[index % len(COLOURS)]
            axes.barh(at, np.nan_to_num(kind.values), thick * 0.92, color=colour, label=kind.name)
            some = ~np.isnan(kind.spreads) & ~np.isnan(kind.values)
            axes.errorbar(
                kind.values[some], at[some], xerr=kind.spreads[some], fmt="none", ecolor=INK, capsize=2
            )
        _levels(axes, kinds)
        axes.set_yticks(places, labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.set_xlabel(x)
        axes.grid(visible=False, axis="y")
        _legend(figure, [axes])
        return _drawing(figure, title)


def available() -> bool:
    """Whether there is anything to draw with."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def _line(axes: Any, line: Line, place: int, *, marked: bool, aside: float) -> None:
    look = {
        "color": COLOURS[place % len(COLOURS)],
        "linestyle": DASHES[place // len(COLOURS) % len(DASHES)],
        "linewidth": 1.8,
        "label": line.name,
    }
    if line.mark is not None:
        axes.plot(line.x[line.mark], line.y[line.mark], zorder=3, **_RING)
    if not marked:
        axes.plot(line.x, line.y, **look)
    elif line.low is None or line.high is None:
        axes.plot(line.x * aside, line.y, marker="o", markersize=4, **look)
    else:
        ends = np.maximum([line.y - line.low, line.high - line.y], 0)
        axes.errorbar(line.x * aside, line.y, yerr=ends, marker="o", markersize=4, capsize=2, **look)


def _levels(axes: Any, kinds: Sequence[Bars]) -> None:
    """Dashed lines at the levels: one where all kinds have the same."""
    levels = {kind.level for kind in kinds}
    for index, kind in enumerate(kinds):
        if kind.level is not None and (len(levels) > 1 or not index):
            alone = len(levels) == 1
            colour = INK if alone else COLOURS[index % len(COLOURS)]
            name = "chance" if alone else f"chance, {kind.name}"
            axes.axvline(kind.level, color=colour, linewidth=1.2, linestyle=(0, (2, 2)), label=name)


def _legend(figure: Any, every: Sequence[Any]) -> None:
    entries: dict[str, Any] = {}
    for axes in every:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(name, handle)
    if entries:
        entries = dict(sorted(entries.items(), key=lambda entry: entry[0].startswith("chance")))
        columns = min(4, len(entries))
        places = [row * columns + column for column in range(columns) for row in range(len(entries))]
        order = [place for place in places if place < len(entries)]  # legends fill columns; readers read rows
        names = [list(entries)[place] for place in order]
        figure.legend(
            [entries[name] for name in names], names, loc="outside lower center", ncols=columns, frameon=False
        )


@contextmanager
def _style(texts: Sequence[str]) -> Iterator[Any]:
    """A maker of figures of a size in inches, with fonts that have the characters of the texts."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
        from matplotlib.font_manager import get_font_names
    except ImportError as error:
        raise MissingExtra("plots need matplotlib; install it with: pip install 'tuwen[bench]'") from error
    fonts = ["DejaVu Sans"]
    if any(_CJK.search(text) for text in texts):
        there = set(get_font_names())
        fonts += [next(iter(font for font in _CHINESE_FONTS if font in there), "")]
    look = {
        "font.family": [font for font in fonts if font],
        "font.size": 10,
        "text.parse_math": False,  # a name with two dollar signs is no formula
        "svg.fonttype": "none",
        "svg.hashsalt": "tuwen",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "axes.titlesize": 11,
    }
    look |= {name: INK for name in ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color")}
    look |= {"ytick.color": INK, "axes.titlecolor": INK}
    with matplotlib.rc_context(look), warnings.catch_warnings():
        # where no font has a character a box stands for it, and the browser has fonts of its own
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield lambda size: Figure(figsize=size, layout="constrained")


def _short(title: str) -> str:
    """The end of a title, such as that of a path, as far as there is room."""
    wide = [1 + bool(_CJK.match(sign)) for sign in title]
    start = next(start for start in range(len(title) + 1) if sum(wide[start:]) <= _ROOM)
    return f"…{title[start:]}" if start else title


def _drawing(figure: Any, title: str) -> Drawing:
    if title:
        figure.suptitle(_short(title), fontsize=11)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=200, facecolor="white", metadata={"Software": None})
    figure.set_layout_engine("none")  # everything has its place now
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})
    svg = _NOT_XML.sub("\ufffd", stream.getvalue().decode("utf-8"))
    inline = svg[svg.index("<svg") :].strip()
    inline = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", inline, flags=re.DOTALL)
    inline = re.sub(r"\s+xmlns(:\w+)?=\"[^\"]*\"", "", inline)
    inline = inline.replace(INK, "currentColor").replace(GRID, "var(--line)").replace("#ffffff", "none")
    inline = re.sub(r"<svg ", '<svg role="img" ', inline, count=1)
    return Drawing(svg, inline, png.getvalue())
