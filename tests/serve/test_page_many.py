"""The page in a browser: lists matched, items changed and deleted, whole lists exported, classes kept to."""

import csv
import io
import json
import zipfile

import pytest

from serving import picture
from tuwen.collection import Collection

BLUE, GREEN = (30, 60, 220), (40, 160, 60)


def rows_of(download):
    """The rows of a table that the page saved."""
    text = download.value.path().read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def png(name, colour):
    return {"name": name, "mimeType": "image/png", "buffer": picture(colour)}


def names_of(row):
    """What the items of a row are called."""
    return [
        each.removeprefix("Open ")
        for each in row.locator(".open").evaluate_all("all => all.map(e => e.ariaLabel)")
    ]


def opened_item(page):
    """The form for changing the item that is shown."""
    page.locator("#item summary", has_text="Change or delete").click()
    return page.locator("#item .editing")


def test_many_texts_are_matched_and_what_is_found_is_exported(look):
    page = look("#match?c=tiny")
    page.get_by_label("Texts, one a line").fill("a red picture\n\n一张蓝色的图片\nred")
    page.get_by_label("How many each").fill("2")
    page.get_by_label("One to one").select_option("optimal")
    page.get_by_role("button", name="Find matches").click()
    page.get_by_text("3 answered. Paired one to one: 3.").wait_for()
    rows = page.locator(".match")
    assert rows.locator("h2").all_inner_texts() == ["a red picture", "一张蓝色的图片", "red"]
    assert [name.split("-")[0] for name in names_of(rows.nth(1))] == ["blue", "blue"]
    own = page.locator(".match .own .open").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert len(set(own)) == 3
    with page.expect_download() as download:
        page.locator("#matched").get_by_role("button", name="Export CSV").click()
    table = rows_of(download)
    assert [(row["query_id"], row["similarity_ranking"]) for row in table] == [
        (number, place) for number in "134" for place in "12"
    ]
    assert table[0]["query"] == "a red picture" and table[0]["result_image_id"].startswith("red")
    assert sum(int(row["paired"]) for row in table) == 3


def test_a_table_gives_texts_and_ids_and_its_column_is_chosen(look):
    page = look("#match?c=tiny", locale="zh-CN")
    table = 'id,title,说明\r\na,"red, ""very""",蓝色\r\nb,green,蓝色\r\n'
    sent = {"name": "list.csv", "mimeType": "text/csv", "buffer": ("\ufeff" + table).encode()}
    lines = page.get_by_label("文字，每行一条")
    lines.wait_for()
    page.locator("#match-file").set_input_files(sent)
    page.locator("#match-column").wait_for()
    assert lines.input_value() == 'red, "very"\ngreen'
    page.locator("#match-column").select_option("说明")
    assert lines.input_value() == "蓝色\n蓝色"
    page.get_by_role("button", name="开始匹配").click()
    page.get_by_text("已回答 2 项。").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="导出 CSV").click()
    assert [row["query_id"] for row in rows_of(download)] == ["a"] * 5 + ["b"] * 5


def test_many_pictures_are_dropped_and_matched_and_a_bad_one_is_named(look):
    page = look("#match?c=tiny")
    page.get_by_label("Texts, one a line").wait_for()
    script = """files => {
        const given = new DataTransfer();
        for (const [name, bytes] of files)
            given.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
        const how = { bubbles: true, cancelable: true, dataTransfer: given };
        document.body.dispatchEvent(new DragEvent("drop", how));
    }"""
    page.evaluate(
        script, [["b.png", list(picture(BLUE))], ["bad.png", [1, 2]], ["g.png", list(picture(GREEN))]]
    )
    page.get_by_text("Pictures chosen: 3").wait_for()
    page.get_by_role("button", name="Find matches").click()
    page.get_by_text("3 answered. 1 of them could not be read.").wait_for()
    assert "bad.png" in page.locator(".match").nth(1).locator(".note").inner_text()
    words = page.locator(".match").nth(2).locator(".open").first.inner_text()
    assert "green" in words or "绿" in words
    page.locator(".match").nth(2).locator(".open").first.click()
    page.get_by_role("dialog").get_by_text("Nearest pictures").wait_for()
    page.keyboard.press("Escape")
    assert page.locator(".match").count() == 3  # nothing was asked anew


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_texts_are_read_as_they_were_written(look, encoding):
    page = look("#match?c=tiny")
    page.get_by_label("Texts, one a line").wait_for()
    sent = {"name": "a.txt", "mimeType": "text/plain", "buffer": "一张红色的图片\nblue".encode(encoding)}
    page.locator("#match-file").set_input_files(sent)
    page.wait_for_function("document.getElementById('match-lines').value")
    assert page.get_by_label("Texts, one a line").input_value() == "一张红色的图片\nblue"


