"""The page in a browser: searching, pictures, weights, filters, items, export; both languages, keys alone."""

import csv
import io
import shutil
import zipfile

import pytest

from browsing import served
from serving import picture
from tuwen.collection import Collection


@pytest.fixture(scope="module")
def address(_tiny_template, tiny_encoder, tmp_path_factory):
    """The address of a server over the tiny collection and a copy of it."""
    folder = tmp_path_factory.mktemp("served")
    opened = {}
    for name in ("tiny", "second"):
        shutil.copytree(_tiny_template, folder / name)
        opened[name] = Collection.open(folder / name, encoder=tiny_encoder)
    with served(opened, folder) as made:
        yield made


@pytest.fixture
def look(chromium, address):
    """Opens the page at a place, in a language; whatever a script of it or the policy complains of fails."""
    contexts, faults = [], []

    def opened(place="", locale="en-US", **how):
        context = chromium.new_context(locale=locale, **how)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
        page.goto(f"{address}/{place}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


def names(page, kind="image"):
    """The names of the results of a kind that are seen, best first."""
    page.wait_for_selector('#found[aria-busy="false"] .kind')
    return page.locator(f'[data-kind="{kind}"] .card:visible .name').all_inner_texts()


def first(page, colour):
    """Wait until the best picture is of a colour."""
    page.locator('[data-kind="image"] .card:first-child .name', has_text=colour).wait_for()


def ask(page, words):
    """Ask for words as a visitor does, and wait for the answer."""
    page.locator("#q").fill(words)
    with page.expect_response(lambda answer: answer.url.endswith("/search")):
        page.keyboard.press("Enter")
    page.wait_for_selector(".score")


def test_words_find_pictures_and_texts_side_by_side(look):
    page = look()
    ask(page, "a green picture")
    assert set(names(page)[:2]) == {"green-0.png", "green-1.png"}
    assert "green" in page.locator('[data-kind="text"] .open').first.inner_text()
    page.get_by_role("radio", name="Texts").check()
    page.wait_for_selector('[data-kind="image"]', state="detached")
    assert "show=text" in page.url


def test_the_page_speaks_chinese_to_chinese_browsers_and_remembers_another_choice(look):
    page = look(locale="zh-CN")
    ask(page, "蓝色的图片")
    assert names(page)[0].startswith("blue")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("h2").first.inner_text() == "图片"
    page.get_by_role("button", name="English").click()
    assert page.locator("h2").first.inner_text() == "Pictures"
    page.reload()
    page.get_by_role("button", name="Search", exact=True).wait_for()


def test_a_question_asked_before_the_examples_have_come_keeps_its_answer(look):
    page = look()
    names(page)
    held = []
    page.route("**/tiny/overview", lambda route: held.append(route))
    with page.expect_request("**/tiny/overview"):
        page.reload()
    ask(page, "blue")
    with page.expect_response("**/tiny/overview"):
        for route in held:
            route.continue_()
    page.evaluate("fetch('api/v1/session').then((answer) => answer.text())")
    assert names(page)[0].startswith("blue")


def test_going_back_brings_the_earlier_question_back(look):
    page = look()
    ask(page, "red")
    ask(page, "blue")
    page.go_back()
    first(page, "red")
    assert page.locator("#q").input_value() == "red"


def test_examples_are_offered_as_one_types_and_taken_with_keys(look):
    page = look()
    names(page)
    page.locator("#q").press_sequentially("a yel")
    page.wait_for_selector("#examples [role=option]")
    page.keyboard.press("ArrowDown")
    assert page.locator("#q").get_attribute("aria-activedescendant") == "example-0"
    page.keyboard.press("Enter")
    page.wait_for_selector(".score")
    assert page.locator("#q").input_value() == "a yellow picture with a grey dot"
    assert names(page)[0].startswith("yellow")


def test_a_cut_off_above_everything_says_plainly_that_nothing_reaches_it(look):
    page = look("#search?c=tiny&q=red&show=image")
    assert len(names(page)) == 16
    slider = page.get_by_label("Cut off pictures below")
    slider.focus()
    page.keyboard.press("End")
    assert names(page) == []
    assert page.get_by_text("Nothing reaches the cut-off").is_visible()
    assert "cut_image=1" in page.url
    page.keyboard.press("Home")
    assert len(names(page)) == 16


@pytest.mark.parametrize(("fits", "said"), [(False, 1), (True, 0), (None, 0)])
def test_what_the_server_says_of_nothing_fitting_is_shown_plainly(look, fits, said):
    page = look()
    names(page)

    def judged(route):
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"fits": fits, "probability": 0.04})

    page.route("**/tiny/search", judged)
    page.get_by_role("radio", name="Pictures").check()
    ask(page, "red")
    assert page.get_by_text("Nothing in this collection fits; these are only the nearest.").count() == said
    assert page.get_by_text("probability that something fits: 0.04").count() == 1


