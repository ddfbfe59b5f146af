"""What was found as files."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from tiny_sides import noisy
from tuwen.errors import InputError
from tuwen.resolve import writing
from tuwen.resolve.base import Truth
from tuwen.resolve.preparing import rows_of
from tuwen.resolve.review import read_decisions
from tuwen.resolve.run import resolve


@pytest.fixture(scope="module")
def found():
    left, right = noisy(60)
    right.contents[3] = "红色，自行车"
    truth = Truth.of((row, row - 10) for row in range(10, 60))
    return resolve(left, rows_of(right, np.arange(10, 60)), truth=truth, labels=[("zz", "n000", True)])


def read_csv(path, mark=","):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=mark))


@pytest.mark.parametrize(("suffix", "mark"), [(".csv", ","), (".tsv", "\t")])
def test_pairs_as_a_table_for_spreadsheets(found, tmp_path, suffix, mark):
    file = tmp_path / f"matches{suffix}"
    writing.write_pairs(file, found)
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = read_csv(file, mark)
    names = ["left_id", "right_id", "estimated_probability", "similarity", "rank", "cluster", "reason"]
    assert list(rows[0]) == names
    assert sum(bool(row["left_id"] and row["right_id"]) for row in rows) == len(found.kept)
    assert rows[-1]["left_id"] == "" or rows[-1]["right_id"] == ""


def test_pairs_as_json_lines_and_parquet_are_the_same_rows(found, tmp_path):
    writing.write_pairs(tmp_path / "m.jsonl", found)
    writing.write_pairs(tmp_path / "m.parquet", found)
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text(encoding="utf-8").splitlines()]
    assert pq.read_table(tmp_path / "m.parquet").to_pylist() == lines


def test_columns_of_parquet_keep_their_types_when_nothing_matches(tmp_path):
    left, right = noisy(20)
    writing.write_pairs(tmp_path / "m.parquet", resolve(left, rows_of(right, np.arange(0))))
    types = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "m.parquet")}
    assert (types["right_id"], types["similarity"], types["rank"]) == ("string", "double", "int64")


def test_json_has_all(found, tmp_path):
    writing.write_pairs(tmp_path / "m.json", found)
    whole = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert len(whole["matches"]) == len(found.kept)
    assert len(whole["unmatched"]) == sum(map(len, found.unmatched.values()))
    assert len(whole["clusters"]) == 110
    assert whole["refused"][0]["code"] == "unknown-id"
    assert whole["steps"][0]["step"] == "prepare"
    assert whole["threshold"] == 0.5
    assert set(whole["weights"]) == set(found.evidence.names)


def test_clusters_and_refusals_are_tables(found, tmp_path):
    writing.write_clusters(tmp_path / "c.csv", found)
    assert list(read_csv(tmp_path / "c.csv")[0]) == ["cluster", "size", "side", "id", "content"]
    writing.write_refusals(tmp_path / "r.json", found)
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))[0]["item"] == "zz n000"


def test_a_form_that_is_not_known_is_refused(found, tmp_path):
    with pytest.raises(InputError, match=r"must end in one of \.csv"):
        writing.write_pairs(tmp_path / "matches.xlsx", found)
    assert not list(tmp_path.iterdir())


def page_of(path):
    text = path.read_text(encoding="utf-8")
    start = text.index('{"key"')
    return json.JSONDecoder().raw_decode(text[start:])[0]


def test_the_review_page_has_the_pairs_nearest_to_the_threshold(found, tmp_path):
    count = writing.write_review(tmp_path / "v.html", found, most=5)
    pairs = page_of(tmp_path / "v.html")["pairs"]
    assert count == len(pairs) == 5
    shown = sorted(abs(pair["score"] - 0.5) for pair in pairs)
    kept = np.zeros(len(found.candidates), dtype=bool)
    kept[found.kept] = True
    near = np.sort(np.abs(found.score[kept | (found.ranks == 1)] - 0.5))[:5]
    assert shown == pytest.approx(near.tolist(), abs=1e-4)
    assert all(pair["reasons"] for pair in pairs)
    assert {pair["probability"] for pair in pairs} == {None}  # estimates are none


def test_decisions_of_the_review_are_labels_of_the_next_run(found, tmp_path):
    writing.write_review(tmp_path / "v.html", found)
    pairs = page_of(tmp_path / "v.html")["pairs"]
    lines = [f"{p['left']},{p['right']},{'match' if p['left'] == p['right'] else 'no match'}" for p in pairs]
    file = tmp_path / "decisions.csv"
    file.write_text("\n".join(["left,right,decision", *lines]) + "\n", encoding="utf-8")
    assert len(read_decisions(file)) == len(pairs)
    again = resolve(found.left, found.right, labels=file)
    assert again.joint.origin == "labels"


def test_the_report_tells_steps_figures_and_what_was_left_out(found, tmp_path):
    writing.write_report(tmp_path / "r.html", found)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    for part in ("prepare", "reduction ratio", "unknown-id", "weight of similarity", "B-cubed"):
        assert part in text
