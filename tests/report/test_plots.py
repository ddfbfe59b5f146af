import io
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tuwen.errors import MissingExtra
from tuwen.report.plots import Bars, Line, Panel, available, bars, lines

pytest.importorskip("matplotlib")

SVG = "{http://www.w3.org/2000/svg}"
X = np.array([16.0, 32, 64])


def texts(svg):
    return ["".join(found.itertext()) for found in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def two_panels(*names, **how):
    drawn = [Line(name, X, X / 100 + place / 10) for place, name in enumerate(names)]
    return lines([Panel("left", drawn, 0.1), Panel("right", drawn)], x="across", y="up", **how)


@pytest.fixture(scope="module")
def drawing():
    """One line in two panels."""
    return two_panels("cca")


def test_lines_carry_their_words_and_one_legend():
    drawing = two_panels("cca", "pls", title="both")
    found = texts(drawing.svg)
    assert {"left", "right", "across", "up", "both", "chance"} <= set(found)
    assert found.count("cca") == found.count("pls") == 1


def test_twelve_lines_can_be_told_apart():
    drawing = two_panels(*(f"m{place}" for place in range(12)))
    looks = {
        (path.get("style"))
        for group in ElementTree.fromstring(drawing.svg).iter(f"{SVG}g")
        if (group.get("id") or "").startswith("legend")
        for path in group.iter(f"{SVG}path")
        if "stroke-width: 1.8" in (path.get("style") or "")
    }
    assert len(looks) == 12


def test_ticks_are_where_they_are_asked_for():
    drawing = two_panels("itq", ticks=X)
    assert {"16", "32", "64"} <= set(texts(drawing.svg))


def test_bars_have_a_label_each_and_a_dashed_level():
    drawing = bars(
        ["cca", "scm"],
        [
            Bars("there", np.array([0.2, 0.3]), np.array([0.01, np.nan]), 0.1),
            Bars("back", np.array([0.1, np.nan]), np.array([0.01, np.nan]), 0.1),
        ],
        x="mAP",
    )
    found = texts(drawing.svg)
    assert {"cca", "scm", "there", "back", "mAP"} <= set(found)
    assert found.count("chance") == 1


def test_levels_that_differ_are_two_lines():
    kinds = [Bars(name, np.array([0.2]), np.array([0.01]), level) for name, level in [("a", 0.1), ("b", 0.2)]]
    assert {"chance, a", "chance, b"} <= set(texts(bars(["cca"], kinds, x="mAP").svg))


@pytest.mark.parametrize("title", ["", "long/" * 40 + "end", "图文检索" * 30 + "end"])
def test_nothing_is_cut_off(title):
    name = "a_method_with_a_rather_long_name (kernel=rbf, ridge=0.001)"
    kinds = [Bars("there", np.array([0.2, 0.9]), np.array([0.1, 0.2]))]
    drawing = bars([name, "b"], kinds, x="mAP", title=title)
    assert title[-3:] in drawing.svg
    picture = np.asarray(Image.open(io.BytesIO(drawing.png)).convert("L"))
    edges = [picture[0], picture[-1], picture[:, 0], picture[:, -1]]
    assert all((edge == 255).all() for edge in edges)


def test_the_png_has_200_dots_an_inch(drawing):
    with Image.open(io.BytesIO(drawing.png)) as picture:
        assert picture.width == 1680


def test_the_inline_form_takes_the_colours_of_its_page(drawing):
    inline = drawing.inline
    assert inline.startswith("<svg ")
    assert "http" not in inline
    assert "<style" not in inline
    assert "#ffffff" not in inline
    assert "currentColor" in inline
    assert "var(--line)" in inline
    ElementTree.fromstring(inline.replace("xlink:href", "href"))


@pytest.mark.parametrize("name", ["方法甲", "$x_$", "<script>", "𓀀 \U000e0001", "_hidden"])
def test_any_name_can_be_drawn(name):
    drawing = bars([name], [Bars(name, np.array([0.2]), np.array([0.1]))], x=name, title=name)
    assert name in texts(drawing.svg)


def test_what_xml_has_no_place_for_is_replaced():
    drawing = bars(["a\x1b\x00b"], [Bars("c", np.array([0.2]), np.array([0.1]))], x="x")
    assert "a\ufffd\ufffdb" in texts(drawing.svg)


def test_the_same_drawing_is_the_same_file(drawing):
    again = two_panels("cca")
    assert (again.svg, again.png) == (drawing.svg, drawing.png)


def test_files_are_written(drawing, tmp_path):
    drawing.write(tmp_path, "curves")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.png", "curves.svg"]
    assert (tmp_path / "curves.svg").read_text(encoding="utf-8") == drawing.svg


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert not available()
    with pytest.raises(MissingExtra, match=r"tuwen\[bench\]"):
        two_panels("cca")