def test_a_picture_of_ones_own_is_asked_with_and_words_are_excluded(look):
    page = look()
    names(page)
    sent = {"name": "mine.png", "mimeType": "image/png", "buffer": picture((30, 60, 220))}
    page.locator("#file").set_input_files(sent)
    page.wait_for_selector(".score")
    assert names(page)[0].startswith("blue")
    page.locator("#without").fill("blue")
    page.keyboard.press("Enter")
    page.locator(".part.unwanted").wait_for()
    assert page.locator(".part").count() == 2
    page.get_by_label("Weight of blue; below zero excludes").fill("-3")
    page.keyboard.press("Tab")
    page.locator('.card:first-child:not(:has-text("blue"))').first.wait_for()


def test_a_screenshot_is_pasted_and_a_picture_dropped(look):
    page = look()
    names(page)
    script = """([kind, bytes]) => {
        const given = new DataTransfer();
        given.items.add(new File([new Uint8Array(bytes)], "shot.png", { type: "image/png" }));
        const how = { bubbles: true, cancelable: true };
        document.body.dispatchEvent(kind === "paste"
            ? new ClipboardEvent(kind, { ...how, clipboardData: given })
            : new DragEvent(kind, { ...how, dataTransfer: given }));
    }"""
    page.evaluate(script, ["paste", list(picture((235, 220, 40)))])
    page.wait_for_selector(".score")
    assert names(page)[0].startswith("yellow")
    page.get_by_label("Remove shot.png").click()
    page.wait_for_selector(".score", state="detached")
    page.evaluate(script, ["drop", list(picture((220, 30, 30)))])
    page.wait_for_selector(".score")
    assert names(page)[0].startswith("red")


def test_more_like_this_and_exclude_work_with_keys_alone(look):
    page = look("#search?c=tiny&q=red&show=image")
    assert names(page)[0].startswith("red")
    page.locator(".open").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.closest('.card').item.id").startswith("red")
    page.keyboard.press("m")
    page.wait_for_selector(".part")
    page.locator(".open:focus").wait_for()  # the focus is not lost
    page.keyboard.press("-")
    page.wait_for_selector(".part.unwanted")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"


def test_conditions_are_chosen_and_put_together(look):
    page = look("#search?c=tiny&show=image")
    names(page)
    page.locator("summary").click()
    page.get_by_label("Name").select_option("colour")
    offered = page.locator("#filter-values option").evaluate_all("all => all.map(each => each.value)")
    assert len(offered) == 8 and offered == sorted(offered)  # the colours that were seen
    page.get_by_label("Value").fill("it's")
    page.get_by_role("button", name="Add condition").click()
    page.get_by_text("Nothing passes the filter").wait_for()
    assert page.locator("#where").input_value() == "colour = 'it''s'"
    page.locator("#where").fill("colour in ('red', 'blue')")
    page.get_by_label("Name").select_option("number")
    page.get_by_label("Value").fill("1")
    page.get_by_role("button", name="Add condition").click()
    page.locator(".hint", has_text="2 shown").wait_for()
    assert names(page) == ["blue-1.png", "red-1.png"]


