"""Tables of features."""

import pytest

from tuwen.datasets.reading.columns import read_columns
from tuwen.errors import Damaged, InputError


def table(folder, text, name="a.csv"):
    """A file of these lines."""
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_numbered_columns_are_one_matrix_by_their_number(tmp_path):
    rows = read_columns(
        table(tmp_path, "id,image_10,image_2,text[0],text[1],label\na,10,2,0,1,猫\nb,11,3,5,6,狗\n")
    )
    assert rows["image"].tolist() == [[2, 10], [3, 11]]
    assert rows["text"].tolist() == [[0, 1], [5, 6]]
    assert rows["id"].tolist() == ["a", "b"]
    assert rows["label"].tolist() == ["猫", "狗"]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    assert set(read_columns(table(tmp_path, "\ufeffid,image_0\na,1\n"))) == {"id", "image"}


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("image_0,text_0\n1\n", Damaged, "line 2 has 1 cells but the header has 2"),
        ("image_0,text_0\n1,2\n3,x\n", Damaged, "line 3: text_0 is 'x', which is no number"),
        ("image_0,text_0\n1,2\n,4\n", Damaged, "line 3: image_0 is '', which is no number"),
        ("image_0\n", InputError, "no lines below a header"),
        ("image,image_0\na,1\n", InputError, "a column image and numbered columns image_0"),
        ("id,id\na,1\n", InputError, "two columns id"),
        ("image_1,image_01\n1,1\n", InputError, "two columns of image with one number"),
        ("", InputError, "no lines below a header"),
    ],
)
def test_bad_lines_are_named(tmp_path, text, error, said):
    with pytest.raises(error, match=said):
        read_columns(table(tmp_path, text))


def test_other_encodings_are_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes("id,image_0\n狗,1\n".encode("gbk"))
    with pytest.raises(Damaged, match="not a readable table in UTF-8"):
        read_columns(tmp_path / "a.csv")
