"""Encoders side by side: a process each, and a page."""

import subprocess

import pytest

from tuwen import encoder_table, encoders
from tuwen.encoder_table import count_words, markdown, measure, number_words
from tuwen.material import Pairs

ROW = {
    "encoder": "a|b", "spec": "a|b", "languages": ["zh", "en"], "width": 512, "parameters": 188_262_913,
    "encodes": ["image", "text"], "memory_mb": 1234, "images_s": 15.31, "texts_s": 1234.5, "query_ms": 12.04,
    "start_s": 0.5, "runtime": "onnxruntime int8",
}  # fmt: skip
BAD = {"encoder": "x", "spec": "x", "problem": "x needs torch"}


def test_each_encoder_runs_in_a_process_of_its_own():
    told = []
    rows = list(
        measure(["hsv", "nosuch"], seconds=0.02, progress=lambda done, total: told.append((done, total)))
    )
    assert rows[0]["encoder"] == "hsv" and rows[0]["images_s"] > 0 and rows[0]["width"] == 72
    assert rows[1]["problem"].startswith("no encoder named 'nosuch'")
    assert told == [(0, 2), (1, 2), (2, 2)]


@pytest.fixture
def ends(monkeypatch):
    """Lets the process end as told."""

    def with_(code, stderr="", error=None, spec="mini"):
        def run(*_, **__):
            if error is not None:
                raise error
            return subprocess.CompletedProcess([], code, "", stderr)

        monkeypatch.setattr(subprocess, "run", run)
        monkeypatch.setattr(encoder_table, "made_pictures", lambda _: [])
        return next(measure([spec]))

    return with_


def test_an_encoder_that_takes_its_process_down_is_a_row(ends):
    assert ends(-9)["problem"] == "the process was killed by signal 9; is there enough memory?"
    assert (
        ends(1, "Traceback\nValueError: odd\n\n")["problem"]
        == "the process ended with code 1: ValueError: odd"
    )
    assert ends(3)["problem"] == "the process ended with code 3: no reason given"
    assert "took longer than 330 s" in ends(0, error=subprocess.TimeoutExpired("x", 1))["problem"]


def test_ready_to_use_are_what_needs_nothing_and_the_models_folder(tmp_path, monkeypatch, ends):
    monkeypatch.setenv("TUWEN_MODELS", str(tmp_path))
    assert "mini" in encoder_table.default_specs()
    assert not {"tfidf", "clip", "stored"} & set(encoder_table.default_specs())
    fitted = tmp_path / "mine" / "bow"
    encoders.find("bow")().fit(["a red dog", "a blue cat"]).save(fitted)
    (tmp_path / "empty" / "folder").mkdir(parents=True)
    (tmp_path / ".part" / "x").mkdir(parents=True)
    assert encoder_table.default_specs()[-1] == str(fitted)
    assert ends(1, spec=str(fitted))["encoder"] == "mine/bow", "named as it lies there"


def test_the_page_has_machine_date_figures_and_what_failed():
    page = markdown([{**ROW}, BAD], seconds=2)
    assert "| a\\|b | zh en | 512 | 188 M | 1,234 | 15.3 | 1,234 | 12 | 0.5 | onnxruntime int8 |" in page
    assert "- x: x needs torch" in page and "R@1" not in page
    assert "cores" in page and "2 s for each figure" in page


def test_the_page_has_recall_where_there_were_pairs():
    row = {**ROW, "text_to_image": [10.0, 50.0, 62.5], "image_to_text": [1.0, 2.0, 3.0]}
    pairs = Pairs("c.csv", [{"path": "a", "id": "a"}], [{"text": "t", "id": "t"}] * 2, [(0, 0)])
    page = markdown([row | {"pairs": {"images": 1, "texts": 2}}], pairs=pairs)
    assert "| a\\|b | 10.0 / 50.0 / 62.5 | 1.0 / 2.0 / 3.0 |" in page
    assert "1 pictures and 2 texts of c.csv" in page


def test_the_page_is_written_in_utf8(tmp_path):
    encoder_table.write_markdown(tmp_path / "t.md", "图文\n")
    assert (tmp_path / "t.md").read_text(encoding="utf-8") == "图文\n"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, ""), (512, "512"), (8_350_674, "8.35 M"), (1_100_000_000, "1.1 G"), (4096, "4.1 k")],
)
def test_large_counts_are_short(value, words):
    assert count_words(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, ""), (0.1234, "0.123"), (15.31, "15.3"), (1234.5, "1,234"), (2048, "2,048"), ("a", "a")],
)
def test_numbers_have_three_digits_that_count(value, words):
    assert number_words(value) == words
