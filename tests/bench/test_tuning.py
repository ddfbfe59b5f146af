import numpy as np
import pytest

from tuwen.bench import tuning
from tuwen.bench.planning import plan
from tuwen.bench.running import run_all
from tuwen.bench.tuning import noted, read_choices, table, tune
from tuwen.errors import Damaged, InputError

GRID = {"cca": {"dim": [1, 2, 4], "ridge": [1e-6, 1.0]}}


@pytest.fixture
def parts_run(monkeypatch):
    """The parts that tuning runs cells on."""
    found = []

    def run(cells, folder, **how):
        found.extend(cell.part for cell in cells)
        return run_all(cells, folder, **how)

    monkeypatch.setattr(tuning, "run_all", run)
    return found


@pytest.fixture
def tuned(cell, tmp_path):
    """Cells with settings that were chosen, and the choice."""
    return tune([cell(), cell("pls")], GRID, tmp_path, apart=False)


def test_only_the_validation_part_is_looked_at(cell, tmp_path, parts_run):
    cells, _ = tune([cell(), cell("pls")], GRID, tmp_path, apart=False)
    assert parts_run == ["val"] * 6
    assert [one.part for one in cells] == ["test", "test"]


def test_the_best_mean_of_both_directions_is_taken(tuned):
    cells, (choice,) = tuned
    best = max(choice.tried, key=lambda one: one.mean)
    assert choice.settings == best.settings
    assert best.mean == pytest.approx(np.mean(list(best.figures.values())))
    assert best.mean > min(one.mean for one in choice.tried)
    assert best.settings.items() <= cells[0].params.items()
    assert (cells[0].tuned, cells[1].tuned) == (6, 0)
    assert choice.keys == (cells[0].key,)
    assert (choice.queries, choice.train) == (10, 38)
    assert str(choice).startswith(f"cca: dim={best.settings['dim']}, ridge=")
    assert "the best of 6 settings on 10 validation pairs (map 0." in str(choice)


def test_the_smallest_rank_is_best(cell, tmp_path):
    _, (choice,) = tune([cell(metrics=("rank", "map"))], GRID, tmp_path, apart=False)
    assert choice.metric == "rank"
    chosen = next(one for one in choice.tried if one.settings == choice.settings)
    assert chosen.mean == min(one.mean for one in choice.tried)


def test_the_first_of_equals_is_taken(cell, tmp_path):
    grid = {"cca": {"seed": [3, 1, 2]}}  # CCA draws nothing
    _, (choice,) = tune([cell()], grid, tmp_path, apart=False)
    assert choice.settings == {"seed": 3}


def test_settings_that_fail_are_listed_and_never_taken(cell, tmp_path):
    grid = {"cca": {"dim": [2, 70]}}
    cells, (choice,) = tune([cell()], grid, tmp_path, apart=False)
    assert cells[0].params["dim"] == 2
    assert choice.tried[1].mean is None
    assert "dim is 70" in choice.tried[1].reason
    assert "failed: dim is 70" in table([choice])


def test_where_all_fail_the_defaults_stay_and_nothing_counts_as_chosen(cell, tmp_path):
    cells, (choice,) = tune([cell()], {"cca": {"dim": [70, 80]}}, tmp_path, apart=False)
    assert cells == [cell()]
    assert str(choice).startswith("cca: all 2 settings failed: dim is 70")


def test_repeats_on_the_same_parts_share_a_choice(cut_as, halves, tmp_path):
    cut_as(**halves)
    cells = plan("mine", ["cca"], repeat=2)
    made, choices = tune(cells, {"cca": {"dim": [1, 2]}}, tmp_path, apart=False)
    assert len(choices) == 1
    assert made[0].params["dim"] == made[1].params["dim"]
    assert [one.params["seed"] for one in made] == [0, 1]
    assert len(choices[0].tried[0].keys) == 2


def test_other_draws_of_the_parts_choose_for_themselves(pairs_file, tmp_path):
    cells = plan(str(pairs_file), ["cca"], repeat=2, settings={"cca": {"dim": 2}})
    _, choices = tune(cells, {"cca": {"power": [0.0, 1.0]}}, tmp_path, apart=False)
    assert [choice.keys for choice in choices] != [choices[0].keys] * 2
    assert len(choices) == 2


def test_choices_are_kept_and_told(tuned, tmp_path):
    cells, choices = tuned
    assert read_choices(tmp_path) == choices
    page = (tmp_path / "choices.md").read_text(encoding="utf-8")
    assert page == table(choices)
    assert page.count("**chosen**") == 1
    runs = noted(run_all(cells, tmp_path, apart=False), choices)
    assert runs[0].notes[-1] == choices[0].how
    assert not any("validation pairs" in note for note in runs[1].notes)


def test_a_later_choice_of_other_cells_keeps_the_first(cell, tmp_path):
    tune([cell()], {"cca": {"dim": [1, 2]}}, tmp_path, apart=False)
    tune([cell("pls")], {"pls": {"dim": [1, 2]}}, tmp_path, apart=False)
    assert [choice.method for choice in read_choices(tmp_path)] == ["cca", "pls"]


def test_no_choice_is_no_file(tmp_path):
    assert read_choices(tmp_path) == []
    (tmp_path / "choices.json").write_text('[{"method": "cca"}]', encoding="utf-8")
    with pytest.raises(Damaged, match="does not tell of choices"):
        read_choices(tmp_path)


def test_figures_of_the_part_that_chose_are_refused(cell, tmp_path):
    with pytest.raises(InputError, match="part is 'val' and settings are chosen there too"):
        tune([cell(part="val")], GRID, tmp_path, apart=False)


def test_a_grid_of_another_method_is_refused(cell, tmp_path):
    with pytest.raises(InputError, match="pls has settings to try but is not among the methods"):
        tune([cell()], {"pls": {"dim": [1, 2]}}, tmp_path, apart=False)


def test_the_bits_of_codes_stand_with_the_choice(cell, tmp_path):
    cells = [cell("cmfh", codes="modality", params={"bits": bits, "seed": 0}) for bits in (8, 16)]
    _, choices = tune(cells, {"cmfh": {"weight": [0.4, 0.6]}}, tmp_path, apart=False)
    assert [str(choice).partition(":")[0] for choice in choices] == [
        "cmfh (8 bits, modality)",
        "cmfh (16 bits, modality)",
    ]
    assert read_choices(tmp_path) == choices
