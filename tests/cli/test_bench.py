import functools
import json

import numpy as np
import pytest

from tuwen.bench import running, tuning
from tuwen.report import writing

FAST = functools.partial(running.run_all, apart=False)


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    """Cells run in this process, and nothing is drawn."""
    monkeypatch.setattr(running, "run_all", FAST)
    monkeypatch.setattr(
        tuning, "run_all", lambda cells, folder, **how: FAST(cells, folder, **how | {"apart": False})
    )
    monkeypatch.setattr(writing.plots, "available", lambda: False)


@pytest.fixture
def pairs(tmp_path, monkeypatch):
    """A file of 60 pairs in three classes, in the current folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    meaning = rng.normal(size=(3, 4))[labels] + 0.5 * rng.normal(size=(60, 4))
    images, texts = meaning @ rng.normal(size=(4, 8)), meaning @ rng.normal(size=(4, 6))
    noise = 0.1 * rng.normal(size=texts.shape)
    np.savez(tmp_path / "mine.npz", images=images, texts=texts + noise, labels=labels)
    return tmp_path


def test_a_table_and_a_report_are_made(tuwen, pairs):
    done = tuwen(
        "bench", "--data", "mine.npz", "--methods", "cca,sm", "--set", "cca.dim=2", "--format", "table"
    )
    assert done.code == 0
    assert "cca" in done.out
    assert "image → text" in done.out
    assert "2 runs, kept in bench-mine" in done.err
    assert (pairs / "bench-mine" / "report.html").is_file()
    assert len(list((pairs / "bench-mine" / "runs").iterdir())) == 2


def test_lines_for_programs_have_every_figure(tuwen, pairs):
    arguments = ("--methods", "cca", "--set", "cca.dim=2", "--metric", "map", "--metric", "hit@5")
    done = tuwen("bench", "--data", "mine.npz", *arguments, "--format", "json")
    assert done.code == 0
    assert "hit@5" in json.dumps(json.loads(done.out))


def test_a_failing_cell_is_listed_the_others_go_on_and_the_status_is_1(tuwen, pairs):
    done = tuwen(
        "bench", "--data", "mine.npz", "--methods", "scm_hash", "--bits", "8,12", "--format", "table"
    )
    assert done.code == 1
    assert "bits is 12; it must be a positive multiple of 8" in done.out
    assert "0." in done.out
    assert "Failed: 1 of 2 runs" in done.err


def test_more_dimensions_than_the_rank_allows_fail_their_cell_alone(tuwen, pairs):
    done = tuwen(
        "bench", "--data", "mine.npz", "--methods", "cca,sm", "--set", "cca.dim=50", "--format", "table"
    )
    assert done.code == 1
    assert "dim is 50" in done.out
    assert "Failed: 1 of 2 runs" in done.err


def test_settings_are_chosen_and_told(tuwen, pairs):
    done = tuwen(
        "bench", "--data", "mine.npz", "--methods", "cca", "--tune", "cca.dim=1,2,3", "--format", "table"
    )
    assert done.code == 0
    assert "the best of 3 settings on 10 validation pairs" in done.err
    assert (pairs / "bench-mine" / "choices.md").is_file()
    assert "the best of 3 settings" in done.out


def test_a_second_call_runs_nothing_again(tuwen, pairs, monkeypatch):
    arguments = ("bench", "--data", "mine.npz", "--methods", "cca", "--set", "cca.dim=2", "-o", "out")
    assert tuwen(*arguments).code == 0
    monkeypatch.setattr(running, "run_cell", lambda *cell, **how: pytest.fail("run again"))
    assert tuwen(*arguments).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--methods", "ccaa"), 1, "Error: no method named 'ccaa'; did you mean"),
        (("--methods", "cca", "--bits", "16,x"), 2, "is not positive whole numbers between commas"),
        (("--methods", "cca", "--codes", "both"), 2, "'both' is none of modality, fused, training"),
        (("--methods", "cca", "--set", "cca.dim=x"), 1, "Error: cca.dim is 'x'; it must be a whole number"),
        (("--methods", "cca", "--set", "cca.dims=2"), 1, "Error: no parameter of cca named 'dims'"),
        (("--methods", "cca", "--metric", "maps"), 1, "Error: no metric named 'maps'"),
        (("--methods", "cca", "--split", "half"), 1, "Error: no split of"),
        (("--methods", "cca", "--part", "val", "--tune", "cca.dim=1,2"), 1, "score the test part"),
    ],
)
def test_wrong_usage_is_one_line(tuwen, pairs, arguments, code, message):
    done = tuwen("bench", "--data", "mine.npz", *arguments)
    assert done.code == code
    assert message in done.err
    assert done.out == ""


def test_data_that_is_not_there_is_one_line(tuwen, pairs):
    done = tuwen("bench", "--data", "wikipedia", "--methods", "cca", "--data-root", "nowhere")
    assert done.code == 1
    assert done.err.startswith("Error: wikipedia needs ")
    assert done.err.count("\n") == 1


def test_rows_that_do_not_align_and_labels_that_are_missing_are_told(tuwen, pairs):
    rng = np.random.default_rng(0)
    np.savez("bad.npz", images=rng.normal(size=(9, 3)), texts=rng.normal(size=(8, 3)))
    done = tuwen("bench", "--data", "bad.npz", "--methods", "cca")
    assert done.code == 1
    assert "9" in done.err
    assert "8" in done.err
    np.savez("bare.npz", images=rng.normal(size=(20, 3)), texts=rng.normal(size=(20, 3)))
    done = tuwen("bench", "--data", "bare.npz", "--methods", "sm", "--format", "table")
    assert done.code == 1
    assert "sm learns from class labels, and bare.npz has none" in done.out


def test_who_stops_is_told_that_the_rest_is_kept(tuwen, pairs, monkeypatch):
    def stop(*cells, **how):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_all", stop)
    done = tuwen("bench", "--data", "mine.npz", "--methods", "cca")
    assert done.code == 130
    assert "What is done is kept; the same command goes on." in done.err
