"""`tuwen tag` from the command line."""

import json

COLOURS = "red,green,blue,yellow,purple,cyan,black,white"


def test_tags_are_printed_a_line_each(tuwen, tiny_collection):
    done = tuwen("tag", tiny_collection.path, "--labels", COLOURS)
    assert done.code == 0 and len(done.rows) == 16
    assert {row["id"]: row["tag"] for row in done.rows}["cyan-1"] == "cyan"
    assert "16 pictures, 16 with a tag (zero-shot)" in done.err and "not calibrated" in done.err


def test_tags_in_metadata_are_found_by_the_filter_that_is_suggested(tuwen, tiny_collection):
    done = tuwen("tag", tiny_collection.path, "--labels", COLOURS, "--to", "hue")
    assert done.code == 0 and done.out == ""
    assert "WORDS --where \"hue = '" in done.err
    found = tuwen("search", tiny_collection.path, "red", "--where", "hue = 'red'")
    assert {row["id"] for row in found.rows} == {"red-0", "red-1"}


def test_a_file_may_be_a_tree_with_words(tuwen, tiny_collection, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("warm\n  rouge = red, 红\n  yellow\ncold\n  bleu = 蓝\n", encoding="utf-8")
    out = tmp_path / "tags.json"
    done = tuwen("tag", tiny_collection.path, "--labels", labels, "-o", out, "--to", "hue")
    assert done.code == 0 and "hue contains" in done.err
    tags = {row["id"]: [one["name"] for one in row["tags"]] for row in json.loads(out.read_text("utf-8"))}
    assert tags["red-0"] == ["rouge", "warm"] and tags["blue-1"] == ["bleu", "cold"]


def test_evaluation_prints_a_row_a_label_and_writes_a_page(tuwen, tiny_collection, tmp_path):
    report = tmp_path / "tags.html"
    done = tuwen(
        *("tag", tiny_collection.path, "--examples", "label", "--method", "zero-shot"),
        *("--evaluate", "--held-out", "0.5", "--report", report),
    )
    assert done.code == 0 and len(done.rows) == 8
    assert done.rows[0] | {"f1": 1.0, "items": 1} == done.rows[0]
    assert "Held out: 8 pictures. Accuracy 1.000" in done.err and report.is_file()


def test_several_labels_are_told_of_as_such(tuwen, tiny_collection):
    done = tuwen(
        *("tag", tiny_collection.path, "--examples", "label", "--method", "neighbours", "--most", "2"),
        *("--evaluate", "--held-out", "0.5"),
    )
    assert done.code == 0 and "All labels right" in done.err and "micro F1" in done.err


def test_what_was_left_out_is_listed(tuwen, tiny_collection, tmp_path):
    templates = tmp_path / "templates.txt"
    templates.write_text("a photo of {}\na photo\n", encoding="utf-8")
    examples = tmp_path / "examples.csv"
    examples.write_text("id,label\nred-0,red\nnobody,red\nblue-0,blue\n", encoding="utf-8")
    done = tuwen(
        *("tag", tiny_collection.path, "--labels", "red,blue,red", "--templates", templates),
        *("--examples", examples, "--method", "zero-shot"),
    )
    assert done.code == 0 and "3 inputs left out" in done.err
    assert "'a photo' has {} 0 times" in done.err and "no picture 'nobody'" in done.err


def test_a_lost_file_of_labels_is_not_taken_for_a_name(tuwen, tiny_collection):
    done = tuwen("tag", tiny_collection.path, "--labels", "labels.txt")
    assert done.code == 1 and "labels.txt is not there" in done.err


def test_wrong_usage_is_said_at_once(tuwen, tiny_collection, tmp_path):
    there = ("tag", tiny_collection.path, "--labels", "red,blue")
    assert tuwen(*there, "--held-out", "0.5").code == 2
    assert tuwen(*there, "-o", tmp_path / "tags.txt").code == 2
    assert "nothing to choose from" in tuwen("tag", tiny_collection.path).err
    templates = tmp_path / "templates.txt"
    templates.write_text("a {}\n", encoding="utf-8")
    learned = ("tag", tiny_collection.path, "--examples", "label", "--templates", templates)
    assert tuwen(*learned).code == 2 and tuwen(*learned, "--method", "both").code == 0


def test_a_column_is_no_place_for_tags_and_a_wrong_filter_is_said_first(tuwen, tiny_collection):
    there = ("tag", tiny_collection.path, "--labels", "red,blue")
    assert "label is a column" in tuwen(*there, "--to", "label").err
    assert "did you mean 'colour'" in tuwen(*there, "--where", "color = 'red'").err
