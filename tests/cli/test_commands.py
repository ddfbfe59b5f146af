import csv
import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tiny import TinyEncoder


@pytest.fixture
def tiny(tiny_collection):
    """The path of a collection of one's own with sixteen pictures and sixteen texts."""
    return tiny_collection.path


@pytest.fixture
def pictures(tmp_path, tiny_pictures):
    """A folder with two pictures, one broken file and one empty one."""
    folder = tmp_path / "图片"
    folder.mkdir()
    for name in ("red-0.png", "blue-0.png"):
        (folder / name).write_bytes((tiny_pictures / name).read_bytes())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    (folder / "empty.png").touch()
    return folder


@pytest.fixture
def table(tmp_path, tiny_pictures):
    """A CSV file with four queries by text and by picture."""
    path = tmp_path / "queries.csv"
    rows = [("q1", "red", "red-0.png"), ("q2", "绿", "green-1.png"), ("q3", "a blue one", "blue-1.png")]
    lines = [
        "text_id,text,image_id,image",
        *(f"{i},{text},{i},{tiny_pictures / name}" for i, text, name in rows),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


class TestOutput:
    def test_an_answer_never_overwrites_the_questions(self, tuwen, tiny, table):
        before = table.read_bytes()
        done = tuwen("match", tiny, table, "-o", table)
        assert done.code == 2 and "write the answer to another file" in done.err
        mirrored = table.with_name("result.csv")
        table.rename(table.with_name("result-mirror.csv"))
        done = tuwen("match", tiny, table.with_name("result-mirror.csv"), "--both", "-o", mirrored)
        assert done.code == 2 and table.with_name("result-mirror.csv").read_bytes() == before

    def test_a_sheet_never_overwrites_the_picture_asked_with(self, tuwen, tiny, pictures):
        picture = pictures / "red-0.png"
        before = picture.read_bytes()
        done = tuwen("search", tiny, "--image", picture, "--html", picture)
        assert done.code == 2 and picture.read_bytes() == before

    def test_suggested_commands_can_be_pasted(self, tuwen, tmp_path, pictures):
        done = tuwen("index", tmp_path / "my photos", pictures)
        assert f"tuwen search '{tmp_path / 'my photos'}' " in done.err

    def test_a_time_is_plain_in_csv(self, tuwen, tmp_path, pictures):
        tuwen("index", tmp_path / "c", pictures)
        shown = tuwen("show", tmp_path / "c", "--ledger", "--format", "csv")
        lines = list(csv.DictReader(shown.out.splitlines()))
        assert len(lines) == 2
        assert all(datetime.fromisoformat(line["time"]).tzinfo for line in lines)

    def test_how_well_nothing_fits_is_told_in_words(self, tuwen, tiny):
        done = tuwen("show", tiny, "--format", "table")
        assert "not calibrated" in done.out


class TestIndex:
    def test_it_says_what_was_done_what_was_refused_and_what_to_type_next(self, tuwen, tmp_path, pictures):
        done = tuwen("index", tmp_path / "c", pictures)
        assert done.code == 0 and done.out == ""
        for said in ("images: 2 added", "2 images and 0 texts", "2 inputs refused", "ledger.csv",
                     f"tuwen show {tmp_path / 'c'} --ledger", "--retry", "Next:  tuwen search"):  # fmt: skip
            assert said in done.err

    def test_a_second_run_finds_everything_unchanged(self, tuwen, tmp_path, pictures):
        tuwen("index", tmp_path / "c", pictures)
        again = tuwen("index", tmp_path / "c", pictures)
        assert "images: 2 unchanged" in again.err and "2 inputs refused" in again.err

    def test_retry_takes_what_was_mended(self, tuwen, tmp_path, pictures):
        tuwen("index", tmp_path / "c", pictures)
        Image.new("RGB", (40, 40), "yellow").save(pictures / "empty.png")
        mended = tuwen("index", tmp_path / "c", pictures, "--retry")
        assert "images: 1 added" in mended.err and "1 input refused" in mended.err

    def test_a_wrong_column_is_suggested_and_leaves_no_collection(self, tuwen, tmp_path, table):
        failed = tuwen("index", tmp_path / "c", table, "--text-column", "txt")
        assert failed.code == 1 and "did you mean 'text'" in failed.err
        assert not (tmp_path / "c").exists()

    def test_a_missing_source_leaves_no_collection(self, tuwen, tmp_path, pictures):
        failed = tuwen("index", tmp_path / "c", pictures, tmp_path / "nowhere")
        assert failed.code == 1 and "nowhere is not there" in failed.err
        assert not (tmp_path / "c").exists()

    def test_an_empty_table_is_an_error(self, tuwen, tmp_path):
        (tmp_path / "empty.csv").touch()
        failed = tuwen("index", tmp_path / "c", tmp_path / "empty.csv")
        assert failed.code == 1 and "empty" in failed.err

    def test_arguments_in_the_wrong_order_are_explained(self, tuwen, tiny, pictures):
        failed = tuwen("index", pictures, tiny)
        assert failed.code == 1 and "the order is: tuwen index COLLECTION SOURCE" in failed.err

    def test_another_encoder_or_other_codes_are_refused(self, tuwen, tmp_path, pictures, monkeypatch):
        tuwen("index", tmp_path / "c", pictures)
        monkeypatch.setattr("tuwen.encoders.load", lambda _: TinyEncoder(fingerprint="another"))
        other = tuwen("index", tmp_path / "c", pictures, "--encoder", "other")
        assert other.code == 1 and "vectors of two encoders do not compare" in other.err
        assert "not 64" in tuwen("index", tmp_path / "c", pictures, "--codes", "64").err

    def test_codes_that_cannot_be_learned_yet_are_said_to_be(self, tuwen, tmp_path, pictures):
        assert "Too few items yet" in tuwen("index", tmp_path / "c", pictures, "--codes", "64").err

    def test_an_export_is_read_back(self, tuwen, tmp_path, tiny):
        assert tuwen("export", tiny, "-o", tmp_path / "out").code == 0
        assert "32 items from" in tuwen("index", tmp_path / "again", tmp_path / "out").err
        assert tuwen("show", tmp_path / "again").rows[0]["texts"] == 16

    def test_ctrl_c_says_how_to_go_on(self, tuwen, tmp_path, pictures, monkeypatch):
        def stop(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr("tuwen.ingest.ingest", stop)
        stopped = tuwen("index", tmp_path / "c", pictures)
        assert stopped.code == 130 and "run the same command again to go on" in stopped.err


class TestSearch:
    def test_json_is_a_list_with_the_promised_names(self, tuwen, tiny):
        hits = json.loads(tuwen("search", tiny, "red", "-k", "2", "--format", "json").out)
        assert [hit["id"] for hit in hits] == ["red-0", "red-1"] or [hit["rank"] for hit in hits] == [1, 2]
        assert {"id", "rank", "score", "kind", "path", "entity", "label", "metadata"} == set(hits[0])
        texts = json.loads(tuwen("search", tiny, "red", "--for", "texts", "--format", "json").out)
        assert "text" in texts[0] and "path" not in texts[0]

    def test_a_pipe_gets_json_lines(self, tuwen, tiny):
        assert [row["label"] for row in tuwen("search", tiny, "绿", "-k", "2").rows] == ["green", "green"]

    def test_csv_has_a_line_a_hit(self, tuwen, tiny):
        lines = tuwen("search", tiny, "red", "-k", "2", "--format", "csv").out.splitlines()
        assert lines[0].startswith("id,rank,score,kind,path") and len(lines) == 3

    def test_a_table_has_a_row_a_hit(self, tuwen, tiny):
        out = tuwen("search", tiny, "red", "-k", "2", "--format", "table").out
        assert len(out.splitlines()) >= 3 and "red-1" in out and "\x1b" not in out

    def test_several_words_are_one_query(self, tuwen, tiny):
        assert tuwen("search", tiny, "red", "blue").out == tuwen("search", tiny, "red blue").out

    @pytest.mark.parametrize(
        "words", [["red", "blue", "-blue"], ["-blue", "red", "blue"], ["red blue -blue"]]
    )
    def test_a_word_with_a_minus_is_unwanted(self, tuwen, tiny, words):
        first = tuwen("search", tiny, *words, "-k", "2").rows
        assert [row["label"] for row in first] == ["red", "red"]

    def test_a_negative_word_that_looks_like_options_is_a_word(self, tuwen, tiny):
        assert tuwen("search", tiny, "red", "-kites", "-人", "-k1").code == 0
        assert len(tuwen("search", tiny, "-k", "3", "red", "-people").rows) == 3

    def test_the_value_of_an_option_may_begin_with_a_minus(self, tuwen, tiny):
        assert len(tuwen("search", tiny, "red", "--min-score", "-0.9").rows) == 10

    def test_words_and_picture_are_asked_together(self, tuwen, tiny, tiny_pictures):
        rows = tuwen("search", tiny, "red", "--image", tiny_pictures / "blue-0.png", "-k", "4").rows
        assert {row["label"] for row in rows} == {"red", "blue"}
        by_picture = tuwen(
            "search", tiny, "--image", tiny_pictures / "blue-0.png", "--for", "texts", "-k", "2"
        )
        assert {row["label"] for row in by_picture.rows} == {"blue"}

    def test_filters_offset_and_minimum_score(self, tuwen, tiny):
        rows = tuwen("search", tiny, "red", "--where", "colour = 'cyan'").rows
        assert {row["label"] for row in rows} == {"cyan"}
        assert tuwen("search", tiny, "red", "--offset", "1", "-k", "1").rows[0]["rank"] == 2
        assert len(tuwen("search", tiny, "red", "--min-score", "0.5").rows) == 2

    def test_a_wrong_filter_is_explained(self, tuwen, tiny):
        failed = tuwen("search", tiny, "red", "--where", "color = 'cyan'")
        assert failed.code == 1 and "colour" in failed.err

    def test_nothing_to_ask_is_wrong_usage(self, tuwen, tiny):
        assert tuwen("search", tiny).code == 2
        assert tuwen("search", tiny, "  ").code == 2

    def test_a_broken_query_picture_is_an_error(self, tuwen, tiny, pictures):
        failed = tuwen("search", tiny, "--image", pictures / "broken.jpg")
        assert failed.code == 1 and "broken.jpg" in failed.err

    def test_a_sheet_without_a_folder_is_an_error_at_once(self, tuwen, tiny, tmp_path):
        wrong = tuwen("search", tiny, "red", "--html", tmp_path / "nowhere" / "red.html")
        assert wrong.code == 2 and wrong.out == "" and "nowhere is not there" in wrong.err

    def test_a_side_that_is_empty_is_said_to_be(self, tuwen, tmp_path, pictures):
        tuwen("index", tmp_path / "c", pictures)
        none = tuwen("search", tmp_path / "c", "red", "--for", "texts")
        assert none.code == 0 and none.out == "" and "has no texts; add some with: tuwen index" in none.err

    def test_it_says_when_nothing_fits(self, tuwen, tiny, monkeypatch):
        verdict = SimpleNamespace(fits=False, probability=0.01)
        monkeypatch.setattr("tuwen.calibration.judge", lambda *_: verdict)
        assert "Nothing in this collection fits the query well" in tuwen("search", tiny, "dog").err

    def test_a_sheet_is_written_beside_the_answer(self, tuwen, tiny, tmp_path):
        done = tuwen("search", tiny, "red", "--html", tmp_path / "red.html")
        assert done.rows and "data:image/jpeg" in (tmp_path / "red.html").read_text(encoding="utf-8")

    def test_html_goes_to_stdout(self, tuwen, tiny):
        assert tuwen("search", tiny, "红", "--format", "html").out.startswith("<!doctype html>")

    def test_an_item_without_hits_prints_nothing_and_says_so(self, tuwen, tiny):
        none = tuwen("search", tiny, "red", "--min-score", "0.999", "--format", "table")
        assert none.code == 0 and none.out == "" and "No hits." in none.err


class TestMatch:
    def test_texts_find_images_with_the_promised_columns(self, tuwen, tiny, table, tmp_path):
        assert tuwen("match", tiny, table, "-k", "2", "-o", tmp_path / "r.csv").code == 0
        rows = read_csv(tmp_path / "r.csv")
        assert rows[0] == ["text_id", "similarity_ranking", "result_image_id", "score"]
        assert [row[:2] for row in rows[1:]] == [[q, r] for q in ("q1", "q2", "q3") for r in ("1", "2")]
        assert {row[2][:-2] for row in rows[1:3]} == {"red"}

    def test_images_find_texts_with_the_mirrored_columns(self, tuwen, tiny, table):
        out = tuwen("match", tiny, table, "--for", "texts", "-k", "1").out.splitlines()
        assert out[0] == "image_id,similarity_ranking,result_text_id,score"
        assert [line.split(",")[2][:4] for line in out[1:]] == ["red-", "gree", "blue"]

    def test_queries_come_from_stdin(self, tuwen, tiny, monkeypatch):
        feed(monkeypatch, "red\n蓝\n")
        out = tuwen("match", tiny, "-", "-k", "1").out.splitlines()
        assert [line.split(",")[2][:3] for line in out[1:]] == ["red", "blu"]

    def test_vectors_are_taken_for_queries(self, tuwen, tiny, tmp_path, tiny_pictures):
        assert tuwen("encode", tiny_pictures, "-o", tmp_path / "f.npz").code == 0
        out = tuwen("match", tiny, tmp_path / "f.npz", "--from", "images", "-k", "1").out.splitlines()
        assert out[0] == "image_id,similarity_ranking,result_image_id,score"
        assert all(line.split(",")[0] == line.split(",")[2] for line in out[1:])

    def test_both_writes_the_mirror_beside(self, tuwen, tiny, table, tmp_path):
        assert tuwen("match", tiny, table, "-k", "1", "--both", "-o", tmp_path / "r.csv").code == 0
        rows = read_csv(tmp_path / "r-mirror.csv")
        assert rows[0] == ["image_id", "similarity_ranking", "result_text_id", "score"]
        assert len(rows) == 17

    def test_probabilities_are_a_column_on_request(self, tuwen, tiny, table):
        out = tuwen("match", tiny, table, "-k", "16", "--probability", "--temperature", "1").out.splitlines()
        assert out[0].endswith(",score,probability")
        assert sum(float(line.split(",")[4]) for line in out[1:17]) == pytest.approx(1, abs=1e-4)

    @pytest.mark.parametrize("how", ["mutual", "optimal"])
    def test_one_to_one_gives_no_item_twice(self, tuwen, tiny, tmp_path, how):
        (tmp_path / "q.csv").write_text("id,text\na,red\nb,red\nc,blue\n")
        done = tuwen("match", tiny, tmp_path / "q.csv", "--pairs", how, "-o", tmp_path / "r.csv")
        rows = read_csv(tmp_path / "r.csv")
        assert rows[0] == ["text_id", "similarity_ranking", "result_image_id", "score"]
        assert len({row[0] for row in rows[1:]}) == len({row[2] for row in rows[1:]}) == len(rows) - 1
        assert {row[2][:-2] for row in rows[1:]} == {"red", "blue"}
        assert f"{len(rows) - 1} of 3 found a partner" in done.err
        assert len(rows) == (3 if how == "mutual" else 4)

    def test_one_to_one_goes_with_nothing_that_it_would_ignore(self, tuwen, tiny, table):
        failed = tuwen("match", tiny, table, "--pairs", "mutual", "--probability")
        assert failed.code == 2 and "leave out" in failed.err

    @pytest.mark.parametrize("options", [(), ("--pairs", "optimal")])
    def test_ids_that_stand_twice_are_refused(self, tuwen, tiny, tmp_path, options):
        (tmp_path / "q.csv").write_text("id,text\na,red\na,blue\n")
        failed = tuwen("match", tiny, tmp_path / "q.csv", "-o", tmp_path / "r.csv", *options)
        assert failed.code == 1 and "'a' stands twice" in failed.err
        assert not (tmp_path / "r.csv").exists()

    def test_pictures_that_cannot_be_read_are_told(self, tuwen, tiny, pictures):
        done = tuwen("match", tiny, pictures, "--for", "texts", "-k", "1")
        assert done.code == 0 and len(done.out.splitlines()) == 3 and "2 inputs left out" in done.err

    def test_a_wrong_column_is_suggested(self, tuwen, tiny, table):
        assert "did you mean 'text'" in tuwen("match", tiny, table, "--query-column", "txt").err


def feed(monkeypatch, text):
    """Put a text on stdin."""
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


class TestEncode:
    def test_both_sides_of_a_table_are_written(self, tuwen, table, tmp_path, tiny_encoder):
        assert tuwen("encode", table, "-o", tmp_path / "f.npz").code == 0
        stored = np.load(tmp_path / "f.npz", allow_pickle=False)
        assert stored["text_ids"].tolist() == stored["image_ids"].tolist() == ["q1", "q2", "q3"]
        assert stored["text_vectors"].shape == (3, tiny_encoder.width)
        assert str(stored["fingerprint"]) == tiny_encoder.fingerprint

    def test_nothing_to_encode_is_an_error(self, tuwen, tmp_path):
        failed = tuwen("encode", tmp_path, "-o", tmp_path / "f.npz")
        assert failed.code == 1 and not (tmp_path / "f.npz").exists()


class TestShow:
    def test_a_collection_an_item_and_a_list(self, tuwen, tiny):
        assert tuwen("show", tiny).rows[0]["images"] == 16
        item = tuwen("show", tiny, "red-0").rows[0]
        assert item["kind"] == "image" and len(item["its_texts"]) == 2
        assert tuwen("show", tiny, "red-0#zh").rows[0]["kind"] == "text"
        assert len(tuwen("show", tiny, "--items", "texts", "--where", "language = 'zh'").rows) == 8

    def test_an_unknown_id_gets_a_suggestion(self, tuwen, tiny):
        failed = tuwen("show", tiny, "red-9")
        assert failed.code == 1 and "no image or text named 'red-9'; did you mean" in failed.err

    def test_the_ledger_gives_each_reason(self, tuwen, tmp_path, pictures):
        tuwen("index", tmp_path / "c", pictures)
        assert {row["code"] for row in tuwen("show", tmp_path / "c", "--ledger").rows} >= {"empty"}

    def test_an_empty_ledger_is_said_to_be(self, tuwen, tiny):
        assert "Nothing was refused." in tuwen("show", tiny, "--ledger", "--format", "table").err

    def test_two_things_at_once_are_wrong_usage(self, tuwen, tiny):
        assert tuwen("show", tiny, "red-0", "--ledger").code == 2
        assert tuwen("show", tiny, "--where", "missing = true").code == 2


class TestKeep:
    def test_a_sound_collection_verifies(self, tuwen, tiny):
        done = tuwen("verify", tiny)
        assert done.code == 0 and done.out == "" and "16 images and 16 texts" in done.err

    def test_a_fault_is_printed_and_is_code_1(self, tuwen, tiny, monkeypatch):
        monkeypatch.setattr("tuwen.collection.Collection.verify", lambda _: ["images: 1 row does not match"])
        done = tuwen("verify", tiny)
        assert done.code == 1 and done.out == "images: 1 row does not match\n"

    def test_items_are_deleted_by_id_and_by_filter(self, tuwen, tiny):
        assert "1 image deleted, 15 left" in tuwen("delete", tiny, "red-0").err
        assert "2 images deleted" in tuwen("delete", tiny, "--where", "label = 'blue'").err
        assert "8 texts deleted" in tuwen("delete", tiny, "--kind", "text", "--where", "language = 'en'").err

    def test_a_wrong_id_deletes_nothing(self, tuwen, tiny):
        assert tuwen("delete", tiny, "red-0", "rde-1").code == 1
        assert tuwen("show", tiny).rows[0]["images"] == 16
        assert tuwen("delete", tiny).code == 2

    def test_a_snapshot_is_kept_listed_and_restored(self, tuwen, tiny):
        assert tuwen("snapshot", tiny, "之前").code == 0
        tuwen("delete", tiny, "red-0")
        assert [row["name"] for row in tuwen("snapshot", tiny).rows] == ["之前"]
        assert "16 images" in tuwen("snapshot", tiny, "之前", "--restore").err
        assert "did you mean" in tuwen("snapshot", tiny, "之後", "--restore").err
        assert tuwen("snapshot", tiny, "--restore").code == 2
        assert tuwen("snapshot", tiny, "之前", "--restore", "--drop").code == 2
        assert "Forgot 之前" in tuwen("snapshot", tiny, "之前", "--drop").err
        assert not tuwen("snapshot", tiny).out

    def test_compact_says_what_it_freed(self, tuwen, tiny):
        assert "MB freed" in tuwen("compact", tiny).err


class TestAround:
    def test_similar_leaves_the_item_itself_out(self, tuwen, tiny):
        assert [row["id"] for row in tuwen("similar", tiny, "red-0", "-k", "1").rows] == ["red-1"]
        texts = tuwen("similar", tiny, "red-0", "--for", "texts", "-k", "2").rows
        assert {row["label"] for row in texts} == {"red"}

    def test_duplicates_are_listed_in_groups(self, tuwen, tmp_path, pictures):
        noise = Image.effect_noise((64, 64), 90).convert("RGB")
        noise.save(pictures / "noise.png")
        noise.save(pictures / "noise.bmp")
        (pictures / "copy.png").write_bytes((pictures / "noise.png").read_bytes())
        tuwen("index", tmp_path / "c", pictures)
        rows = [row for row in tuwen("duplicates", tmp_path / "c").rows if "red" not in row["id"]]
        assert {Path(row["path"]).name for row in rows} == {"noise.png", "noise.bmp", "copy.png"}
        assert [row["stored"] for row in rows].count(False) == 1 and len({row["group"] for row in rows}) == 1

    def test_no_duplicates_are_said_to_be_none(self, tuwen, tiny):
        none = tuwen("duplicates", tiny, "--kind", "text", "--format", "table")
        assert none.code == 0 and none.out == "" and "No duplicates." in none.err

    def test_encoders_are_listed(self, tuwen):
        assert "mini" in [row["encoder"] for row in tuwen("encoders").rows]

    def test_config_shows_sets_and_unsets(self, tuwen, monkeypatch):
        assert tuwen("config", "set", "k", "3").code == 0
        shown = {row["setting"]: row for row in tuwen("config").rows}
        assert shown["k"]["value"] == 3 and shown["k"]["from"].endswith("config.toml")
        monkeypatch.setenv("TUWEN_K", "4")
        assert {row["setting"]: row["from"] for row in tuwen("config").rows}["k"] == "TUWEN_K"
        assert tuwen("config", "unset", "k").code == 0
        assert tuwen("config", "set", "k", "zero").code == 1

    def test_a_set_default_is_used(self, tuwen, tiny):
        tuwen("config", "set", "k", "3")
        tuwen("config", "set", "format", "csv")
        assert len(tuwen("search", tiny, "red").out.splitlines()) == 4

    def test_the_demonstration_answers_and_is_quick_to_repeat(self, tuwen, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        first = tuwen("demo")
        assert first.code == 0
        for said in (
            "21 photographs, 42 captions, indexed",
            "collection '红色的摩托车'\n",
            "--for texts\n",
            "Now type:\n  tuwen",
        ):
            assert said in first.out
        sheet = tmp_path / "tuwen-demo" / "answers.html"
        assert "data:image/jpeg" in sheet.read_text(encoding="utf-8")
        assert "42 captions, up to date" in tuwen("demo").out
