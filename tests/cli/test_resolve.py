"""`tuwen resolve` matches what a user has, and says what it could not use."""

import csv
import json

import pytest

from tiny import COLOURS


@pytest.fixture
def records(tmp_path):
    """A record for each colour, and rows that cannot be used."""
    rows = [f"{name}-0,a {name} picture,{len(name)}" for name in COLOURS]
    file = tmp_path / "records.csv"
    file.write_text("\n".join(["id,title,size", *rows, "red-0,twice,3", "none,,"]) + "\n", encoding="utf-8")
    return file


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def colour(name):
    return name.partition("-")[0]


def test_a_folder_and_a_table_need_no_options(tuwen, tiny_pictures, records, tmp_path):
    done = tuwen("resolve", tiny_pictures, records, "-o", tmp_path / "matches.csv")
    assert done.code == 0
    rows = read(tmp_path / "matches.csv")
    assert {row["left_id"] for row in rows} - {""} == {path.stem for path in tiny_pictures.glob("*.png")}
    matches = [row for row in rows if row["left_id"] and row["right_id"]]
    assert matches
    assert all(colour(row["left_id"]) == colour(row["right_id"]) for row in matches)
    assert "'red-0' stands twice" in done.err
    assert "records.csv, line 11" in done.err
    assert f"{len(matches)} match" in done.err
    assert done.out == ""


def test_without_a_file_rows_go_to_stdout(tuwen, tiny_pictures, records):
    done = tuwen("resolve", tiny_pictures, records, "--format", "jsonl")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert {"left_id", "right_id", "estimated_probability", "rank", "reason"} <= set(lines[0])


def test_every_file_is_written(tuwen, tiny_pictures, records, tmp_path):
    names = {"--clusters": "c.csv", "--review": "v.html", "--report": "r.html", "--refused": "x.csv"}
    files = [part for option, name in names.items() for part in (option, tmp_path / name)]
    done = tuwen(
        "resolve", tiny_pictures, records, "-o", tmp_path / "m.json", "--save-model", tmp_path / "model.json",
        "--truth", "id", *files,
    )  # fmt: skip
    assert done.code == 0
    assert "precision" in done.err and "B-cubed" in done.err
    assert len(read(tmp_path / "c.csv")) == 24
    assert [row["code"] for row in read(tmp_path / "x.csv")] == ["duplicate-id", "empty-row"]
    assert "<html" in (tmp_path / "v.html").read_text(encoding="utf-8")
    assert "reduction ratio" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["how"] == "one-to-one"
    again = tuwen("resolve", tiny_pictures, records, "--model", tmp_path / "model.json", "--format", "csv")
    assert again.code == 0


def test_labels_are_kept_to_and_those_that_contradict_are_named(tuwen, tiny_pictures, records, tmp_path):
    labels = tmp_path / "labels.csv"
    lines = ["black-1,red-0,1", "black-0,black-0,0", "blue-0,blue-0,1", "blue-0,blue-0,0"]
    labels.write_text("\n".join(["left,right,match", *lines]) + "\n", encoding="utf-8")
    done = tuwen("resolve", tiny_pictures, records, "--labels", labels, "-o", tmp_path / "m.csv")
    pairs = {(row["left_id"], row["right_id"]) for row in read(tmp_path / "m.csv")}
    assert ("black-1", "red-0") in pairs
    assert ("black-0", "black-0") not in pairs
    assert "blue-0 and blue-0 are labelled both" in done.err


@pytest.mark.parametrize("way", ["one-to-one", "one-to-many", "mutual", "greedy", "by-threshold"])
def test_ways_of_deciding_are_flags(tuwen, tiny_pictures, records, tmp_path, way):
    tuwen("resolve", tiny_pictures, records, f"--{way}", "-o", tmp_path / "m.json")
    made = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert made["how"] == way.removeprefix("by-")


def test_two_columns_of_one_table_are_two_sides(tuwen, tmp_path):
    file = tmp_path / "names.csv"
    rows = [f"{name},{chinese}色" for name, (chinese, _) in COLOURS.items()]
    file.write_text("\n".join(["english,chinese", *rows]) + "\n", encoding="utf-8")
    done = tuwen(
        "resolve", file, file, "--left-columns", "english", "--right-columns", "chinese",
        "--truth", "entity", "-o", tmp_path / "m.csv",
    )  # fmt: skip
    assert "precision 1.000" in done.err
    assert sum(bool(row["left_id"] and row["right_id"]) for row in read(tmp_path / "m.csv")) >= 6


def test_one_source_of_one_kind_is_searched_for_duplicates(tuwen, tiny_pictures, tmp_path):
    done = tuwen(
        "resolve", tiny_pictures, "--left-kind", "images", "--threshold", "0.9", "-o", tmp_path / "m.csv"
    )
    assert done.code == 0
    assert "alone" in done.err
    for row in read(tmp_path / "m.csv"):
        assert not row["right_id"] or row["left_id"] != row["right_id"]


def test_columns_that_are_evidence_can_be_chosen(tuwen, records, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("id,title,size\nx,a red thing,3\ny,a blue thing,4\n", encoding="utf-8")

    def evidence(*more):
        tuwen("resolve", records, other, *more, "-o", tmp_path / "m.json")
        steps = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["steps"]
        facts = dict(next(step["facts"] for step in steps if step["step"] == "score"))
        return facts["evidence"].split(", ")

    assert "size" in evidence()
    assert "title" not in evidence()  # it is the text, whose letters are compared as words
    assert "size" not in evidence("--compare", "title")
    assert not {"title", "size"} & set(evidence("--compare", "none"))


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--text-columns", "title=heavy"], 2, "write NAME or NAME=WEIGHT"),
        (["--text-columns", "titel"], 1, "did you mean 'title'"),
        (["-o", "matches.xlsx"], 1, "must end in one of .csv"),
        (["--threshold", "0.5", "--target-precision", "0.9"], 1, "not both"),
        (["--block-on", "size"], 1, "no column of"),
        (["--labels", "lost.csv"], 1, "lost.csv is not there"),
        (["--model", "lost.json"], 1, "lost.json is no model"),
        (["--right-kind", "images"], 1, "no images"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tuwen, tiny_pictures, records, more, code, said):
    done = tuwen("resolve", tiny_pictures, records, *more)
    assert (done.code, said in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("order", [1, -1])
def test_a_side_with_nothing_readable_is_an_error_after_all_is_written(tuwen, records, tmp_path, order):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "a.png").write_text("no picture", encoding="utf-8")
    written, refused = tmp_path / "matches.csv", tmp_path / "refused.csv"
    done = tuwen("resolve", *[broken, records][::order], "-o", written, "--refused", refused)
    assert done.code == 1
    last = done.err.splitlines()[-1]
    assert last.startswith(f"Error: nothing could be matched: {broken} has nothing that can be used")
    assert "--refused FILE" in last
    assert {row["reason"] for row in read(written)} == {"no candidate"}
    assert "not a picture" in refused.read_text(encoding="utf-8")


def test_an_input_is_never_written_over(tuwen, tiny_pictures, records):
    before = records.read_bytes()
    done = tuwen("resolve", tiny_pictures, records, "-o", records)
    assert done.code == 2
    assert records.read_bytes() == before
