import json

import pytest

from tuwen.cli import _run as run


@pytest.fixture
def titles(tmp_path, monkeypatch):
    """titles.csv with forty titles of two classes, in the folder where commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUWEN_CONFIG", str(tmp_path / "config.toml"))
    rows = [
        f"第{n}轮{'球队主场取胜' if n % 2 else '股市指数下跌'},{'sports' if n % 2 else 'stocks'}"
        for n in range(40)
    ]
    (tmp_path / "titles.csv").write_text("\n".join(["title,class", *rows]) + "\n", encoding="utf-8")
    return tmp_path


def test_fit_then_ask(titles, capsys):
    assert run(["classify", "titles.csv", "--fit", "--model", "news"]) == 0
    said = capsys.readouterr()
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert [row["class"] for row in rows] == ["sports", "stocks"]
    assert rows[0]["recall"] == 1.0 and rows[0]["confusion"] == {"sports": 2, "stocks": 0}
    assert "accuracy 1.0000" in said.err and "40 texts of 2 classes" in said.err

    (titles / "new.txt").write_text("球队取胜\n指数下跌\n", encoding="utf-8")
    assert run(["classify", "new.txt", "--model", "news", "--why"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["class"] for row in rows] == ["sports", "stocks"] and "why" in rows[0]


def test_scores_as_a_table(titles, capsys):
    run(["classify", "titles.csv", "--fit", "--model", "news", "--no-check"])
    capsys.readouterr()
    assert run(["classify", "titles.csv", "--model", "news", "--score", "--format", "table"]) == 0
    out = capsys.readouterr().out
    assert "precision" in out and "1 sports" in out and "2 stocks" in out


def test_classes_go_to_a_file(titles, capsys):
    run(["classify", "titles.csv", "--fit", "--model", "news", "--no-check"])
    assert run(["classify", "titles.csv", "--model", "news", "-o", "found.csv"]) == 0
    assert (titles / "found.csv").read_text(encoding="utf-8").count("\n") == 41
    assert "1.0000 of 40" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["titles.csv", "--fit", "--model", "m", "--why"], "second call"),
        (["titles.csv", "--model", "m", "--no-check"], "go with --fit"),
        (["titles.csv", "--fit", "--model", "m", "--no-check", "--test", "titles.csv"], "exclude"),
        (["titles.csv", "--model", "m", "-o", "x.xlsx"], ".csv or .jsonl"),
        (["titles.csv", "--model", "m", "-o", "titles.csv"], "another file"),
    ],
)
def test_wrong_usage_is_said(titles, capsys, arguments, said):
    (titles / "x.xlsx").touch()
    assert run(["classify", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_a_classifier_is_an_error_in_one_line(titles, capsys):
    assert run(["classify", "titles.csv", "--model", "none"]) == 1
    assert "holds no saved classes" in capsys.readouterr().err


def test_scores_need_known_classes(titles, capsys):
    run(["classify", "titles.csv", "--fit", "--model", "news", "--no-check"])
    (titles / "new.txt").write_text("球队取胜\n", encoding="utf-8")
    assert run(["classify", "new.txt", "--model", "news", "--score"]) == 2
    assert "--labels" in capsys.readouterr().err
