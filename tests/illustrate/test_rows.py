from datetime import date

from tuwen.illustrate.base import Answer, Choice, Query, Reason
from tuwen.illustrate.rows import rows
from tuwen.records import Refusal


def test_a_choice_is_a_row_and_so_is_an_answer_without_one():
    choice = Choice(
        id="p1",
        rank=1,
        score=0.51234567,
        reasons=(Reason("text", 0.5, 3, 1.0),),
        used=date(2026, 5, 1),
        first_for="b",
    )
    answers = [
        Answer(Query(id="a", text="headline"), (choice,), label="sports", fits=True),
        Answer(Query(id="b"), (), fits=False),
    ]
    first, second, third = rows(answers, [Refusal(item="c", code="empty", reason="c: the headline is empty")])
    assert (first["query"], first["id"], first["score"], first["asked_class"]) == (
        "a",
        "p1",
        0.512346,
        "sports",
    )
    assert first["why"] == "text 3" and first["marks"] == "used on 2026-05-01; first for b too"
    assert first["reasons"] == [{"ranking": "text", "place": 3, "score": 0.5, "share": 1.0}]
    assert (second["rank"], second["marks"]) == (None, "no fitting text")
    assert third == {"query": "c", "rank": None, "id": None, "marks": "c: the headline is empty"}
