import re

import pytest
from rich.cells import cell_len

from tuwen.report.grouping import tables
from tuwen.report.terminal import terminal


@pytest.fixture
def plain():
    """Runs as a terminal without colours shows them."""
    return lambda runs, width=130: terminal(tables(runs), colour=False, width=width)


def line_of(text, method):
    (line,) = [line for line in text.splitlines() if re.match(rf"\w+ +{method} ", line)]
    return line


def test_a_row_has_its_letters_and_the_best_a_star(plain, runs):
    text = plain(runs)
    line = line_of(text, "scm")
    assert line.startswith("a scm")
    assert "*±" in line
    assert line.count("ᵇᶜ") == 2
    assert "ridge=0.5" in line
    assert "ᵃ" not in text.replace(line, "")


def test_a_run_of_rows_is_shortened(plain, make):
    text = plain([make("scm", 0.7), *(make(name, 0.3) for name in ("cca", "pls", "kcca", "sm"))])
    assert line_of(text, "scm").count("ᵇ⁻ᵉ") == 2


def test_letters_of_many_rows_are_told_apart(plain, make):
    made = [make(f"m{place:02}", 0.9 - place / 30, spread=0.001, queries=30) for place in range(27)]
    text = plain(made, width=160)
    assert line_of(text, "m24").count("ᵃᵃ ᵃᵇ") == 2  # the rows aa and ab
    assert line_of(text, "m25").count("ᵃᵇ") == 2


def test_bold_replaces_stars_where_there_are_colours(runs):
    text = terminal(tables(runs), colour=True, width=130)
    assert "\x1b[1m" in text
    assert "*±" not in text


def test_the_protocol_and_the_chance_level_stand_with_it(plain, runs):
    text = plain(runs)
    assert "2,173 training pairs; test part asked" in text
    assert "mAP@all over relevant" in text
    assert re.search(r"chance +0\.120 +0\.120", text)
    assert "Holm over 6 pairs" in text


def test_it_is_said_what_stands_behind_the_sign(plain, make):
    one, many = [make("cca")], [make("pls", seed=seed) for seed in range(2)]
    assert "bootstrap interval" in plain(one)
    assert "n > 1" not in plain(one)
    assert "standard deviation over n seeds" in plain(many)
    assert "where n > 1" in plain(one + many)


def test_what_failed_has_a_row_and_a_reason(plain, runs, make, fail):
    text = plain([*runs, fail(make("jrl")), fail(make("cmcp"))])
    assert re.search(r"^d cmcp +failed$", text, re.MULTILINE)
    assert re.search(r"^e jrl +failed$", text, re.MULTILINE)
    assert "d cmcp, e jrl: failed: memory ran out" in text


def test_a_narrow_terminal_has_settings_below(plain, runs):
    text = plain(runs, width=80)
    assert max(map(cell_len, text.splitlines())) <= 80
    assert "a scm: ridge=0.5" in text


def test_data_cannot_steer_the_terminal(plain, make, fail):
    hostile = "\x1b[2J\u202e\x07"
    made = [
        make("cca", data=f"file{hostile}.npz", params={"kernel": hostile}),
        fail(make("pls", data=f"file{hostile}.npz"), hostile),
    ]
    for width in (80, 130):
        assert not set(plain(made, width)) & {"\x1b", "\u202e", "\x07"}


def test_brackets_are_no_markup(plain, make):
    assert "kernel=[bold]x[/bold]" in plain([make("cca", params={"kernel": "[bold]x[/bold]"})])


def test_further_figures_have_a_table_of_their_own(plain, make):
    metrics = ("map", "hit@1")
    text = plain([make("cca", 0.3, metrics=metrics), make("scm", 0.6, metrics=metrics)])
    assert text.count("hit@1") == 2
    assert len(re.findall(r"^a scm ", text, re.MULTILINE)) == 2


def test_notes_of_all_stand_once_and_others_with_their_row(plain, make):
    from dataclasses import replace

    made = [replace(make("cca"), notes=("drawn by seed 0", "warned: slow")), make("pls")]
    made[1] = replace(made[1], notes=("drawn by seed 0",))
    text = plain(made)
    assert text.count("drawn by seed 0") == 1
    assert re.search(r"^\w cca: warned: slow$", text, re.MULTILINE)


def test_seeds_of_draws_stand_in_one_note(plain, make):
    from dataclasses import replace

    made = [
        replace(make(name, seed=seed, data_seed=seed), notes=(f"cut by seed {seed}",))
        for name in ("cca", "pls")
        for seed in (0, 1)
    ]
    assert re.search(r"^cut by seeds 0, 1$", plain(made), re.MULTILINE)


def test_wrong_labels_stand_in_the_heading(plain, make):
    text = plain([make("cca"), make("cca", noise=0.4)])
    assert [line for line in text.splitlines() if "labels made wrong" in line] == [
        "wikipedia · 40% of the training labels made wrong"
    ]


def test_where_all_failed_no_mark_is_explained(plain, make, fail):
    assert "±" not in plain([fail(make("cca"))])
