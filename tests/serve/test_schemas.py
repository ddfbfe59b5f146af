"""What requests look like: bounds that the types alone do not have."""

import pytest

from serving import COLLECTION, problem

HIDDEN = ["path like '/%'", "not source is null", "label = 'red' or (`path` != '')", "path in ('a', 'b')"]


@pytest.mark.parametrize("where", HIDDEN)
def test_no_filter_tells_where_files_lie(client, where):
    """Letter by letter: whatever passes begins with what was guessed."""
    problem(client.get(f"{COLLECTION}/items", params={"where": where}), 422, "invalid")
    problem(client.get(f"{COLLECTION}/search", params={"q": "red", "where": where}), 422, "invalid")
    problem(client.post(f"{COLLECTION}/search", json={"query": "red", "where": where}), 422, "invalid")
    asked = {"headlines": [{"text": "red"}], "where": where}
    problem(client.post(f"{COLLECTION}/illustrate", json=asked), 422, "invalid")


def test_a_name_of_metadata_may_be_called_path(client):
    client.patch(f"{COLLECTION}/items/image/red-0", json={"metadata": {"path": "north"}})
    found = client.get(f"{COLLECTION}/items", params={"where": "metadata.path = 'north'"}).json()
    assert [item["id"] for item in found["items"]] == ["red-0"]


def test_what_is_wrong_with_a_filter_is_said_with_its_place(client):
    body = problem(client.get(f"{COLLECTION}/items", params={"where": "path like"}), 400, "bad-input")
    assert "filter" in body["detail"]
