"""Nothing fits: learned from pairs, measured on others, told at every search."""

import numpy as np
import pytest

from tuwen import Collection, calibration
from tuwen.query import Part, Query

PAIRS = 400
WIDTH = 32


@pytest.fixture(scope="module")
def vectors():
    """Pairs that are easy to tell apart: texts lie close to their pictures."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(PAIRS, WIDTH)).astype(np.float32)
    return {"image": images, "text": images + 0.3 * rng.normal(size=images.shape).astype(np.float32)}


@pytest.fixture(scope="module")
def collection(tmp_path_factory, vectors):
    """Four hundred pairs, made ready."""
    made = Collection.create(tmp_path_factory.mktemp("c") / "c", encoder=None, width=WIDTH)
    for kind in ("image", "text"):
        made.add_vectors(
            kind, [f"{kind}{i}" for i in range(PAIRS)], vectors[kind], entity=[f"e{i}" for i in range(PAIRS)]
        )
    made.finish()
    return made


def asked(collection, vector, modality="text", kind="image"):
    """The verdict on a vector as if it had been encoded from a query of this modality."""
    unit = vector / np.linalg.norm(vector)
    scores = np.array([hit.score for hit in collection.search(unit, kind=kind, k=11)], dtype=np.float32)
    return calibration.judge(collection, modality, kind, unit, scores)


def test_both_ways_are_measured_on_pairs_not_learned_from(collection):
    reached = collection.stats()["nothing_fits"]
    assert set(reached) == {"text-image", "image-text"}
    for way in reached.values():
        assert way["false_accepts"] < 0.12
        assert way["false_rejects"] < 0.3


def test_a_true_query_fits_and_a_foreign_one_does_not(collection, vectors):
    assert asked(collection, vectors["text"][5]).fits is True
    foreign = np.random.default_rng(9).normal(size=(40, WIDTH)).astype(np.float32)
    accepted = [asked(collection, vector).fits for vector in foreign]
    assert np.mean([fits is True for fits in accepted]) < 0.2
    assert np.mean([fits is False for fits in accepted]) > 0.5


def test_few_true_queries_are_told_that_nothing_fits(collection, vectors):
    verdicts = [asked(collection, vector).fits for vector in vectors["text"][:200]]
    assert np.mean([fits is False for fits in verdicts]) < 0.1


def test_vectors_and_the_same_modality_are_not_judged(collection, vectors):
    assert collection.search(vectors["text"][5]).fits is None
    assert asked(collection, vectors["image"][5], "image", "image") is None
    parts = (Part(text="a"), Part(vector=vectors["text"][0]))
    assert Query(parts=parts).modality is None
    assert Query(parts=parts[:1]).modality == "text"


def test_too_few_pairs_teach_nothing(tmp_path, vectors):
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    for kind in ("image", "text"):
        made.add_vectors(kind, list("abc"), vectors[kind][:3])
    made.finish()
    assert made.stats()["nothing_fits"] == {}
    assert made.calibrate() == {}


def test_of_pairs_that_cannot_be_told_apart_most_stay_undecided(tmp_path):
    rng = np.random.default_rng(1)
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    for kind in ("image", "text"):
        noise = rng.normal(size=(200, WIDTH))
        made.add_vectors(kind, [f"{i}" for i in range(200)], noise)
    reached = made.calibrate()
    assert reached["text-image"]["area_under_curve"] < 0.6
    verdicts = [asked(made, rng.normal(size=WIDTH).astype(np.float32)) for _ in range(20)]
    assert sum(verdict.fits is None for verdict in verdicts) > 10
    assert all(0 <= verdict.probability <= 1 for verdict in verdicts)


def test_a_changed_collection_is_calibrated_anew(tmp_path, vectors):
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    for kind in ("image", "text"):
        made.add_vectors(kind, [f"{i}" for i in range(200)], vectors[kind][:200])
    made.finish()
    before = made.stats()["nothing_fits"]["text-image"]["queries"]
    for kind in ("image", "text"):
        made.add_vectors(kind, [f"{i}" for i in range(200, 400)], vectors[kind][200:])
    made.finish()
    assert made.stats()["nothing_fits"]["text-image"]["queries"] == 2 * before


def test_a_damaged_calibration_costs_only_the_verdict(tmp_path, vectors):
    made = Collection.create(tmp_path / "c", encoder=None, width=WIDTH)
    for kind in ("image", "text"):
        made.add_vectors(kind, [f"{i}" for i in range(200)], vectors[kind][:200])
    made.finish()
    (made.path / calibration.FILE).write_text("{")
    assert asked(made, vectors["text"][0]) is None
    made.finish()
    assert asked(made, vectors["text"][0]) is not None
