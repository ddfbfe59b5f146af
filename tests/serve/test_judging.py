"""Decisions of people about pairs, kept for resolving."""

from serving import COLLECTION, problem
from tuwen.resolve.review import read_decisions
from tuwen.serve import judging

PLACE = f"{COLLECTION}/resolve/decisions"


def decide(client, *answers):
    listed = [{"left": left, "right": right, "match": match} for left, right, match in answers]
    return client.post(PLACE, json={"decisions": listed})


def test_decisions_are_kept_for_resolving(client, tiny_collection):
    assert client.get(PLACE).json()["total"] == 0
    assert decide(client, ("a", "1", True), ("b", "2", False)).json()["matches"] == 1
    assert list(read_decisions(tiny_collection.path / judging.FILE)) == [("a", "1", True), ("b", "2", False)]


def test_a_later_answer_takes_the_place_of_an_earlier_one(client):
    decide(client, ("a", "1", True), ("b", "2", True), ("c", "3", True))
    assert decide(client, ("a", "1", False), ("b", "2", None)).json()["total"] == 2
    page = client.get(PLACE, params={"limit": 1}).json()
    assert (page["decisions"][0]["left"], page["decisions"][0]["match"], page["next_offset"]) == (
        "a",
        False,
        1,
    )
    assert client.get(PLACE, params={"offset": 1}).json()["decisions"][0]["left"] == "c"


def test_more_than_can_be_kept_are_refused(client, monkeypatch):
    monkeypatch.setattr(judging, "MOST", 1)
    problem(decide(client, ("a", "1", True), ("b", "2", True)), 409, "too-many")
    assert client.get(PLACE).json()["total"] == 0
