import pytest

from tuwen.errors import InputError
from tuwen.illustrate.base import Query
from tuwen.illustrate.guessing import guess, learned

TEXTS = ["球队夺冠", "球队比赛", "球员进球", "股市上涨", "股价下跌", "股市收盘"]


@pytest.fixture
def classed(five):
    five.texts[:] = TEXTS[:5]
    five.classes[:] = ["sports"] * 3 + ["economy"] * 2
    return five


def test_a_class_is_learned_from_the_library_and_given_ones_stay(classed):
    queries = [
        Query(id="a", text="球队进球"),
        Query(id="b", text="股市"),
        Query(id="c", text="球", label="economy"),
    ]
    made = guess(learned(classed), queries, classed)
    assert [name for name, _ in made] == ["sports", "economy", "economy"]
    assert made[0][1] > 0.5 and made[2][1] is None


def test_classes_that_the_library_lacks_are_passed_over(classed):
    known = learned(classed)
    classed.classes[:] = ["economy"] * 5
    assert guess(known, [Query(id="a", text="球队进球")], classed)[0][0] == "economy"


def test_without_two_classes_nothing_can_be_learned(five):
    with pytest.raises(InputError, match="no two classes"):
        learned(five)
