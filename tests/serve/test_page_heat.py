"""The heat map of the page in a browser: over the picture, in words, by keys."""

import pytest
from PIL import Image, ImageDraw

from serving import picture
from tiny import COLOURS
from tuwen import Collection


@pytest.fixture
def folder(folder, tiny_encoder):
    """The collections, the first of them with a picture of a red square at its upper left."""
    drawn = Image.new("RGB", (90, 60), (128, 128, 128))
    ImageDraw.Draw(drawn).rectangle((0, 0, 29, 19), fill=COLOURS["red"][1])
    add(folder, drawn, "scene", tiny_encoder)
    return folder


def add(folder, drawn, name, encoder):
    """Put a picture into the first collection."""
    file = folder / f"{name}.png"
    drawn.save(file)
    tiny = Collection.open(folder / "tiny", encoder=encoder)
    tiny.add_vectors("image", [name], encoder.encode([file], "image"), path=[str(file)])


LIGHT = """(canvas, [x, y]) => {
  const pen = canvas.getContext("2d");
  const [red, green, blue, opacity] = pen.getImageData(x * canvas.width, y * canvas.height, 1, 1).data;
  return (red + green + blue) / 3;
}"""


def test_the_part_that_counts_is_bright_and_said_and_can_be_hidden_again(look):
    page = look("#search?c=tiny&q=red&item=image:scene")
    toggle = page.get_by_role("button", name="Where it counts")
    toggle.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Most: upper left.").wait_for()
    canvas = page.locator("#item canvas")
    assert toggle.get_attribute("aria-pressed") == "true" and canvas.is_visible()
    assert canvas.evaluate(LIGHT, [0.1, 0.1]) > 150 > 60 > canvas.evaluate(LIGHT, [0.8, 0.8])
    # over the picture, and fitted as it is
    boxes = [page.locator(f"#item .heated {each}").bounding_box() for each in ("img", "canvas")]
    assert boxes[0] == pytest.approx(boxes[1], abs=1)
    assert canvas.evaluate("each => each.width / each.height") == pytest.approx(1.5)
    page.keyboard.press("Space")
    assert toggle.get_attribute("aria-pressed") == "false" and not canvas.is_visible()
    assert not page.get_by_text("Most: upper left.").is_visible()


def test_a_picture_that_comes_after_its_heat_is_waited_for(look):
    page = look("#search?c=tiny&q=blue&show=text")
    held = []
    page.route("**/thumbnails/scene*side=640*", lambda route: held.append(route))
    page.goto(page.url.replace("q=blue", "q=red") + "&item=image:scene")
    page.get_by_role("button", name="Where it counts").click()
    page.get_by_text("Most: upper left.").wait_for()
    assert len(held) == 1 and not page.locator("#item canvas").count()
    held[0].continue_()
    canvas = page.locator("#item canvas")
    canvas.wait_for()
    assert canvas.evaluate("each => each.width / each.height") == pytest.approx(1.5)


def test_it_is_said_in_chinese_that_no_part_stands_out(look, folder, tiny_encoder):
    add(folder, Image.new("RGB", (40, 30), COLOURS["blue"][1]), "flat", tiny_encoder)
    page = look("#search?c=tiny&q=蓝&item=image:flat", locale="zh-CN")
    page.get_by_role("button", name="哪里起作用").click()
    page.get_by_text("没有突出的部分").wait_for()


def test_without_a_question_there_is_no_heat_map_and_with_a_picture_there_is(look):
    page = look("#search?c=tiny&item=image:scene")
    page.get_by_role("dialog").get_by_text("Nearest texts").wait_for()
    assert not page.get_by_role("button", name="Where it counts").count()
    page.keyboard.press("Escape")
    red = {"name": "red.png", "mimeType": "image/png", "buffer": picture(COLOURS["red"][1])}
    page.locator("#file").set_input_files(red)
    page.locator(".card .open[title=scene]").click()
    page.get_by_role("button", name="Where it counts").click()
    page.get_by_text("Most: upper left.").wait_for()


def test_what_the_server_refuses_is_said_beside_the_button(look, folder):
    page = look("#search?c=tiny&q=red&item=image:scene")
    toggle = page.get_by_role("button", name="Where it counts")
    toggle.wait_for()
    (folder / "scene.png").unlink()
    toggle.click()
    page.get_by_role("dialog").get_by_text("It is not there.").wait_for()
    assert toggle.get_attribute("aria-pressed") == "false"
