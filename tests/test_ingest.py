"""A run takes what is new, leaves what is not, finds what moved, and lists what is bad, once."""

import csv
import errno
import os
import shutil
import time

import numpy as np
import pytest
from PIL import Image

import badfiles
from badfiles import noise
from tiny import TinyEncoder
from tuwen import encoders
from tuwen.collection import Collection
from tuwen.data import open_source
from tuwen.data.folder import FolderSource
from tuwen.errors import CollectionError, InputError
from tuwen.ingest import ingest, ingest_records
from tuwen.records import Picture, Record, Text


@pytest.fixture
def collection(tmp_path, tiny_encoder):
    """An empty collection."""
    return Collection.create(tmp_path / "collection", encoder=tiny_encoder)


@pytest.fixture
def photos(tmp_path):
    """A folder with four pictures, one of them in a folder inside with a Chinese name."""
    folder = tmp_path / "photos"
    (folder / "旅行").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "c.png", "旅行/海滩.png")):
        noise(seed=number).save(folder / name)
    return folder


def run(collection, source, **options):
    """One run over a source."""
    return ingest(collection, open_source(source), **options)


def rows(collection, kind="image"):
    """Stored items by id."""
    return {item.id: item for item in collection.items(kind)}


def missing(collection):
    """Ids of pictures that are marked as missing; other listings leave them out."""
    return set(collection.store.view.scan("images", ["id"], "missing = true")["id"].to_pylist())


def ledger(collection):
    """Codes by item, duplicates included."""
    listed = collection.store.view.scan("ledger", ["item", "code"]).to_pylist()
    return {row["item"]: row["code"] for row in listed}


@pytest.fixture
def encoded_pictures(collection, monkeypatch):
    """How many pictures the encoder was given, as a list that grows."""
    given = []
    real = collection.encoder.encode_prepared

    def count(pixels):
        given.extend(range(len(pixels)))
        return real(pixels)

    monkeypatch.setattr(collection.encoder, "encode_prepared", count)
    return given


@pytest.fixture
def opened_files(monkeypatch):
    """The files that were opened, as a list that grows."""
    from tuwen import pictures

    opened = []
    real = pictures.read

    def note(path):
        opened.append(path.name)
        return real(path)

    monkeypatch.setattr(pictures, "read", note)
    return opened


def test_a_folder_is_stored_with_all_that_is_known_of_its_files(collection, photos):
    report = run(collection, photos)
    assert (report.added, report.refused, report.ledger) == (4, 0, None)
    assert set(rows(collection)) == {"a", "b", "c", "海滩"}
    names = ["id", "path", "size", "width_px", "height_px", "hash", "phash", "source"]
    stored = {row["id"]: row for row in collection.store.view.scan("images", names).to_pylist()}
    beach = stored["海滩"]
    assert beach["path"] == str(photos / "旅行" / "海滩.png")
    assert (beach["width_px"], beach["height_px"]) == (96, 64)
    assert beach["size"] == (photos / "旅行" / "海滩.png").stat().st_size
    assert beach["source"] == str(photos)
    assert len(beach["hash"]) == 32


def test_vectors_are_those_of_the_encoder(collection, photos, tiny_encoder):
    run(collection, photos)
    expected = tiny_encoder.encode([photos / "a.png", photos / "b.png"], "image")
    assert np.allclose(collection.vectors("image", ["a", "b"]), expected, atol=1e-3)


@pytest.mark.parametrize("spec", ["gist,side=32", "concat:gist,side=32+gist,side=64"])
def test_a_picture_in_which_the_encoder_finds_nothing_is_listed_and_stops_nothing(tmp_path, photos, spec):
    collection = Collection.create(tmp_path / "gist", encoder=encoders.load(spec))
    Image.new("RGB", (50, 40), "white").save(photos / "white.png")
    for _ in range(2):
        run(collection, photos)
        assert set(rows(collection)) == {"a", "b", "c", "海滩"}
        assert ledger(collection) == {str(photos / "white.png"): "featureless"}


