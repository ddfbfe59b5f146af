"""The page that defines the metrics says what they do."""

import re
from pathlib import Path

import pytest

import tuwen.metrics
from tuwen.metrics import named

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
FIGURES = PAGE.split("## Figures of rankings")[1].split("## ")[0]


def test_the_example_prints_what_the_page_shows(capsys):
    code, shown = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", PAGE, flags=re.DOTALL).groups()
    exec(code, {})
    assert capsys.readouterr().out == shown


def test_every_name_in_the_table_is_a_metric():
    names = re.findall(r"`([a-z]+(?:@\d+)?(?:/[a-z]+)?)`", FIGURES.split("\n\nThe figure of a run")[0])
    assert len(names) >= 14
    assert {type(named(name)) for name in names} >= {
        getattr(tuwen.metrics, name)
        for name in ("AP", "MRR", "NDCG", "Hit", "MedianRank", "Precision", "Recall")
    }


@pytest.mark.parametrize(
    "name", ["precision_recall", "confusion", "pair_figures", "average_hit_rate", "compare", "interval"]
)
def test_every_function_is_on_the_page(name):
    assert name in tuwen.metrics.__all__
    assert f"`{name}" in PAGE