def test_what_the_server_refuses_is_said_in_plain_words_with_what_to_do(look):
    page = look("#search?c=tiny&q=red&where=nonsense+%3D+1")
    trouble = page.locator("#trouble")
    trouble.wait_for()
    assert "The question cannot be answered. Change what is asked and try again." in trouble.inner_text()
    assert "nonsense" in trouble.inner_text()


def test_a_filter_that_only_pictures_know_leaves_them_and_says_so_of_texts(look):
    page = look("#search?c=tiny&q=red&where=width_px+is+null")
    assert len(names(page)) == 16
    texts = page.locator('[data-kind="text"]')
    assert "only pictures have; no text passes it" in texts.locator(".note").inner_text()
    assert "width_px" in texts.locator(".told").inner_text()
    assert not page.locator("#trouble").is_visible()


def test_an_item_shows_what_is_known_why_it_matched_and_its_neighbours(look):
    page = look("#search?c=tiny&q=a+red+picture&show=image")
    names(page)
    page.locator(".open").first.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Nearest texts").wait_for()
    assert dialog.locator("dt", has_text="colour").count() == 1
    rows = dialog.locator("section table").nth(1).locator("tbody th")
    rows.first.wait_for()
    assert rows.first.inner_text() == "red"  # the only word that this encoder knows
    assert "item=image" in page.url
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.className") == "open"


def test_chosen_items_are_exported_as_csv_without_formulas(look):
    page = look("#search?c=tiny&q=red")
    names(page)
    for kind in ("image", "text"):
        page.locator(f'[data-kind="{kind}"] [data-pick]').first.check()
    assert page.locator("#picked-count").inner_text() == "2 selected"
    with page.expect_download() as download:
        page.locator("#picked").get_by_role("button", name="Export CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["kind"] for row in rows] == ["image", "text"]
    assert rows[0]["colour"] == "red" and float(rows[0]["score"]) > 0.5
    made = page.evaluate(
        "import('/page/exporting.js').then(({ csv }) => csv([{ kind: 'text', id: '=1', text: 'a, \"b\"' }]))"
    )
    assert 'text,\'=1,,"a, ""b""",,,' in made


def test_chosen_pictures_are_exported_as_zip(look):
    page = look("#search?c=tiny&q=red&show=image")
    names(page)
    for place in (0, 1):
        page.locator("[data-pick]").nth(place).check()
    with page.expect_download() as download:
        page.locator("#picked").get_by_role("button", name="Export pictures (ZIP)").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sum(name.startswith("pictures/") for name in archive.namelist()) == 2


def test_what_items_hold_is_never_markup(look):
    page = look(
        "#search?c=tiny&q="
        + "%3Cimg+src%3Dx+onerror%3Ddocument.title%3D1%3E&parts=%5B%5B%22words%22%2C%22%3Cb%3Ex%22%2C1%5D%5D"
    )
    names(page)
    assert page.locator("#parts b").count() == 0
    assert page.locator(".part .what").inner_text() == "<b>x"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_day_and_night_follow_the_system_until_one_is_chosen(look, scheme):
    page = look(color_scheme=scheme)
    ground = "getComputedStyle(document.body).backgroundColor"
    dark, light = "rgb(22, 24, 27)", "rgb(247, 246, 243)"
    assert page.evaluate(ground) == (dark if scheme == "dark" else light)
    page.get_by_role("button", name="Dark or light").click()
    assert page.evaluate(ground) == (light if scheme == "dark" else dark)


@pytest.mark.parametrize("view", ["search", "compare", "match", "illustrate", "review", "collection"])
def test_nothing_is_wider_than_a_phone(look, view):
    page = look(f"#{view}?c=tiny&q=red", locale="zh-CN", viewport={"width": 390, "height": 844})
    page.wait_for_load_state("networkidle")
    assert page.locator(f"#view-{view}").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
