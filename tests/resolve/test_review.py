import base64
import hashlib
import io
import json
import re

import pytest
from PIL import Image

from tuwen.errors import InputError
from tuwen.records import Picture
from tuwen.resolve.review import SIDE, Row, page, read_decisions, review_data, write_review
from tuwen.resolve.review_words import WORDS

HOSTILE = "</script><script>alert('1')</script>\"><img src=x onerror=alert(2)> & \x00 \ud800 \u2028"


def row(**values):
    defaults = {
        "left": "a.png",
        "left_content": Image.new("RGB", (900, 600), "red"),
        "right": "t1",
        "right_content": "a red thing",
        "score": 0.5,
    }
    return Row(**(defaults | values))


def block(text, name):
    """The JSON of a script element."""
    return json.loads(re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text)[1])


def picture_of(item):
    return Image.open(io.BytesIO(base64.b64decode(item["picture"].removeprefix("data:image/jpeg;base64,"))))


def test_pictures_stand_beside_texts_small_and_inside(tmp_path):
    path = tmp_path / "大照片.png"
    Image.new("RGB", (900, 600), "red").save(path)
    for content in (Picture(path=str(path)), Picture(path="x", data=path.read_bytes()), row().left_content):
        items = review_data([row(left_content=content)])["items"]
        assert picture_of(items["left"]["a.png"]).width == SIDE
        assert items["right"]["t1"] == {"text": "a red thing"}


def test_an_item_of_many_pairs_is_there_once():
    data = review_data([row(right=f"t{number}") for number in range(3)])
    assert len(data["items"]["left"]) == 1
    assert [pair["right"] for pair in data["pairs"]] == ["t0", "t1", "t2"]


def test_one_id_on_both_sides_is_two_items():
    items = review_data([row(left="x", right="x")])["items"]
    assert "picture" in items["left"]["x"]
    assert "text" in items["right"]["x"]


def test_a_picture_that_cannot_be_read_is_said_to_be_lost(tmp_path):
    item = review_data([row(left_content=Picture(path=str(tmp_path / "none.png")))])["items"]["left"]["a.png"]
    assert "none.png" in item["lost"]


def test_scores_reasons_and_the_decision_are_handed_on():
    reasons = [("common space", 0.123456789, 2.0), ("year", float("nan"), 0.0)]
    (pair,) = review_data([row(probability=0.9, reasons=reasons, decided=True)])["pairs"]
    assert (pair["score"], pair["probability"], pair["kept"]) == (0.5, 0.9, True)
    assert pair["reasons"] == [["common space", 0.123457, 2.0], ["year", None, 0.0]]


def test_hostile_words_cannot_leave_the_data():
    text = page([row(left=HOSTILE, right_content=HOSTILE, reasons=[(HOSTILE, 1.0, 1.0)])], title=HOSTILE)
    assert text.count("<script") == text.count("</script") == 3
    assert "<img" not in text
    data = block(text, "data")
    assert data["items"]["right"]["t1"]["text"] == HOSTILE
    assert data["pairs"][0]["left"] == HOSTILE
    assert text.encode("utf-8")


def test_nothing_is_loaded_from_elsewhere_and_only_our_own_script_runs():
    text = page([row()])
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; img-src data:;")
    for part in (style, script):
        assert base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?:|\son\w+=|\sstyle=|innerHTML|<link|<iframe", text)


def test_a_placeholder_in_a_text_is_not_filled_in():
    assert (
        block(page([row(right_content="{{script}}")]), "data")["items"]["right"]["t1"]["text"] == "{{script}}"
    )


def test_the_language_follows_the_texts_and_can_be_given():
    assert '<html lang="en">' in page([row()])
    assert '<html lang="zh-CN">' in page([row(right_content="红色")])
    text = page([row(right_content="红色")], language="en")
    assert '<html lang="en">' in text
    assert re.search(r'value="en" checked', text)
    assert not re.search(r'value="zh" checked', text)


def test_every_word_of_the_page_is_there_in_both_languages():
    text = page([row()])
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    used = set(re.findall(r'data-(?:word|label)="(\w+)"', text)) | set(re.findall(r'say\("(\w+)"', text))
    assert used <= WORDS["en"].keys()
    for name, sentence in WORDS["en"].items():
        assert set(re.findall(r"\{\w+\}", sentence)) == set(re.findall(r"\{\w+\}", WORDS["zh"][name])), name


def test_every_field_has_a_label_and_every_element_that_the_script_asks_for_is_there():
    text = page([row()])
    body, script = text.split("<script", 1)
    for field in re.findall(r"<(?:select|input)[^>]*>", body):
        before = body[: body.index(field)]
        assert before.rfind("<label>") > before.rfind("</label>") or '<label class="button">' in before
    assert set(re.findall(r'byId\("([\w-]+)"\)', script)) <= set(re.findall(r'id="([\w-]+)"', text))


def test_other_pairs_are_remembered_apart():
    assert review_data([row()])["key"] == review_data([row(score=0.9)])["key"]
    assert review_data([row()])["key"] != review_data([row(right="t2")])["key"]


def test_no_pairs_are_a_page_too(tmp_path):
    write_review(tmp_path / "review.html", [])
    assert block((tmp_path / "review.html").read_text(encoding="utf-8"), "data")["pairs"] == []


def test_decisions_are_read_from_csv_as_the_page_and_spreadsheets_write_it(tmp_path):
    path = tmp_path / "decisions.csv"
    lines = (
        'left,right,decision,score\r\n"a,1.png",文一,match,0.5\r\n=b,"t\n2",no match,\r\nc,t\u20283,TRUE,\r\n'
    )
    path.write_text("\ufeff" + lines, encoding="utf-8", newline="")
    found = read_decisions(path)
    assert found == [("a,1.png", "文一", True), ("=b", "t\n2", False), ("c", "t\u20283", True)]
    assert found.refusals == []


def test_decisions_are_read_from_json(tmp_path):
    path = tmp_path / "decisions.json"
    entries = [{"left": "a", "right": "b", "match": True}, {"left": "a", "right": "c", "match": False}]
    path.write_text(json.dumps({"decisions": entries}), encoding="utf-8")
    assert read_decisions(path) == [("a", "b", True), ("a", "c", False)]


def test_a_pair_with_two_answers_is_listed_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("left,right,decision\na,b,match\na,c,match\na,b,no match\na,c,match\n", encoding="utf-8")
    found = read_decisions(path)
    assert found == [("a", "c", True)]
    (refusal,) = found.refusals
    assert refusal.code == "contradiction"
    assert "'a' and 'b'" in refusal.reason


def test_lines_that_are_no_decisions_are_listed_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text("left,right,decision\na,b,perhaps\na\n,c,match\nd,e,no match\n", encoding="utf-8")
    found = read_decisions(path)
    assert found == [("d", "e", False)]
    assert [refusal.item for refusal in found.refusals] == ["some.csv:2", "some.csv:3", "some.csv:4"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,text\n1,x\n", "has no column decision, left, right"),
        ("{broken", "is not JSON"),
        ('{"pairs": []}', "no list of decisions"),
    ],
)
def test_another_file_is_refused_with_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "other"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_decisions(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv cannot be read"):
        read_decisions(tmp_path / "none.csv")