def test_a_file_that_is_neither_a_picture_nor_a_text_is_said_to_be_none(look):
    page = look("#match?c=tiny")
    page.get_by_label("Texts, one a line").wait_for()
    sent = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}
    page.locator("#match-file").set_input_files(sent)
    page.get_by_text("Take pictures, or a text file").wait_for()
    sent = {"name": "a.heic", "mimeType": "", "buffer": b"x"}
    page.locator("#match-file").set_input_files(sent)
    page.get_by_text("Pictures chosen: 1").wait_for()


def test_more_rows_than_are_drawn_come_when_asked_for_and_nothing_to_ask_is_said(look):
    page = look("#match?c=tiny")
    page.get_by_role("button", name="Find matches").click()
    page.get_by_text("Write some texts first").wait_for()
    page.get_by_label("Texts, one a line").fill("\n".join(["red"] * 130))
    page.get_by_role("button", name="Find matches").click()
    page.get_by_text("130 answered.").wait_for()
    assert page.locator(".match").count() == 100
    page.get_by_role("button", name="Show more").click()
    assert page.locator(".match").count() == 130
    assert page.evaluate(
        "document.activeElement.closest('.match') === document.querySelectorAll('.match')[100]"
    )


def test_what_is_broken_off_is_said_and_what_was_found_stays(look):
    page = look("#match?c=tiny")
    line = json.dumps({"query": "1", "hits": [{"rank": 1, "id": "red-0", "score": 0.5, "name": "r.png"}]})
    page.route("**/match", lambda route: route.fulfill(body=line + "\n", content_type="application/x-ndjson"))
    page.get_by_label("Texts, one a line").fill("red\nblue")
    page.get_by_role("button", name="Find matches").click()
    page.get_by_text("The server cannot be reached.").wait_for()
    assert page.locator(".match").count() == 1 and page.get_by_text("1 of 2").is_visible()
    page.unroute("**/match")
    held = []
    page.route("**/match", lambda route: held.append(route))  # no answer comes
    page.get_by_role("button", name="Find matches").click()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("0 of 2").wait_for()
    held[0].abort()


def test_a_text_is_changed_and_found_by_its_new_words(look, folder, tiny_encoder):
    page = look("#search?c=tiny&q=red&show=text&item=text:red-0%23en")
    form = opened_item(page)
    assert "no file does" in form.inner_text()
    form.get_by_label("Text", exact=True).fill("a cyan thing")
    form.get_by_role("button", name="Remove language").click()
    form.get_by_role("button", name="Add a name").click()
    page.keyboard.type("year")
    page.keyboard.press("Tab")
    page.keyboard.type("2020")
    page.keyboard.press("Enter")
    form.get_by_text("Saved.").wait_for()
    page.locator("#item .facts dd", has_text="2020").wait_for()
    assert page.evaluate("document.activeElement.type") == "submit"  # where one was
    item = Collection.open(folder / "tiny", encoder=tiny_encoder).get("text", "red-0#en")
    assert item.text == "a cyan thing" and item.metadata == {"year": 2020}
    form.get_by_role("button", name="Save").click()
    form.get_by_text("Nothing was changed.").wait_for()


def test_what_cannot_be_saved_is_said_beside_the_button(look):
    page = look("#search?c=tiny&item=text:red-0%23en")
    form = opened_item(page)
    form.get_by_label("Text", exact=True).fill("   ")
    form.get_by_role("button", name="Save").click()
    form.get_by_role("status").get_by_text("The question cannot be answered.").wait_for()


def test_values_keep_their_kind_when_they_are_written(look):
    page = look("#search?c=tiny")
    script = """values => import('/page/editing.js').then(({ writtenOf, valueOf }) =>
        values.map(value => [writtenOf(value), valueOf(writtenOf(value))]))"""
    values = ["sea", "2020", "2020-01-01", "007", "true", '"a"', 2020, -1.5, True, ["a", 1], {"b": None}, ""]
    made = page.evaluate(script, values)
    assert [again for _, again in made] == values
    assert [written for written, _ in made[:4]] == ["sea", '"2020"', "2020-01-01", "007"]


