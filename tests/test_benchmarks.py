"""The benchmarks' page says what was measured, and each script can be run by the program that runs all."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
SHARED = ("common", "page", "webnews", "wikipedia")
SCRIPTS = sorted(file for file in BENCHMARKS.glob("*.py") if file.stem not in SHARED)


@pytest.fixture(scope="module")
def page():
    """The module that writes the page."""
    spec = importlib.util.spec_from_file_location("benchmarks_page", BENCHMARKS / "page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def found():
    """A result as it is kept."""
    machine = {
        "processor": "P",
        "cores": 2,
        "memory_gb": 8,
        "system": "S",
        "python": "3",
        "versions": {"numpy": "2"},
    }
    result = {"name": "bulk_match", "seconds": {"ours": 3.5, "numpy": 20.0}, "ours_to_product_alone": 1.5}
    return {
        "command": "python x",
        "seconds": 9,
        "result": result | {"machine": machine, "date": "2026-01-31"},
    }


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_every_benchmark_prints_json_on_request(script):
    text = script.read_text(encoding="utf-8")
    assert '"--json"' in text
    assert 'if __name__ == "__main__":' in text


def test_every_promised_figure_comes_from_a_benchmark_that_is_there(page):
    assert {name for _, name, *_ in page.FIGURES} <= {script.stem for script in SCRIPTS}
    assert all(len(places) == len(limits) for _, _, places, _, limits in page.FIGURES)


def test_the_summary_says_what_was_met_and_leaves_out_what_was_not_measured(page, found):
    lines = page.summary({"bulk_match": found})
    assert len(lines) == 2 + 2 + 1  # head, rule, two figures, blank
    assert "| 3.5 | ≤ 4 | yes |" in lines[2]
    assert "| 1.5 | ≤ 1.4 | **no** |" in lines[3]


def test_the_page_has_command_machine_and_values(page, found):
    text = page.page({"bulk_match": found})
    assert "`python x`, 2026-01-31, 9 s. P, 2 cores, 8 GB, S, Python 3; numpy 2." in text
    assert "| ours | numpy |\n|---|---|\n| 3.5 | 20 |" in text


def test_dicts_of_one_shape_become_the_rows_of_one_table(page):
    lines = page.tables(
        {"ours": {"p50_ms": 1.25, "recall": 1.0}, "peer": {"p50_ms": 12345.6, "recall": None}}
    )
    assert lines == [
        "|  | p50 ms | recall |",
        "|---|---|---|",
        "| ours | 1.25 | 1 |",
        "| peer | 12,346 |  |",
        "",
    ]


def test_an_unknown_benchmark_is_refused_with_those_there_are():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "run", "nothing_such"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "no benchmark named nothing_such; there is" in done.stderr
