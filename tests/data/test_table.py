"""Tables of every form and encoding; a bad row is refused in its place and the next one is read."""

import base64
import csv
import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import badfiles
from tuwen.data.table import TableSource
from tuwen.errors import InputError, UnknownName
from tuwen.records import Refusal


@pytest.fixture
def write(tmp_path):
    """Writes a file beside three pictures and gives its path."""
    for name in ("a.png", "b.png", "狗.png"):
        (tmp_path / name).write_bytes(b"x")

    def write(name, content, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def read(path, **options):
    """Records of a table."""
    return list(TableSource(path, **options).records())


def texts(records):
    """All texts of records, refusals as their codes."""
    return [r.code if isinstance(r, Refusal) else [text.text for text in r.texts] for r in records]


def images(records, tmp_path):
    """All pictures of records, inside the folder."""
    return [
        [str(picture.file.relative_to(tmp_path)) for picture in record.images]
        for record in records
        if not isinstance(record, Refusal)
    ]


def test_a_row_becomes_a_record(write, tmp_path):
    path = write(
        "t.csv", "id,image,caption,class,year,score,good,note\n007,a.png,一只狗,dog,1999,0.5,true,\n"
    )
    (record,) = read(path)
    assert (record.entity, record.label) == ("007", "dog")
    assert [(picture.path, picture.id) for picture in record.images] == [(str(tmp_path / "a.png"), "007")]
    assert [(text.text, text.id) for text in record.texts] == [("一只狗", None)]
    assert record.metadata == {"class": "dog", "year": 1999, "score": 0.5, "good": True}
    assert (record.origin, record.source) == ("t.csv:2", str(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_is_found(write, encoding):
    lines = ["image,text", *(f"a.png,第{number}张图片里有一只狗" for number in range(20))]
    records = read(write("t.csv", "\n".join(lines), encoding))
    assert texts(records)[19] == ["第19张图片里有一只狗"]


def test_gb18030_after_a_megabyte_of_ascii_is_found(write):
    lines = ["id,text", *(f"{number},plain words, again".replace(", a", " a") for number in range(60_000))]
    assert texts(read(write("t.csv", "\n".join([*lines, "x,最后"]), "gb18030")))[-1] == ["最后"]


def test_a_utf8_file_with_a_few_bad_bytes_stays_utf8(write):
    rows = [f"{n},第{n}张照片".encode() for n in range(50)]
    records = read(write("t.csv", b"id,text\n" + b"\n".join([*rows, b"51,\xff\xfe\xfd", "52,好".encode()])))
    assert texts(records)[-2:] == ["bad-encoding", ["好"]]
    assert texts(records)[3] == ["第3张照片"]


def test_an_encoding_can_be_given(write):
    path = write("t.csv", "id,text\n1,caf\xe9\n", "latin-1")
    assert texts(read(path, encoding="latin-1")) == [["café"]]


def test_an_unknown_encoding_is_refused(write):
    with pytest.raises(InputError, match="'utf-9' is not known"):
        read(write("t.csv", "id,text\n1,a\n"), encoding="utf-9")


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(write, mark):
    assert texts(
        read(write("t.csv", f"id{mark}text{mark}x\n1{mark}a, b; c{mark}2".replace("a, b; c", "abc")))
    ) == [["abc"]]


def test_a_tsv_is_called_one(write):
    assert ": TSV in utf-8" in TableSource(write("t.tsv", "id\ttext\n1\ta dog\n")).describe()


def test_a_tsv_needs_no_quotes(write):
    records = read(write("t.tsv", 'id\ttext\n1\t"Hello" she said\n2\t"an open quote\n3\tnext\n'))
    assert texts(records) == [["Hello she said"], ['"an open quote'], ["next"]]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends(write):
    path = write("t.csv", 'id,text\n1,"a ""b"", c\r\nd"\n2,e\n')
    records = read(path)
    assert texts(records) == [['a "b", c\nd'], ["e"]]
    assert [record.origin for record in records] == ["t.csv:2", "t.csv:4"]


def test_a_quote_that_does_not_close_costs_one_row(write):
    path = write("t.csv", 'id,text\n1,"open\n2,"fine"\n3,also fine\n4,"open again\n')
    records = read(path)
    assert texts(records) == ["unclosed-quote", ["fine"], ["also fine"], "unclosed-quote"]
    assert records[0].item == f"{path}:2"
    assert "t.csv, line 2" in records[0].reason


def test_a_quote_that_closes_in_another_row_costs_one_row(write):
    records = read(write("t.csv", 'id,text,x\n1,"open,2\n2,fine,"3"\n4,good,5\n'))
    assert texts(records) == ["unclosed-quote", ["fine"], ["good"]]


@pytest.mark.parametrize(
    ("row", "code"), [("1,a,b,c", "ragged-row"), ("1", "ragged-row"), ("1,a\0b,c", "nul-byte")]
)
def test_a_bad_row_is_named_by_its_line(write, row, code):
    path = write("t.csv", f"id,text,x\n1,good,1\n{row}\n2,good,2\n")
    good, bad, after = read(path)
    assert (bad.code, bad.item, bad.source) == (code, f"{path}:3", str(path))
    assert good.texts[0].text == after.texts[0].text == "good"


def test_empty_cells_at_the_end_of_a_row_are_no_fault(write):
    assert texts(read(write("t.csv", "id,text\n1,a,,\n\n,\n2,b\n"))) == [["a"], ["b"]]


def test_a_cell_longer_than_the_csv_limit_costs_one_row(write):
    records = read(write("t.csv", f"id,text\n1,{'x' * 200_000}\n2,b\n"))
    assert texts(records) == ["bad-row", ["b"]]


def test_numbers_stay_numbers_and_names_stay_names(write):
    row = "1,t,007,-3,1e3,0.50,NaN,12345678901234567890123,TRUE,1.5kg"
    (record,) = read(write("t.csv", f"id,text,a,b,c,d,e,f,g,h\n{row}\n"))
    assert record.metadata == {
        "a": "007", "b": -3, "c": "1e3", "d": 0.5, "e": "NaN", "f": "12345678901234567890123", "g": True,
        "h": "1.5kg",
    }  # fmt: skip


def test_columns_are_known_by_their_usual_names_in_both_languages(write):
    source = TableSource(write("t.csv", "编号,图片,描述,类别,年份\n1,狗.png,一只狗,动物,1999\n"))
    columns = source.columns
    assert (columns.id, columns.image, columns.text, columns.label) == ("编号", ("图片",), ("描述",), "类别")
    assert columns.metadata == ("类别", "年份")  # a label keeps the name that it has in the table
    assert "images from '图片', texts from '描述'" in source.describe()


def test_columns_can_be_named(write):
    path = write("t.csv", "img1,img2,en,zh,key,kind\na.png,b.png,a dog,一只狗,k,dog\n")
    (record,) = read(
        path, image_column="img1,img2", text_column=["en", "zh"], id_column="key", label_column="kind"
    )
    assert [picture.id for picture in record.images] == ["k-1", "k-2"]
    assert [text.text for text in record.texts] == ["a dog", "一只狗"]
    assert (record.label, record.metadata) == ("dog", {"kind": "dog"})


def test_an_unknown_column_is_refused_with_a_suggestion(write):
    path = write("t.csv", "image,caption\na.png,x\n")
    with pytest.raises(UnknownName, match="no column named 'captoin'; did you mean 'caption'"):
        TableSource(path, text_column="captoin")


def test_a_table_without_pictures_and_texts_is_refused(write):
    with pytest.raises(InputError, match="--image-column or --text-column"):
        TableSource(write("t.csv", "foo,bar\n1,2\n"))


def test_two_columns_of_one_name_are_refused(write):
    with pytest.raises(InputError, match="two columns named 'text'"):
        TableSource(write("t.csv", "text,text\n1,2\n"))


def test_a_column_without_a_name_is_left_out(write):
    (record,) = read(write("t.csv", ",id,text\n0,1,a\n"))
    assert (record.entity, record.metadata) == ("1", {})


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\0" * 100])
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
def test_an_empty_file_is_refused(write, content, suffix):
    with pytest.raises(InputError, match=r"is empty|JSON"):
        read(write(f"t.{suffix}", content))


def test_a_header_alone_has_no_rows(write):
    assert read(write("t.csv", "image,text\n")) == []


def test_ids_of_both_kinds_have_their_columns(write):
    (record,) = read(write("t.csv", "image_id,image,text_id,text\nI,a.png,T,x\n"))
    assert (record.images[0].id, record.texts[0].id) == ("I", "T")


def test_a_text_table_gives_its_ids_to_its_texts(write):
    (record,) = read(write("t.csv", "id,text\n17,x\n"))
    assert (record.texts[0].id, record.entity) == ("17", "17")


def test_pictures_are_looked_for_beside_the_table_under_root_and_in_folders(write, tmp_path):
    for name in ("far/away.png", "images/near.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    path = write("t.csv", "image\naway.png\nnear.png\na.png\ngone.png\n")
    records = read(path, root=tmp_path / "far")
    assert images(records, tmp_path) == [["far/away.png"], ["images/near.png"], ["a.png"], ["gone.png"]]


def test_paths_are_understood_in_other_spellings(write, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.png").write_bytes(b"x")
    (tmp_path / "cafe\u0301.png").write_bytes(b"x")
    path = write("t.csv", f"image\nsub\\x.png\ncaf\xe9.png\n{tmp_path}/a.png\nfile://{tmp_path}/b.png\n")
    assert images(read(path), tmp_path) == [["sub/x.png"], ["cafe\u0301.png"], ["a.png"], ["b.png"]]


def test_nothing_is_fetched_from_the_network(write):
    (refusal,) = read(write("t.csv", "image,text\nhttps://example.org/a.jpg,\n"))
    assert (refusal.code, refusal.item.endswith("t.csv:2")) == ("remote", True)


def test_json_lines_hold_lists_numbers_and_objects(write, tmp_path):
    rows = [
        {
            "id": 3,
            "images": ["a.png", "b.png"],
            "texts": ["一", "two"],
            "year": 1999,
            "tags": {"a": [1, None]},
        },
        {"id": 4, "images": "a.png", "texts": None, "nothing": None},
    ]
    path = write("t.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    first, second = read(path)
    assert [picture.id for picture in first.images] == ["3-1", "3-2"]
    assert first.metadata == {"year": 1999, "tags": {"a": [1, None]}}
    assert (len(second.images), second.texts, second.metadata) == (1, (), {})


def test_names_that_come_late_in_json_lines_are_known(write):
    rows = [{"text": "a"}, {"text": "b", "year": 1}]
    assert read(write("t.jsonl", "\n".join(map(json.dumps, rows))))[1].metadata == {"year": 1}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{", "bad-json"),
        ("[1]", "bad-json"),
        ("[" * 100_000, "bad-json"),
        ('{"text": {"a": 1}}', "bad-text"),
        ('{"text": "\\ud83d"}', "bad-encoding"),
        ('{"other": 1}', "empty-row"),
        ('{"image": 5}', "bad-path"),
        ('{"image": "data:image/png;base64,%%%"}', "bad-base64"),
    ],
)
def test_a_bad_json_line_is_refused_and_the_next_one_read(write, line, code):
    path = write("t.jsonl", '{"text": "first", "image": null}\n' + line + '\n{"text": "last"}\n')
    first, bad, last = read(path, image_column="image")
    assert (bad.code, bad.item) == (code, f"{path}:2")
    assert texts([first, last]) == [["first"], ["last"]]


def test_a_json_list_is_a_table(write):
    records = read(write("t.json", json.dumps([{"text": "a"}, 7, {"text": "b"}])))
    assert texts(records) == [["a"], "bad-json", ["b"]]


def test_pictures_may_stand_in_the_table(write):
    data = badfiles.encoded("PNG")
    address = "data:image/png;base64," + base64.b64encode(data).decode()
    path = write("t.jsonl", json.dumps({"id": "x", "image": [address, address]}))
    (record,) = read(path)
    assert [(p.data, p.id, p.path) for p in record.images] == [
        (data, "x-1", f"{path}:1#1"),
        (data, "x-2", f"{path}:1#2"),
    ]


def test_parquet_keeps_types_lists_and_bytes(tmp_path):
    data = badfiles.encoded("PNG")
    table = pa.table(
        {
            "image": [{"bytes": data, "path": "dog.png"}, {"bytes": None, "path": "gone.png"}],
            "text": [["a", "b"], ["c"]],
            "day": [date(2020, 1, 2), None],
            "score": [0.5, float("nan")],
            "raw": [b"x", None],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    source = TableSource(tmp_path / "t.parquet")
    first, second = source.records()
    assert source.count_hint == 2
    assert (first.images[0].data, first.images[0].id) == (data, "dog")
    assert first.metadata == {"day": "2020-01-02", "score": 0.5}
    assert second.images[0].file == tmp_path / "gone.png"
    assert second.metadata == {}


def test_a_binary_column_holds_pictures(tmp_path):
    pq.write_table(pa.table({"id": [1.0], "image": [b"bytes"]}), tmp_path / "t.parquet")
    (record,) = TableSource(tmp_path / "t.parquet").records()
    assert (record.images[0].data, record.images[0].id) == (b"bytes", "1")


def test_a_broken_parquet_file_is_refused(write):
    with pytest.raises(InputError, match="not a readable Parquet file"):
        TableSource(write("t.parquet", b"PAR1 nothing PAR1"))


def test_a_parquet_file_that_is_damaged_inside_is_said(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": [f"text {n} {n * n}" for n in range(5000)]}), path, row_group_size=1000)
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 4000] = b"\xa5" * 4000
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"is damaged after row \d+"):
        read(path)


def test_rows_are_read_as_they_are_asked_for(write, monkeypatch):
    path = write("t.csv", "id,text\n" + "\n".join(f"{n},text {n}" for n in range(100_000)))
    records = TableSource(path).records()
    assert next(records).texts[0].text == "text 0"
    records.close()


def test_a_line_without_end_is_cut_and_refused(write, monkeypatch):
    monkeypatch.setattr("tuwen.data.lines.MAX_LINE", 100)
    records = read(write("t.csv", f"id,text\n1,{'x' * 1000}\n2,short\n"))
    assert texts(records) == ["line-too-long", ["short"]]


def test_old_mac_and_windows_line_ends_are_line_ends(write):
    for end in ("\r\n", "\r"):
        assert texts(read(write("t.csv", f"id,text{end}1,a{end}2,b{end}"))) == [["a"], ["b"]]


def test_the_number_of_rows_is_about_known(write):
    assert TableSource(write("t.csv", "id,text\n1,a\n2,b\n")).count_hint == 2
    assert TableSource(write("t.jsonl", '{"text": "a"}\n{"text": "b"}\n')).count_hint == 2


def test_what_csv_writes_is_read_back(tmp_path):
    values = ["plain", "with, comma", 'with "quotes"', "two\nlines", "中文，逗号", "  spaces  "]
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["id", "text"], *([n, value] for n, value in enumerate(values))])
    assert texts(read(tmp_path / "t.csv")) == [[value.strip()] for value in values]