def test_deleting_asks_once_more_and_the_focus_goes_back(look, folder, tiny_encoder):
    page = look("#search?c=tiny&q=red&show=image")
    page.wait_for_selector(".score")
    page.locator(".open").first.focus()
    name = page.evaluate("document.activeElement.closest('.card').item.id")
    page.keyboard.press("Enter")
    form = opened_item(page)
    form.get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    page.get_by_text("A file that was indexed stays where it is").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Keep it"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == "Delete"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#item").wait_for(state="hidden")
    page.locator(".hint", has_text="15 shown of 15").wait_for()
    assert page.evaluate("document.activeElement.className") == "open"
    collection = Collection.open(folder / "tiny", encoder=tiny_encoder)
    assert name not in collection.ids("image") and collection.count("image") == 15


def test_those_who_may_not_change_anything_are_not_offered_it(look):
    page = look("#search?c=tiny&item=image:red-0", read_only=True)
    page.get_by_role("dialog").get_by_text("Nearest texts").wait_for()
    assert page.get_by_text("Change or delete").count() == 0


@pytest.mark.parametrize("cut", ["", "0.6"])
def test_the_whole_list_is_exported_and_not_only_what_is_shown(look, cut):
    page = look(f"#search?c=tiny&q=red&show=image&cut_image={cut}")
    page.wait_for_selector(".score")
    shown = page.locator(".card:visible").count()
    assert shown == (2 if cut else 16)
    group = page.get_by_role("group", name="All results")
    assert "up to 10,000; as ZIP up to 500 pictures" in group.inner_text()
    with page.expect_download() as download:
        group.get_by_role("button", name="Export CSV").click()
    table = rows_of(download)
    assert len(table) == shown and table[0]["colour"] == "red"
    with page.expect_download() as download:
        group.get_by_role("button", name="Export pictures (ZIP)").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sum(name.startswith("pictures/") for name in archive.namelist()) == shown


def test_pages_of_a_long_list_are_joined_in_the_file(look):
    page = look("#search?c=tiny")
    page.wait_for_selector(".card")
    script = """async () => {
        const { whole } = await import('/page/exporting.js');
        const asked = [];
        const load = async (offset, count) => {
            asked.push([offset, count]);
            const ids = Array.from({ length: count }, (_, at) => String(offset + at));
            const hits = ids.map((id) => ({ kind: "text", id, score: 1 }));
            return { hits, next_offset: offset + count };
        };
        await whole(load, { collection: "tiny", kind: "text", form: "csv", cut: "" });
        return asked;
    }"""
    with page.expect_download() as download:
        asked = page.evaluate(script)
    assert asked == [[start, 1000] for start in range(0, 10_000, 1000)]
    assert len(rows_of(download)) == 10_000


def test_headlines_are_kept_to_a_class_or_a_filter(look):
    page = look("#illustrate?c=tiny")
    page.locator("#headlines").fill("a red picture with a grey dot\na red picture with a grey dot")
    page.get_by_label("Class").select_option("blue")
    page.get_by_role("button", name="Find pictures").click()
    page.get_by_text("Of the class blue").first.wait_for(timeout=20_000)
    assert page.locator(".headline .name").first.inner_text().startswith("blue")
    assert page.get_by_text("Also first for: a red picture").count() == 1
    page.get_by_label("Class").select_option("as the headline seems to have")
    page.get_by_role("button", name="Find pictures").click()
    page.get_by_text("Of the class red, as the headline seems to have").first.wait_for()
    page.get_by_label("Class").select_option("any")
    page.locator("#headlines-where").fill("colour = 'green'")
    page.get_by_role("button", name="Find pictures").click()
    page.locator(".headline .name", has_text="green").first.wait_for()
    page.locator("#headlines-mode").select_option("as in the paper")
    assert page.get_by_label("Length of both lists").is_visible()
    assert not page.get_by_label("Join rankings").is_visible()
    page.reload()
    page.locator(".headline .name", has_text="green").first.wait_for()
    assert page.locator("#headlines-where").input_value() == "colour = 'green'"