@pytest.mark.parametrize(("known", "stored", "left"), [("image", (1, 0), "text"), ("text", (0, 2), "image")])
def test_what_the_encoder_does_not_know_is_left_out_and_counted(tmp_path, photos, known, stored, left):
    encoder = TinyEncoder()
    encoder.modalities = frozenset({known})
    made = Collection.create(tmp_path / "one-sided", encoder=encoder)
    texts = (Text(text="a"), Text(text="b"))
    record = Record(entity="x", images=(Picture(path=str(photos / "a.png")),), texts=texts)
    report = ingest_records(made, [record])
    assert (made.count("image"), made.count("text")) == stored
    assert report.left_out == {left: 2 if left == "text" else 1}


def test_a_text_that_says_nothing_to_the_encoder_is_listed_and_stops_nothing(collection, monkeypatch):
    encoder = collection.encoder
    inner = encoder._encode_texts
    deaf = lambda texts: inner(texts) * np.array([["xyz" not in text] for text in texts])  # noqa: E731
    monkeypatch.setattr(encoder, "_encode_texts", deaf)
    report = ingest_records(collection, [Record(texts=(Text(text=t, id=t),)) for t in ("red", "xyz", "blue")])
    assert (report.texts.added, report.refused) == (2, 1)
    assert sorted(collection.ids("text")) == ["blue", "red"]
    assert ledger(collection) == {"xyz": "featureless"}
    again = ingest_records(collection, [Record(texts=(Text(text="xyz", id="xyz"),))])
    assert (again.texts.added, again.refused, ledger(collection)) == (0, 1, {"xyz": "featureless"})
    with pytest.raises(InputError, match="'xyz' says nothing to the encoder"):
        collection.search("xyz")


def test_texts_longer_than_the_encoder_reads_are_counted(collection, monkeypatch):
    encoder = collection.encoder
    inner = encoder._encode_texts

    def cutting(texts):
        encoder.cut += sum(len(text) > 5 for text in texts)
        return inner(texts)

    monkeypatch.setattr(encoder, "_encode_texts", cutting)
    monkeypatch.setattr(encoder, "cut", 7)  # of an earlier run
    report = ingest_records(collection, [Record(texts=(Text(text=t),)) for t in ("red", "a red dog", "blue")])
    assert report.cut == 1


def test_unchanged_files_are_not_opened_again(collection, photos, opened_files):
    run(collection, photos)
    opened_files.clear()
    report = run(collection, photos)
    assert (report.unchanged, report.added, opened_files) == (4, 0, [])


def test_a_touched_file_is_read_but_not_encoded_again(collection, photos, encoded_pictures, opened_files):
    run(collection, photos)
    encoded_pictures.clear()
    opened_files.clear()
    os.utime(photos / "a.png", (1, 1))
    report = run(collection, photos)
    assert (report.unchanged, report.updated, encoded_pictures) == (4, 0, [])
    assert opened_files == ["a.png"]
    run(collection, photos)
    assert opened_files == ["a.png"]  # its new time is known now


def test_a_changed_file_is_updated_in_its_place(collection, photos):
    run(collection, photos)
    before = collection.vectors("image", ["a"])
    Image.new("RGB", (48, 48), "red").save(photos / "a.png")
    report = run(collection, photos)
    assert (report.updated, report.unchanged, collection.count("image")) == (1, 3, 4)
    assert not np.allclose(collection.vectors("image", ["a"]), before, atol=0.01)


def test_a_renamed_file_is_recognised_and_keeps_its_id(collection, photos, encoded_pictures):
    run(collection, photos)
    encoded_pictures.clear()
    (photos / "a.png").rename(photos / "旅行" / "z.png")
    report = run(collection, photos)
    assert (report.moved, report.added, report.missing, encoded_pictures) == (1, 0, 0, [])
    assert rows(collection)["a"].path == str(photos / "旅行" / "z.png")


def test_a_moved_folder_is_recognised_as_a_whole(collection, photos, encoded_pictures):
    run(collection, photos)
    encoded_pictures.clear()
    photos.rename(photos.with_name("elsewhere"))
    report = run(collection, photos.with_name("elsewhere"))
    assert (report.moved, report.added, encoded_pictures) == (4, 0, [])
    assert run(collection, photos.with_name("elsewhere")).unchanged == 4


