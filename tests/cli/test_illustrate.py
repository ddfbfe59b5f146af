"""`tuwen illustrate` from the command line."""

import csv
import io
import json
from datetime import date

HOW = ("--text", "collection")


def test_a_headline_gets_pictures_a_line_each_with_reasons(tuwen, tiny_collection):
    done = tuwen("illustrate", tiny_collection.path, "--headline", "红色的图片", "-k", 2, *HOW)
    assert done.code == 0 and [row["rank"] for row in done.rows] == [1, 2]
    assert {row["id"] for row in done.rows} == {"red-0", "red-1"}
    assert {reason["ranking"] for reason in done.rows[0]["reasons"]} >= {"cross", "through"}


def test_many_headlines_of_a_file_and_what_is_wrong_with_some(tuwen, tiny_collection, tmp_path):
    file = tmp_path / "headlines.csv"
    file.write_text("id,headline,class\na,a red dot,red\na,again,\nb,,\nc,blue,bleu\n", encoding="utf-8")
    done = tuwen("illustrate", tiny_collection.path, "--file", file, "-k", 1, *HOW)
    assert done.code == 0
    assert {row["query"]: row["id"] for row in done.rows if row["rank"]} in ({"a": "red-0"}, {"a": "red-1"})
    marks = " ".join(row["marks"] for row in done.rows if not row["rank"])
    assert "stands twice" in marks and "did you mean 'blue'" in marks and "headlines.csv" in marks
    assert "3 inputs left out" in done.err


def test_a_table_a_csv_and_json(tuwen, tiny_collection):
    ask = ("illustrate", tiny_collection.path, "--headline", "green", "-k", 1, *HOW, "--format")
    assert "green-" in tuwen(*ask, "table").out
    (row,) = csv.DictReader(io.StringIO(tuwen(*ask, "csv").out))
    assert row["id"].startswith("green") and row["why"]
    assert json.loads(tuwen(*ask, "json").out)[0]["id"] == row["id"]


def test_a_sheet_is_written(tuwen, tiny_collection, tmp_path):
    sheet = tmp_path / "sheet.html"
    done = tuwen(
        "illustrate", tiny_collection.path, "--headline", "green", *HOW, "--html", sheet, "--no-open"
    )
    assert done.code == 0 and str(sheet) in done.err
    text = sheet.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg") == 5 and "green-0" in text


def test_a_text_for_a_picture(tuwen, tiny_collection, tiny_pictures):
    done = tuwen(
        "illustrate", tiny_collection.path, "--picture", tiny_pictures / "white-1.png", "-k", 1, *HOW
    )
    assert done.code == 0 and "white" in done.rows[0]["text"] and done.rows[0]["query"] == "white-1.png"


def test_the_mode_of_the_paper_keeps_to_the_class_it_sees(tuwen, tiny_collection, tiny_pictures):
    done = tuwen(
        *(
            "illustrate",
            tiny_collection.path,
            "--mode",
            "paper",
            "--headline",
            "a red picture with a grey dot",
        ),
        *("--picture", tiny_pictures / "red-1.png", *HOW),
    )
    assert done.code == 0 and [row["id"] for row in done.rows] == ["red-0"]
    assert done.rows[0]["asked_class"] == "red"


def test_pictures_used_lately_are_marked_or_left_out(tuwen, tiny_collection, tmp_path):
    used = tmp_path / "used.csv"
    used.write_text(f"id,date\nred-0,{date.today()}\nred-1,2001-01-01\nx,2001-01-01\n", encoding="utf-8")
    ask = ("illustrate", tiny_collection.path, "--headline", "red", "-k", 2, *HOW, "--used", used)
    done = tuwen(*ask)
    assert {row["id"]: row["used"] for row in done.rows} == {"red-0": f"{date.today()}", "red-1": None}
    assert "1 line of --used passed over" in done.err
    assert "red-0" not in [row["id"] for row in tuwen(*ask, "--skip-used").rows]
    assert tuwen(*ask, "--lately", "9999w").rows[-1]["used"] == "2001-01-01"


def test_a_library_may_be_asked_about_itself(tuwen, tiny_collection, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,headline\nred-0,a red picture with a grey dot\n", encoding="utf-8")
    ask = ("illustrate", tiny_collection.path, "--file", file, "-k", 1, *HOW)
    assert tuwen(*ask).rows[0]["id"] == "red-0"
    assert tuwen(*ask, "--leave-own").rows[0]["id"] != "red-0"


def test_a_table_of_pictures_is_a_library_too(tuwen, tiny_pictures, tmp_path):
    table = tmp_path / "news.csv"
    lines = [f"{name},{tiny_pictures}/{name}-0.png,a {name} dot" for name in ("red", "blue")]
    lines.append("green,gone.png,a green dot")
    table.write_text("id,image,text\n" + "\n".join(lines) + "\n", encoding="utf-8")
    done = tuwen("illustrate", table, "--headline", "blue", "-k", 1, *HOW)
    assert done.code == 0 and done.rows[0]["id"] == "blue" and "gone.png" in done.err
    assert "refused" not in done.err and "left out" in done.err


def test_rankings_are_evaluated_with_chance_beside(tuwen, tiny_collection):
    done = tuwen("illustrate", tiny_collection.path, "--evaluate", "agreement", *HOW)
    assert done.code == 0 and {row["r"] for row in done.rows} == {10, 30, 50}
    assert done.rows[-1]["class"] == "all" and done.rows[-1]["items"] == 8 and "chance" in done.rows[-1]
    done = tuwen("illustrate", tiny_collection.path, "--evaluate", "rankings", *HOW)
    assert done.code == 1 and "fewer than 200" in done.err


def test_wrong_usage_is_said(tuwen, tiny_collection):
    ask = ("illustrate", tiny_collection.path)
    assert tuwen(*ask).code == 2
    assert tuwen(*ask, "--headline", "x", "--picture", "a.png", "--picture", "b.png").code == 2
    assert tuwen(*ask, "--headline", "x", "--file", "x.csv").code == 2
    assert tuwen(*ask, "--headline", "x", *HOW, "--weight", "text").code == 2
    done = tuwen(*ask, "--headline", "x", *HOW, "--weight", "txt=1")
    assert done.code == 1 and "did you mean 'text'" in done.err
    done = tuwen(*ask, "--headline", "x", *HOW, "--lately", "soon", "--used", __file__)
    assert done.code == 1
