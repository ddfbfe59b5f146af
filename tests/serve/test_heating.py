"""Which parts of a picture count, over HTTP."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from serving import COLLECTION, asked, picture, problem
from tiny import COLOURS
from tuwen.collection import Collection
from tuwen.heat import PLACES

RED, BLUE = COLOURS["red"][1], COLOURS["blue"][1]


@pytest.fixture
def scene(tiny_collection, tiny_encoder, tmp_path):
    """The tiny collection with a grey picture that has a red square at its upper left, a blue one below."""
    file = tmp_path / "scene.png"
    drawn = Image.new("RGB", (90, 60), (128, 128, 128))
    ImageDraw.Draw(drawn).rectangle((0, 0, 29, 19), fill=RED)
    ImageDraw.Draw(drawn).rectangle((60, 40, 89, 59), fill=BLUE)
    drawn.save(file)
    vectors = tiny_encoder.encode([file], "image")
    tiny_collection.add_vectors("image", ["a scene/1"], vectors, path=[str(file)])
    return tiny_collection


@pytest.fixture
def client(scene, tmp_path):
    with asked(scene, tmp_path) as made:
        yield made


def heat(client, **question):
    return client.post(f"{COLLECTION}/heat", json=question)


def test_the_part_that_is_asked_for_is_the_hot_one(client):
    body = heat(client, item="a scene/1", query="红").json()
    values = np.array(body["values"])
    assert (body["rows"], body["columns"]) == values.shape == (8, 8)
    assert body["how"] == "occlusion" and body["most"] == "upper left"
    assert values.max() == 1 == values[0, 0] and values.min() == 0 and values[7, 7] == 0
    found = client.get(f"{COLLECTION}/search", params={"q": "红", "where": "id = 'a scene/1'"}).json()
    assert body["score"] == pytest.approx(found["hits"][0]["score"], abs=0.02)
    assert body["strength"] > 0.02


@pytest.mark.parametrize(
    ("question", "most"),
    [
        ({"query": "blue -red"}, "lower right"),
        ({"parts": [{"item": {"kind": "text", "id": "blue-0#en"}}]}, "lower right"),
        ({"query": "red", "parts": [{"text": "blue", "weight": 9}]}, "lower right"),
        (
            {"parts": [{"item": {"kind": "image", "id": "red-0"}}, {"text": "blue", "weight": -1}]},
            "upper left",
        ),
    ],
)
def test_questions_have_items_weights_and_what_is_not_wanted(client, question, most):
    assert heat(client, item="a scene/1", **question).json()["most"] == most


def test_a_picture_that_is_sent_is_a_question_too(client):
    sent = client.post(
        f"{COLLECTION}/heat/upload",
        files={"files": ("a.png", picture(BLUE), "image/png")},
        data={"heat": json.dumps({"item": "a scene/1"})},
    )
    assert sent.json()["most"] == "lower right"


@pytest.mark.parametrize(
    ("question", "status", "code"),
    [
        ({"query": "red"}, 422, "invalid"),
        ({"item": "a scene/1"}, 400, "bad-input"),
        ({"item": "nobody", "query": "red"}, 404, "no-item"),
        ({"item": "red-0#en", "query": "red"}, 404, "no-item"),
        ({"item": "a scene/1", "query": "red", "how": "patches"}, 400, "bad-input"),
        ({"item": "a scene/1", "query": "red", "how": "guessing"}, 422, "invalid"),
        ({"item": "a scene/1", "query": "red", "k": 3}, 422, "invalid"),
        ({"item": "a scene/1", "parts": [{"upload": 0}]}, 400, "bad-input"),
        ({"item": "a scene/1", "parts": [{"item": {"kind": "image", "id": "no"}}]}, 404, "no-item"),
    ],
)
def test_a_wrong_question_is_a_problem_that_says_so(client, question, status, code):
    problem(heat(client, **question), status, code)


def test_a_collection_of_vectors_alone_has_none(tmp_path):
    collection = Collection.create(tmp_path / "tiny", encoder=None, width=3)
    file = tmp_path / "a.png"
    file.write_bytes(picture())
    collection.add_vectors("image", ["a"], np.ones((1, 3)), path=[str(file)])
    with asked(collection, tmp_path) as client:
        problem(heat(client, item="a", query="red"), 409, "not-possible")


def test_a_picture_that_is_gone_is_said_and_not_where_it_lay(client, scene, tmp_path):
    (tmp_path / "scene.png").unlink()
    body = problem(heat(client, item="a scene/1", query="red"), 404, "no-picture")
    assert str(tmp_path) not in json.dumps(body)


def test_a_heat_map_counts_as_fifty_requests(scene, tmp_path):
    with asked(scene, tmp_path, rate=1, burst=120) as client:
        assert heat(client, item="a scene/1", query="red").status_code == 200
        assert heat(client, item="a scene/1", query="red").status_code == 200
        wait = heat(client, item="a scene/1", query="red")
        problem(wait, 429, "rate")
        assert 25 <= int(wait.headers["retry-after"]) <= 35
        assert client.get(COLLECTION).status_code == 200
    with asked(scene, tmp_path, rate=1, burst=5) as client:  # never more than there can be
        assert heat(client, item="a scene/1", query="red").status_code == 200


def test_reading_is_enough(scene, tmp_path):
    with asked(scene, tmp_path, read_only=True) as client:
        assert heat(client, item="a scene/1", query="red").status_code == 200


def test_openapi_has_an_example_that_is_one(client):
    schema = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    (example,) = schema["Heat"]["examples"]
    assert example["most"] in PLACES and len(example["values"]) == example["rows"]
    assert "item" in schema["HeatOf"]["examples"][0]