def test_a_file_over_another_keeps_its_own_id(collection, photos, encoded_pictures):
    run(collection, photos)
    encoded_pictures.clear()
    (photos / "a.png").replace(photos / "b.png")
    report = run(collection, photos)
    assert (report.moved, encoded_pictures) == (1, [])
    assert set(rows(collection)) == {"a", "c", "海滩"}
    assert rows(collection)["a"].path == str(photos / "b.png")
    again = run(collection, photos)
    assert (again.unchanged, again.added, again.moved) == (3, 0, 0)


def test_two_files_that_change_places_settle(collection, photos):
    run(collection, photos)
    (photos / "a.png").rename(photos / "t.png")
    (photos / "b.png").rename(photos / "a.png")
    (photos / "t.png").rename(photos / "b.png")
    run(collection, photos)
    run(collection, photos)
    report = run(collection, photos)
    assert (report.added, report.updated, report.moved) == (0, 0, 0)
    paths = {item.path for item in collection.items("image")}
    listed = {item for item, code in ledger(collection).items() if code == "duplicate"}
    assert paths | listed == {str(file) for file in photos.rglob("*.png")}


def test_a_vanished_file_is_marked_and_comes_back(collection, photos, encoded_pictures):
    run(collection, photos)
    kept = (photos / "a.png").read_bytes()
    (photos / "a.png").unlink()
    assert run(collection, photos).missing == 1
    assert missing(collection) == {"a"}
    assert run(collection, photos).missing == 1
    (photos / "a.png").write_bytes(kept)
    encoded_pictures.clear()
    run(collection, photos)
    assert missing(collection) == set()
    assert encoded_pictures == []


def test_vanished_files_can_be_deleted_or_kept(collection, photos):
    run(collection, photos)
    (photos / "a.png").unlink()
    run(collection, photos, vanished="keep")
    assert missing(collection) == set()
    run(collection, photos, vanished="delete")
    assert set(rows(collection)) == {"b", "c", "海滩"}


def test_what_a_pattern_leaves_out_is_not_missing(collection, photos):
    run(collection, photos)
    report = ingest(collection, open_source(photos, pattern="a.png"))
    assert report.missing == 0
    assert missing(collection) == set()


def test_files_of_another_source_are_not_missing(collection, photos, tmp_path):
    run(collection, photos)
    (photos / "a.png").unlink()
    other = tmp_path / "other"
    other.mkdir()
    noise(seed=50).save(other / "o.png")
    assert run(collection, other).missing == 0


def test_an_unknown_way_with_vanished_files_is_refused(collection, photos):
    with pytest.raises(InputError, match="'mark', 'delete' or 'keep'"):
        run(collection, photos, vanished="forget")


def test_exact_duplicates_are_stored_once_and_noted(collection, photos, opened_files):
    shutil.copy(photos / "a.png", photos / "copy.png")
    report = run(collection, photos)
    assert (report.added, report.duplicates, report.refused, report.ledger) == (4, 1, 0, None)
    assert ledger(collection) == {str(photos / "copy.png"): "duplicate"}
    opened_files.clear()
    again = run(collection, photos)
    assert (again.duplicates, opened_files) == (1, [])


def test_a_duplicate_takes_the_place_of_its_vanished_original(collection, photos, encoded_pictures):
    shutil.copy(photos / "a.png", photos / "copy.png")
    run(collection, photos)
    encoded_pictures.clear()
    (photos / "a.png").unlink()
    report = run(collection, photos)
    assert (report.moved, report.missing, encoded_pictures) == (1, 0, [])
    assert rows(collection)["a"].path == str(photos / "copy.png")
    assert ledger(collection) == {}


