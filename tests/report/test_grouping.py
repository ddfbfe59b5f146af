import math
from dataclasses import replace

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.report.grouping import tables


def test_rows_are_ordered_by_the_average_and_lettered(runs):
    (table,) = tables(runs)
    assert table.rows[0].method == "scm"
    assert [row.letter for row in table.rows] == ["a", "b", "c"]
    averages = [row.scores["average/map"].value for row in table.rows]
    assert averages == sorted(averages, reverse=True)
    scm = runs[1].figures
    assert averages[0] == (scm["i2t/map"] + scm["t2i/map"]) / 2


@pytest.mark.parametrize(
    "change",
    [
        {"data": "xmedia"},
        {"split": "seeded"},
        {"features": "tfidf"},
        {"part": "val"},
        {"database": "train"},
        {"codes": "fused"},
        {"metrics": ("map@50",)},
        {"ties": "stable"},
        {"empty": "zero"},
        {"text_encoder": "bow"},
    ],
)
def test_figures_of_another_kind_are_another_table(make, change):
    assert len(tables([make("cca"), make("pls", **change)])) == 2


@pytest.mark.parametrize("other", ["fused", "training"])
def test_codes_of_both_modalities_never_meet_those_of_one(make, other):
    made = [make("cmfh", codes=codes, database="train", params={"bits": 16}) for codes in ("modality", other)]
    found = tables(made * 2)
    assert [{run.cell.codes for run in table.runs} for table in found] == [{"modality"}, {other}]


def test_runs_on_other_files_are_another_table(make):
    changed = replace(make("pls"), files={"features.mat": "f" * 64})
    assert len(tables([make("cca"), changed])) == 2


def test_what_failed_is_a_row_of_the_table_that_was_asked_for(runs, make, fail):
    (table,) = tables([fail(make("jrl")), *runs])
    assert table.rows[-1].error == "memory ran out"
    assert table.rows[-1].method == "jrl"
    (alone,) = tables([fail(make("jrl"))])
    assert [row.error for row in alone.rows] == ["memory ran out"]
    assert len(tables([*runs, fail(make("jrl", part="val"))])) == 2


def test_repeats_are_one_row_with_their_deviation(make):
    seeds = [make("cca", seed=seed) for seed in range(3)]
    (table,) = tables([*seeds, make("pls")])
    row = next(row for row in table.rows if row.method == "cca")
    figures = [run.figures["i2t/map"] for run in seeds]
    assert row.seeds == 3
    assert row.scores["i2t/map"].value == pytest.approx(np.mean(figures))
    assert row.scores["i2t/map"].spread == pytest.approx(np.std(figures, ddof=1))
    assert math.isnan(row.scores["i2t/map"].low)


def test_the_same_run_twice_is_one(make):
    (table,) = tables([make("cca"), make("cca")])
    assert [row.seeds for row in table.rows] == [1]


def test_of_one_run_the_spread_is_half_the_interval(make):
    (table,) = tables([make("cca")])
    score = table.rows[0].scores["i2t/map"]
    assert score.low < score.value < score.high
    assert score.spread == (score.high - score.low) / 2


def test_directions_of_different_size_have_an_average_with_an_interval(make):
    run = make("cca")
    values = run.values | {"t2i/map": np.tile(run.values["t2i/map"], 5)}
    (table,) = tables([replace(run, values=values)])
    score = table.rows[0].scores["average/map"]
    halves = [table.rows[0].scores[f"{one}/map"].spread for one in ("i2t", "t2i")]
    assert score.spread == pytest.approx(math.hypot(*halves) / 2)


def test_a_median_rank_has_no_interval_and_the_smallest_is_best(make):
    (table,) = tables([make("cca", 0.9, metrics=("rank",)), make("pls", 0.2, metrics=("rank",))])
    assert table.rows[0].method == "pls"
    assert table.best(0, "i2t/rank")
    assert math.isnan(table.rows[0].scores["i2t/rank"].spread)
    assert table.beaten(0, "i2t") == [1]


