"""The other views of the page in a browser: compare, illustrate, review, the collection, signing in."""

import json

from PIL import Image

from serving import picture
from tuwen.collection import Collection
from tuwen.serve.tokens import Tokens


def test_two_collections_answer_side_by_side_and_in_other_ways(look):
    page = look("#compare")
    page.locator("#compare-q").fill("a red picture")
    page.keyboard.press("Enter")
    page.locator(".whole-row", has_text="12 of the first 12 are on both sides").wait_for()
    assert page.locator("[data-chooses=c2]").input_value() == "second"
    page.locator("[data-chooses=way2]").select_option("hybrid")
    page.wait_for_url("**way2=hybrid**")
    page.locator(".ranking").nth(1).locator(".open").first.click()
    page.get_by_role("dialog").get_by_text("Nearest texts").wait_for()
    assert "of=second" in page.url


def test_pairs_are_decided_with_keys_and_taken_back(look, folder):
    page = look("#review?c=tiny")
    table = 'left_id,right_id,similarity\r\nred-0,red-0#en,0.9\r\nblue-0,"green-0#en",0.4\r\n'
    sent = {"name": "pairs.csv", "mimeType": "text/csv", "buffer": table.encode()}
    page.get_by_text("0 answers kept").wait_for()
    page.locator("#review-file").set_input_files(sent)
    page.get_by_text("Pair 1 of 2").wait_for()
    page.keyboard.press("y")
    page.get_by_text("Pair 2 of 2").wait_for()
    page.keyboard.press("n")
    page.get_by_text("Every pair is decided").wait_for()
    page.get_by_text("2 answers kept, 1 of them matches").wait_for()
    page.keyboard.press("u")
    page.get_by_text("1 answers kept").wait_for()
    kept = json.loads((folder / "tiny" / "decisions.json").read_text(encoding="utf-8"))["decisions"]
    assert [(each["left"], each["right"], each["match"]) for each in kept] == [("red-0", "red-0#en", True)]


def test_a_table_without_pairs_is_refused_in_words(look):
    page = look("#review?c=tiny", locale="zh-CN")
    page.get_by_text("已保存 0 个答案").wait_for()
    page.locator("#review-file").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    )
    page.get_by_text("文件缺少 left_id 和 right_id 列").wait_for()


def test_headlines_get_pictures_with_reasons(look):
    page = look("#illustrate?c=tiny")
    page.locator("#headlines").fill("a red picture\n一张蓝色的图片")
    page.locator("#headlines-k").fill("2")
    page.get_by_role("button", name="Find pictures").click()
    page.locator(".headline").nth(1).wait_for(timeout=20_000)
    assert page.locator(".headline h2").all_inner_texts() == ["a red picture", "一张蓝色的图片"]
    assert page.locator(".headline").first.locator(".name").first.inner_text().startswith("red")
    assert "place 1" in page.locator(".headline").first.inner_text()


def test_the_collection_is_counted_and_each_class_leads_to_its_items(look):
    page = look("#collection?c=tiny")
    page.locator(".bars").first.wait_for()
    assert page.locator("#statistics dd").first.inner_text() == "16"
    assert page.locator(".plane circle").count() == 16
    page.locator(".bars a", has_text="cyan").first.click()
    page.wait_for_selector(".card")
    assert sorted(page.locator(".card .name").all_inner_texts()) == ["cyan-0.png", "cyan-1.png"]


def test_dots_of_the_map_are_reached_and_opened_with_keys(look):
    page = look("#collection?c=tiny")
    page.locator(".plane circle").first.focus()
    keys = ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"]
    for key in keys:
        page.keyboard.press(key)
    name = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_text(name.split(",")[0], exact=True).first.wait_for()


def test_pictures_are_added_while_it_serves_and_bad_ones_are_named(look):
    page = look("#collection?c=tiny")
    page.locator("#add-form").wait_for()
    page.locator("#add-files").set_input_files(
        [
            {"name": "new.png", "mimeType": "image/png", "buffer": picture((140, 40, 170), size=(50, 40))},
            {"name": "bad.png", "mimeType": "image/png", "buffer": b"no picture at all"},
        ]
    )
    page.locator("#add-label").fill("fresh")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("1 added, 1 refused").wait_for(timeout=20_000)
    assert "bad.png" in page.locator("#add-refused").inner_text()
    page.locator("#statistics dd", has_text="17").wait_for()
    page.locator(".bars a", has_text="fresh").click()
    page.locator(".card .hint", has_text="fresh").wait_for()


def test_a_server_that_takes_no_changes_offers_none(look):
    page = look("#collection?c=tiny", read_only=True)
    page.locator(".plane").wait_for()
    assert not page.locator("#adding").is_visible()


def test_a_token_is_asked_for_and_a_wrong_one_is_said_to_be(look, folder):
    tokens = Tokens(folder / "tokens.json")
    made = tokens.add("alice", ("read",))
    page = look(tokens=folder / "tokens.json", require_token=True)
    page.get_by_label("Token").fill("tw_wrong")
    page.keyboard.press("Enter")
    page.get_by_text("This needs a token.").wait_for()
    page.get_by_label("Token").fill(made)
    page.keyboard.press("Enter")
    page.wait_for_selector(".card img")
    page.reload()
    page.wait_for_selector(".card img")  # the cookie is kept
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Token").wait_for()


def test_a_collection_of_pictures_alone_shows_no_empty_half(look, folder, tiny_encoder):
    collection = Collection.open(folder / "tiny", encoder=tiny_encoder)
    collection.delete("text", [item.id for item in collection.items("text")])
    page = look("#search?c=tiny&q=red")
    page.wait_for_selector(".card img")
    assert page.locator(".kind").count() == 1
    page.get_by_role("radio", name="Texts").check()
    page.get_by_text("Nothing was found.").wait_for()


def test_a_vanished_picture_is_said_in_its_place(look, folder, tiny_encoder, tmp_path):
    file = tmp_path / "gone.png"
    Image.new("RGB", (40, 30), (235, 220, 40)).save(file)
    collection = Collection.open(folder / "tiny", encoder=tiny_encoder)
    collection.add_vectors("image", ["gone"], tiny_encoder.encode([file], "image"), path=[str(file)])
    file.unlink()
    page = look("#search?c=tiny&show=image&q=yellow")
    page.get_by_text("The picture cannot be shown").wait_for()