def test_ids_fall_back_to_the_path_and_then_to_a_number(collection, tmp_path):
    folder = tmp_path / "p"
    for number, name in enumerate(("x.png", "one/x.png", "two/x.png", "two/x.jpg")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        noise(seed=number).save(folder / name)
    run(collection, folder)
    assert set(rows(collection)) == {"x", "one/x", "two/x", "two/x-2"}
    run(collection, folder)
    assert collection.count("image") == 4


def test_pictures_of_one_name_elsewhere_are_told_apart_by_their_folders(collection, tmp_path):
    lines = [["image"]]
    for number, folder in enumerate(("far/one", "far/two", "far/three/one")):
        (tmp_path / folder).mkdir(parents=True)
        noise(seed=number).save(tmp_path / folder / "front.png")
        lines.append([str(tmp_path / folder / "front.png")])
    (tmp_path / "tables").mkdir()
    run(collection, write_csv(tmp_path / "tables" / "t.csv", lines))
    assert set(rows(collection)) == {"front", "two/front", "one/front"}


def test_a_thousand_equal_texts_take_no_time(collection, tmp_path):
    table = write_csv(tmp_path / "t.csv", [["text"], *[["无"]] * 1000])
    began = time.monotonic()
    assert run(collection, table).texts.added == 1000
    assert run(collection, table).texts.unchanged == 1000
    assert time.monotonic() - began < 5


def test_a_picture_overwritten_with_another_stored_one_is_counted_as_deleted(collection, photos):
    run(collection, photos)
    first, second = sorted(path for path in photos.rglob("*") if path.suffix in {".png", ".jpg"})[:2]
    first.write_bytes(second.read_bytes())
    before = collection.count("image")
    report = run(collection, photos)
    assert report.images.deleted == 1
    assert collection.count("image") == before - 1


def test_batches_wait_longer_in_long_runs(collection, monkeypatch):
    from tuwen.ingest import batch

    now = [0.0]
    monkeypatch.setattr(batch.time, "monotonic", lambda: now[0])
    long = batch.Batch(collection)
    waits = []
    for began in (0.0, 100.0, 500.0, 5000.0):
        now[0] = began
        long.commit()
        long.forgive(["x"])
        while not long.full:
            now[0] += 0.25
        waits.append(round(now[0] - began))
    assert waits == [2, 2, 5, 10]


def test_captions_beside_pictures_become_their_texts(collection, photos):
    (photos / "a.txt").write_text("一只狗\na dog\n", encoding="utf-8")
    report = run(collection, photos)
    assert report.texts.added == 2
    texts = rows(collection, "text")
    assert {(t.id, t.entity, t.text) for t in texts.values()} == {("a", "a", "一只狗"), ("a#2", "a", "a dog")}
    (photos / "a.txt").write_text("a dog\n两只狗\n", encoding="utf-8")
    again = run(collection, photos)
    assert (again.texts.unchanged, again.texts.added, again.texts.missing) == (1, 1, 1)
    assert rows(collection, "text")["a#2"].text == "a dog"


def write_csv(path, lines):
    """A table from lines of cells."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(lines)
    return path


def test_rows_about_one_picture_make_one_picture_with_many_texts(collection, photos, tmp_path):
    lines = [["image", "language", "caption"]]
    lines += [[f"photos/{name}.png", language, f"{name} {language} {n}"]
              for name in "ab" for language in ("en", "zh") for n in range(2)]  # fmt: skip
    table = write_csv(tmp_path / "captions.csv", lines)
    report = run(collection, table)
    assert (report.images.added, report.texts.added, report.images.duplicates) == (2, 8, 0)
    texts = rows(collection, "text")
    assert {texts[name].entity for name in ("a", "a#2", "a#3", "a#4")} == {"a"}
    assert texts["a#3"].metadata == {"language": "zh"}
    again = run(collection, table)
    assert (again.unchanged, again.added, again.updated) == (10, 0, 0)


def test_a_caption_that_stands_twice_is_two_texts_in_every_run(collection, photos, tmp_path):
    table = write_csv(tmp_path / "t.csv", [["image", "text"], *[["photos/a.png", "same"]] * 3])
    assert run(collection, table).texts.added == 3
    assert run(collection, table).texts.unchanged == 3


def test_a_row_taken_out_of_the_middle_changes_no_other_text(collection, photos, tmp_path):
    lines = [["image", "text"], *(["photos/a.png", f"caption {n}"] for n in range(4))]
    table = write_csv(tmp_path / "t.csv", lines)
    run(collection, table)
    write_csv(table, [line for line in lines if line[1] != "caption 1"])
    report = run(collection, table)
    assert (report.texts.unchanged, report.texts.added, report.texts.missing) == (3, 0, 1)


def test_changed_labels_and_metadata_are_stored_without_encoding(
    collection, photos, tmp_path, encoded_pictures
):
    table = tmp_path / "t.csv"
    run(collection, write_csv(table, [["image", "label", "year"], ["photos/a.png", "x", "1999"]]))
    encoded_pictures.clear()
    report = run(collection, write_csv(table, [["image", "label", "year"], ["photos/a.png", "y", "2001"]]))
    item = rows(collection)["a"]
    assert (report.updated, item.label, item.metadata, encoded_pictures) == (1, "y", {"year": 2001}, [])
    assert collection.verify() == []


def test_a_text_with_an_id_is_updated_in_its_place(collection, tmp_path):
    table = tmp_path / "t.csv"
    run(collection, write_csv(table, [["id", "text"], ["7", "red"], ["8", "blue"]]))
    report = run(collection, write_csv(table, [["id", "text"], ["7", "green"], ["8", "blue"]]))
    assert (report.texts.updated, report.texts.unchanged) == (1, 1)
    assert rows(collection, "text")["7"].text == "green"
    assert collection.verify() == []


def test_the_second_of_two_equal_ids_is_refused(collection, tmp_path):
    table = write_csv(tmp_path / "t.csv", [["id", "text"], ["7", "red"], ["7", "blue"]])
    report = run(collection, table)
    assert (report.texts.added, report.refused) == (1, 1)
    assert ledger(collection) == {f"{table}:3": "duplicate-id"}


def test_an_id_of_another_source_is_not_taken_over(collection, tmp_path):
    run(collection, write_csv(tmp_path / "a.csv", [["id", "text"], ["1", "red"]]))
    report = run(collection, write_csv(tmp_path / "b.csv", [["id", "text"], ["1", "blue"]]))
    assert report.refused == 1
    assert rows(collection, "text")["1"].text == "red"


def test_a_renamed_table_is_the_same_source(collection, photos, tmp_path, encoded_pictures):
    lines = [["id", "image", "text"], ["1", "photos/a.png", "red"], ["2", "photos/b.png", "blue"]]
    run(collection, write_csv(tmp_path / "a.csv", lines))
    encoded_pictures.clear()
    (tmp_path / "a.csv").unlink()
    report = run(collection, write_csv(tmp_path / "b.csv", [*lines[:2], ["2", "photos/b.png", "green"]]))
    assert (report.unchanged, report.refused, report.added, encoded_pictures) == (3, 0, 1, [])
    again = run(collection, tmp_path / "b.csv")
    assert (again.unchanged, again.updated, again.added) == (4, 0, 0)


def test_the_same_text_with_the_same_id_in_two_tables_is_one(collection, tmp_path):
    for name in ("a.csv", "b.csv"):
        report = run(collection, write_csv(tmp_path / name, [["id", "text"], ["1", "red"]]))
        assert report.refused == 0
    assert collection.count("text") == 1


def test_a_table_labels_pictures_that_a_folder_brought(collection, photos, tmp_path):
    run(collection, photos)
    table = write_csv(tmp_path / "t.csv", [["image", "label"], ["photos/a.png", "dog"]])
    assert run(collection, table).images.updated == 1
    assert rows(collection)["a"].label == "dog"
    assert run(collection, photos).unchanged == 4
    assert rows(collection)["a"].label == "dog"
    assert run(collection, table).unchanged == 1


def test_texts_of_a_duplicate_picture_belong_to_the_stored_one(collection, photos, tmp_path):
    shutil.copy(photos / "a.png", photos / "copy.png")
    lines = [["id", "image", "text"], ["1", "photos/a.png", "first"], ["2", "photos/copy.png", "second"]]
    run(collection, write_csv(tmp_path / "t.csv", lines))
    assert {text.entity for text in rows(collection, "text").values()} == {"1"}


def test_a_text_stays_when_its_picture_is_bad(collection, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"")
    table = write_csv(tmp_path / "t.csv", [["image", "text"], ["bad.png", "still here"]])
    report = run(collection, table)
    assert (report.refused, report.texts.added) == (1, 1)
    assert rows(collection, "text")["bad"].text == "still here"


def test_each_refused_file_stands_in_the_ledger_once(collection, photos, opened_files):
    (photos / "bad.png").write_bytes(b"this is text")
    (photos / "empty.png").write_bytes(b"")
    report = run(collection, photos)
    assert (report.added, report.refused, report.still_refused) == (4, 2, 0)
    opened_files.clear()
    again = run(collection, photos)
    assert (again.refused, again.still_refused, opened_files) == (0, 2, [])
    assert ledger(collection) == {
        str(photos / "bad.png"): "not-a-picture",
        str(photos / "empty.png"): "empty",
    }


def test_the_ledger_is_a_table_people_can_open(collection, photos):
    (photos / "坏.png").write_bytes(b"this is text")
    path = run(collection, photos).ledger
    assert path == collection.path / "ledger.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        (line,) = csv.DictReader(stream)
    assert line["item"] == str(photos / "坏.png")
    assert line["code"] == "not-a-picture"
    assert "is text, not a picture" in line["reason"]


def test_only_refused_files_are_retried(collection, photos, opened_files):
    (photos / "bad.png").write_bytes(b"this is text")
    run(collection, photos)
    noise(seed=60).save(photos / "new.png")
    opened_files.clear()
    report = run(collection, photos, retry=True)
    assert (report.still_refused, report.added, report.unchanged) == (1, 0, 0)
    assert opened_files == ["bad.png"]


@pytest.mark.parametrize("retry", [False, True])
def test_a_mended_file_leaves_the_ledger(collection, photos, retry):
    (photos / "bad.png").write_bytes(b"this is text")
    run(collection, photos)
    noise(seed=61).save(photos / "bad.png")
    report = run(collection, photos, retry=retry)
    assert (report.added, report.ledger, ledger(collection)) == (1, None, {})
    assert not (collection.path / "ledger.csv").exists()


def test_a_bad_file_that_is_gone_leaves_the_ledger(collection, photos):
    (photos / "bad.png").write_bytes(b"")
    run(collection, photos)
    (photos / "bad.png").unlink()
    run(collection, photos)
    assert ledger(collection) == {}


def test_a_mended_row_leaves_the_ledger(collection, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("id,text\n1,red,too many\n2,blue\n", encoding="utf-8")
    assert run(collection, table).refused == 1
    assert run(collection, table).still_refused == 1
    table.write_text("id,text\n1,red\n2,blue\n", encoding="utf-8")
    report = run(collection, table)
    assert (report.added, ledger(collection)) == (1, {})


def test_a_stored_file_that_breaks_is_listed_and_stays(collection, photos):
    run(collection, photos)
    (photos / "a.png").write_bytes(b"broken")
    report = run(collection, photos)
    assert (report.refused, report.missing) == (1, 0)
    assert missing(collection) == set()
    assert run(collection, photos).still_refused == 1


def test_every_bad_file_is_listed_with_its_reason_and_the_good_ones_go_in(collection, photos):
    expected = {path: bad.code for path, bad in badfiles.write_files(photos).items()}
    began = time.monotonic()
    report = run(collection, photos)
    assert ledger(collection) == expected
    assert (report.added, report.refused) == (4, len(expected))
    again = run(collection, photos)
    assert (again.still_refused, again.refused, again.added) == (len(expected), 0, 0)
    assert time.monotonic() - began < 10


def test_every_bad_row_is_listed_with_its_reason_and_the_good_ones_go_in(collection, tmp_path):
    expected = badfiles.write_table(tmp_path)
    report = run(collection, tmp_path / "rows.csv")
    assert ledger(collection) == expected
    assert {text.text for text in collection.items("text")} == {"a good row", "最后一行"}
    assert report.images.added == 1


def test_every_bad_json_line_is_listed_with_its_reason(collection, tmp_path):
    expected = badfiles.write_json_lines(tmp_path)
    run(collection, tmp_path / "rows.jsonl")
    assert ledger(collection) == expected
    assert {text.text for text in collection.items("text")} == {"一", "二", "the last one"}
    assert collection.count("image") == 1


def test_pictures_without_a_file_keep_a_thumbnail(collection, tmp_path):
    badfiles.write_json_lines(tmp_path)
    run(collection, tmp_path / "rows.jsonl")
    (thumbnail,) = collection.store.view.scan("images", ["thumbnail"])["thumbnail"].to_pylist()
    assert thumbnail.startswith(b"\xff\xd8")
    assert run(collection, tmp_path / "rows.jsonl").images.unchanged == 1


def test_records_of_a_program_are_added(collection, photos):
    records = [
        Record(images=(Picture(path=str(photos / "a.png"), id="one"),), texts=(Text(text="a red thing"),)),
        Record(images=(Picture(path="memory", data=badfiles.encoded("PNG", noise(seed=9)), id="two"),)),
        Record(texts=(Text(text=" "),), origin="nowhere"),
        Record(texts=(Text(text="half \ud83d"),), origin="nothing"),
    ]
    report = ingest_records(collection, records)
    assert (report.images.added, report.texts.added, report.refused) == (2, 1, 2)
    assert set(rows(collection)) == {"one", "two"}
    assert sorted(ledger(collection).values()) == ["bad-encoding", "empty-row"]


def test_a_path_that_is_not_utf8_is_refused(collection):
    report = ingest_records(collection, [Record(images=(Picture(path="/tmp/\udcff.jpg"),))])
    assert (report.refused, list(ledger(collection).values())) == (1, ["bad-path"])


def test_a_decoder_that_fails_in_its_own_way_costs_one_picture(collection, photos, monkeypatch):
    from tuwen import pictures

    real = pictures.load_bytes

    def fail(data, name, **options):
        if name.endswith("b.png"):
            raise ZeroDivisionError("inside the decoder")
        return real(data, name, **options)

    monkeypatch.setattr(pictures, "load_bytes", fail)
    report = run(collection, photos)
    assert (report.added, ledger(collection)) == (3, {str(photos / "b.png"): "damaged"})


def test_progress_counts_to_the_end(collection, photos):
    calls = []
    run(collection, photos, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (4, 4)


class Interrupted(FolderSource):
    """A folder at whose third picture someone presses Ctrl-C."""

    def records(self):
        for number, record in enumerate(super().records()):
            if number == 2:
                raise KeyboardInterrupt
            yield record


def test_an_interrupted_run_keeps_what_was_committed_and_the_next_goes_on(
    collection, photos, encoded_pictures, monkeypatch
):
    from tuwen.ingest import run as module

    monkeypatch.setattr(module, "AHEAD", 0)  # each record is decided on before the next is read
    with pytest.raises(KeyboardInterrupt):
        ingest(collection, Interrupted(photos), batch_size=1)
    assert 0 < collection.count("image") < 3
    kept = collection.count("image")
    encoded_pictures.clear()
    report = run(collection, photos)
    assert (report.unchanged, report.added, len(encoded_pictures)) == (kept, 4 - kept, 4 - kept)
    assert collection.verify() == []


def test_an_interrupted_run_marks_nothing_as_missing(collection, photos):
    run(collection, photos)
    with pytest.raises(KeyboardInterrupt):
        ingest(collection, Interrupted(photos))
    assert missing(collection) == set()


def test_a_source_that_breaks_off_is_said_and_nothing_is_marked_as_missing(collection, photos):
    class Gone(FolderSource):
        def records(self):
            yield next(super().records())
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(InputError, match="is stored"):
        ingest(collection, Gone(photos))
    assert collection.count("image") == 1
    run(collection, photos)
    with pytest.raises(InputError, match=r"to its end \(Input/output error\)"):
        ingest(collection, Gone(photos))
    assert missing(collection) == set()


def test_a_full_disk_is_said_and_what_was_committed_stays(collection, photos, monkeypatch):
    run(collection, photos)
    noise(seed=70).save(photos / "new.png")
    from tuwen import store

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "write_head", full)
    with pytest.raises(CollectionError, match="is full"):
        run(collection, photos)
    monkeypatch.undo()
    again = Collection.open(collection.path, encoder=collection.encoder)
    assert again.count("image") == 4
    assert run(again, photos).added == 1


def test_pictures_that_wait_are_bounded_in_bytes(collection, monkeypatch):
    import tuwen.ingest.run as module

    heavy = badfiles.encoded("PNG", noise(seed=9)) + b"\0" * 100_000
    read, decided = [], []

    def records():
        for number in range(60):
            read.append(number)
            data = heavy + str(number).encode()
            yield Record(images=(Picture(path=f"t.tsv#{number}", data=data, id=str(number)),))

    take = module.Decider.take

    def noted(self, record, prepared):
        decided.append(len(read))
        take(self, record, prepared)

    monkeypatch.setattr(module.Decider, "take", noted)
    monkeypatch.setattr(module, "AHEAD_BYTES", 1_000_000)
    assert ingest_records(collection, records()).images.added == 60
    waited = [ahead - number for number, ahead in enumerate(decided)]
    assert max(waited) <= 1_000_000 // len(heavy) + (os.cpu_count() or 1) + 2
