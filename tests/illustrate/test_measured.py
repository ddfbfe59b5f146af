import shutil

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.illustrate import measured, weighing
from tuwen.illustrate.measured import agreements, by_ranking
from tuwen.illustrate.run import Illustrator


def test_nearest_pictures_and_texts_meet_more_often_than_by_chance(paired, monkeypatch):
    rows = agreements(paired)
    assert [(row.name, row.length) for row in rows[-3:]] == [("all", 10), ("all", 30), ("all", 50)]
    assert {row.name for row in rows} == {"economy", "sports", "culture", "all"}
    assert rows[0].rate > rows[0].chance and rows[0].items == 100
    monkeypatch.setattr(measured, "MOST", 50)
    assert agreements(paired)[-1].items == 50


def test_pictures_and_texts_are_needed(five):
    five.vectors["image"][1:] = 0
    with pytest.raises(InputError, match="1 items"):
        agreements(five)
    del five.vectors["text"]
    with pytest.raises(InputError, match="both"):
        agreements(five)


def test_rankings_stand_beside_what_they_find(tiny_collection, monkeypatch):
    with pytest.raises(InputError, match="fewer than 200"):
        by_ranking(Illustrator(tiny_collection, text="collection"))
    shutil.rmtree(tiny_collection.path / "illustrate")  # that there were too few is kept too
    monkeypatch.setattr(weighing, "FEWEST", 8)
    rows = by_ranking(Illustrator(tiny_collection, text="collection"))
    assert [row["ranking"] for row in rows] == ["through", "cross", "all alike", "all, weighed"]
    assert np.isfinite([row["mrr"] for row in rows]).all()
