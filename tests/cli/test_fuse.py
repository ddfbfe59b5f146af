"""`tuwen fuse` learns from a table, and `tuwen search --fuse` uses it."""

import json
from itertools import product

import pytest

from tiny import COLOURS

pytest.importorskip("torch")


@pytest.fixture
def tuwen(tuwen_and_tiny):
    """Of the encoders, only `tiny` is not as everywhere."""
    return tuwen_and_tiny


@pytest.fixture
def changes(tmp_path, tiny_pictures):
    """A picture, the name of a colour, and a picture of that colour."""
    rows = ["image,text,wanted"]
    for one, other in product(COLOURS, repeat=2):
        rows.append(f"{tiny_pictures / one}-0.png,the same in {other},{tiny_pictures / other}-1.png")
    path = tmp_path / "changes.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_from_a_table_to_a_search(tuwen, changes, tmp_path, tiny_pictures):
    assert tuwen("index", tmp_path / "c", tiny_pictures, "--encoder", "tiny").code == 0
    done = tuwen(
        "fuse", changes, "--target-column", "wanted", "--collection", tmp_path / "c", "-o", tmp_path / "f",
        "--epochs", 5, "--head", "sum", "--head", "mlp",
    )  # fmt: skip
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["asked by"] for row in rows][:3] == ["picture alone", "words alone", "plain sum"]
    assert rows[3]["asked by"] in ("sum", "mlp")
    assert "mrr of the questions that chose: plain" in done.err
    assert f"--image PICTURE WORDS --fuse {tmp_path / 'f'}" in done.err
    asked = ("search", tmp_path / "c", "the same in blue", "--image", tiny_pictures / "red-0.png", "-k", 3)
    found = tuwen(*asked, "--fuse", tmp_path / "f")
    assert found.code == 0, found.err
    assert len(found.out.splitlines()) == 3
    alone = tuwen("search", tmp_path / "c", "blue", "--fuse", tmp_path / "f")
    assert alone.code == 1 and "is not both" in alone.err
    nothing = tuwen(*asked, "--fuse", tmp_path / "none")
    assert nothing.code == 1 and "no saved fusion" in nothing.err


def test_two_encoders_are_one_too_many(tuwen, changes, tmp_path):
    done = tuwen("fuse", changes, "--collection", tmp_path, "--encoder", "tiny", "-o", tmp_path / "f")
    assert done.code == 2 and "leave --encoder out" in done.err