def test_who_beats_whom(runs):
    (table,) = tables(runs)
    assert table.beaten(0, "i2t") == [1, 2]
    assert table.beaten(1, "i2t") == table.beaten(2, "i2t") == []
    assert len(table.pairs) == 6


def test_only_codes_of_equal_length_compete(make):
    made = [
        make(name, level, codes="modality", params={"bits": bits})
        for name, level, bits in [("cmfh", 0.3, 16), ("itq", 0.5, 16), ("cmfh", 0.6, 64), ("itq", 0.2, 64)]
    ]
    (table,) = tables(made)
    assert [(row.method, row.width) for row in table.rows] == [
        *[("itq", 16), ("cmfh", 16), ("cmfh", 64), ("itq", 64)]
    ]
    assert {(pair.one, pair.other) for pair in table.pairs} == {(0, 1), (2, 3)}
    assert [table.best(number, "i2t/map") for number in range(4)] == [True, False, True, False]


def test_vectors_of_different_width_compete(make):
    (table,) = tables([make("cca", 0.6, params={"dim": 7}), make("cca", 0.3, params={"dim": 9})])
    assert [row.width for row in table.rows] == [7, 9]
    assert table.beaten(0, "i2t") == [1]


def test_a_row_without_rivals_is_no_winner(make):
    (table,) = tables([make("cca")])
    assert not table.best(0, "i2t/map")


def test_settings_are_those_that_are_not_the_default(make):
    (table,) = tables([make("cca", params={"dim": 64, "ridge": 0.5}, options={"mode": "transductive"})])
    assert table.rows[0].settings == {"ridge": 0.5, "mode": "transductive"}


def test_an_unknown_method_shows_all_its_settings(make):
    (table,) = tables([make("of_tomorrow", params={"alpha": 1})])
    assert table.rows[0].settings == {"alpha": 1}


def test_skipped_queries_are_left_out_of_tests(make):
    some = [make("cca", 0.3), make("scm", 0.6)]
    for run in some:
        run.values["i2t/map"][:5] = np.nan
    (table,) = tables(some)
    assert table.beaten(0, "i2t") == [1]


def test_rows_over_other_queries_are_not_compared(make):
    (table,) = tables([make("cca", 0.3), make("scm", 0.6, queries=41)])
    assert table.pairs == ()


def test_drawn_splits_are_compared_on_the_first_that_all_have(make):
    made = [make("cca", 0.3, data_seed=seed, seed=seed) for seed in (0, 1)]
    made += [make("scm", 0.6, data_seed=1, seed=1)]
    (table,) = tables(made)
    values = {run.cell.method: run.values["i2t/map"] for run in made[1:]}
    (pair,) = [pair for pair in table.pairs if pair.direction == "i2t"]
    assert pair.difference == pytest.approx(values["scm"].mean() - values["cca"].mean())


def test_draws_that_chose_their_own_settings_are_one_row(make):
    made = [
        make("cca", data_seed=seed, seed=seed, tuned=3, params={"ridge": ridge})
        for seed, ridge in enumerate((0.1, 0.5))
    ]
    (table,) = tables(made)
    assert [row.seeds for row in table.rows] == [2]
    assert table.rows[0].settings == {"ridge": "0.1|0.5"}


def test_the_chance_level_is_what_runs_carry(make):
    (table,) = tables([make("cca"), make("pls")])
    assert table.chance == {"i2t/map": 0.12, "t2i/map": 0.12}


def test_no_run_is_an_error():
    with pytest.raises(InputError, match="at least one"):
        tables([])


def test_letters_go_on_after_the_last(make):
    (table,) = tables([make(f"m{number:02}", 0.9 - number / 100) for number in range(28)])
    assert [row.letter for row in table.rows][24:] == ["z", "aa", "ab", "ac"]
    assert "q" not in "".join(row.letter for row in table.rows)
