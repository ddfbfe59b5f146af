"""One encoder is measured as people use it."""

import json
import sys

import numpy as np
import pytest

from tuwen import encoders, measuring
from tuwen.encoders.stored import Side, Stored
from tuwen.errors import NotFittedError


@pytest.fixture
def job(tmp_path, tiny_pictures, tiny_encoder, monkeypatch):
    """A short job for the tiny encoder: four colours, each with two pictures and two texts."""
    monkeypatch.setattr(encoders, "load", lambda spec: tiny_encoder)
    names = ["red", "green", "blue", "cyan"]
    images = [
        {"path": str(tiny_pictures / f"{name}-{i}.png"), "id": f"{name}{i}"} for name in names for i in (0, 1)
    ]
    texts = [{"text": f"a {name} thing {i}", "id": f"{name}#{i}"} for name in names for i in (0, 1)]
    links = [(2 * place + i, 2 * place + j) for place in range(4) for i in (0, 1) for j in (0, 1)]
    return {
        "spec": "tiny",
        "seconds": 0.02,
        "images": [image["path"] for image in images],
        "texts": [text["text"] for text in texts],
        "pairs": {"images": images, "texts": texts, "links": links},
        "answer": str(tmp_path / "answer.json"),
    }


def test_a_row_has_what_people_compare(job, tiny_encoder):
    row = measuring.measure(job)
    assert row["width"] == tiny_encoder.width and row["encodes"] == ["image", "text"]
    for figure in ("images_s", "texts_s", "query_ms", "start_s", "memory_mb"):
        assert row[figure] > 0
    assert row["text_to_image"] == row["image_to_text"] == [100.0, 100.0, 100.0]
    assert row["pairs"] == {"images": 8, "texts": 8}


def test_recall_is_that_of_chance_where_all_scores_are_equal(job, tiny_encoder, monkeypatch):
    class Same(type(tiny_encoder)):
        def _encode_images(self, pixels):
            return np.ones((len(pixels), self.width))

        def _encode_texts(self, texts):
            return np.ones((len(texts), self.width))

    monkeypatch.setattr(encoders, "load", lambda spec: Same())
    row = measuring.measure(job)
    # two true ones among eight: 1 - C(6, k) / C(8, k)
    assert row["text_to_image"] == row["image_to_text"] == [25.0, 89.3, 100.0]


def test_pictures_that_cannot_be_read_are_left_out(job, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    job["images"].append(str(broken))
    job["pairs"]["images"].append({"path": str(broken), "id": "broken"})
    row = measuring.measure(job)
    assert row["images_s"] > 0 and row["pairs"]["images"] == 8
    assert row["text_to_image"] == [100.0, 100.0, 100.0]


def test_the_first_pictures_may_be_the_ones_that_cannot_be_read(job, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    job["images"] = [str(tmp_path / "bad.jpg"), *job["images"]]
    assert measuring.measure(job)["images_s"] > 0


def test_an_encoder_of_one_side_has_the_figures_of_that_side(job, monkeypatch):
    monkeypatch.undo()
    row = measuring.measure({**job, "spec": "hsv"})
    assert row["images_s"] > 0 and row["encodes"] == ["image"]
    assert not {"texts_s", "query_ms", "text_to_image"} & set(row)


def test_looked_up_vectors_are_asked_but_not_timed(job, tiny_encoder, monkeypatch):
    pairs = job["pairs"]
    images, texts = pairs["images"], pairs["texts"]
    stored = Stored(
        {
            "image": Side(
                tuple(image["id"] for image in images),
                tiny_encoder.encode_images([image["path"] for image in images]),
            ),
            "text": Side(
                tuple(text["id"] for text in texts), tiny_encoder.encode_texts([t["text"] for t in texts])
            ),
        }
    )
    monkeypatch.setattr(encoders, "load", lambda spec: stored)
    row = measuring.measure(job)
    assert row["text_to_image"] == [100.0, 100.0, 100.0] and "images_s" not in row


def test_an_encoder_that_is_not_fitted_is_an_error(job, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(NotFittedError):
        measuring.measure({**job, "spec": "tfidf"})


@pytest.mark.parametrize(("spec", "said"), [("tiny", "width"), ("nosuch", "problem")])
def test_the_answer_is_written_where_the_job_says(job, tmp_path, monkeypatch, spec, said):
    if spec == "nosuch":
        monkeypatch.undo()
    (tmp_path / "job.json").write_text(json.dumps({**job, "spec": spec}), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["measuring", str(tmp_path / "job.json")])
    measuring.main()
    assert said in json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
