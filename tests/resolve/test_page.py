import re
import sys

import numpy as np
import pytest

from tuwen.resolve.base import Candidates, Truth
from tuwen.resolve.cluster_figures import cluster_figures
from tuwen.resolve.evaluating import evaluate
from tuwen.resolve.page import Step, write_report
from tuwen.resolve.page_words import WORDS
from tuwen.resolve.threshold import Threshold

HOSTILE = "<script>alert(1)</script>&"
CANDIDATES = Candidates.of([0, 0, 1, 2], [0, 1, 1, 2], (3, 4))
TRUTH = Truth.of([(0, 0), (1, 1), (2, 3)])


def evaluation(**options):
    return evaluate([0, 1], CANDIDATES, TRUTH, **options)


def written(tmp_path, *steps, **options):
    write_report(tmp_path / "report.html", steps, **options)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def plain(text):
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL))


def test_steps_are_told_with_counts_and_seconds(tmp_path):
    steps = Step("block", 1.5, [("candidates", 12345), ("reduction ratio", 0.98765)]), Step("odd", 0.25)
    told = plain(written(tmp_path, *steps))
    assert "candidates 候选对 12,345" in told
    assert "0.9877" in told
    assert "1.75" in told
    assert "odd" in told


def test_figures_and_counts_of_all_pairs_are_told(tmp_path):
    clusters = cluster_figures(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2]))
    told = plain(written(tmp_path, evaluation=evaluation(), clusters=clusters))
    assert "Of 12 pairs in all, 1 were rightly kept, 1 wrongly; 2 true pairs were missed, 1 of them" in told
    assert "0.500 0.333 0.400" in told
    assert "1 of 2 clusters of two or more items are exactly one of 1 entities" in told
    assert "66.67 %" in told


def test_charts_stand_in_the_page_in_both_languages_with_ids_of_their_own(tmp_path):
    pytest.importorskip("matplotlib")
    scores = np.array([0.9, 0.5, 0.5, 0.1])
    text = written(tmp_path, evaluation=evaluation(score=scores), used=0.5)
    assert text.count("<svg") == 2
    assert '<tspan class="zh">召回率</tspan>' in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)


def test_without_matplotlib_the_page_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    text = written(tmp_path, evaluation=evaluation(score=np.array([0.9, 0.5, 0.5, 0.1])))
    assert "pip install &#x27;tuwen[bench]&#x27;" in text
    assert "<svg" not in text


def test_the_confusion_of_classes_is_a_table(tmp_path):
    classes = ["cat", HOSTILE, None], ["cat", "cat", "cat", "cat"]
    told = written(tmp_path, evaluation=evaluation(classes=classes))
    assert "&lt;script&gt;" in told
    assert "50.0 % of the kept pairs agree" not in told
    assert "100.0 % of the kept pairs agree" in told


def test_a_threshold_that_is_not_sure_is_not_promised(tmp_path):
    sure = plain(written(tmp_path, threshold=Threshold(0.7, 0.97, 0.95, 0.8, 900, True)))
    unsure = plain(written(tmp_path, threshold=Threshold(0.7, 0.97, 0.6, 0.8, 9, False)))
    assert "the precision is at least 0.950 with 95 % confidence" in sure
    assert "9 validation pairs, too few to promise more than 0.600" in unsure


def test_hostile_words_stay_words(tmp_path):
    text = written(
        tmp_path, Step(HOSTILE, 0.1, [(HOSTILE, HOSTILE)]), about=[(HOSTILE, HOSTILE)], title=HOSTILE
    )
    assert "<script" not in text
    assert "script-src" not in text
    assert text.count("&lt;script&gt;") == 7


def test_every_sentence_takes_the_same_values_in_both_languages():
    for name, (english, chinese) in WORDS.items():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese)), name


def test_the_language_at_first_can_be_given(tmp_path):
    assert '<html lang="zh-CN">' in written(tmp_path, language="zh")
    assert 'id="zh" checked' in written(tmp_path, language="zh")
