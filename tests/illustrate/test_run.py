import shutil
from datetime import date, timedelta

import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.illustrate import spaces, weighing
from tuwen.illustrate.base import Query
from tuwen.illustrate.options import Options
from tuwen.illustrate.run import Illustrator


@pytest.fixture
def illustrator(tiny_collection):
    return Illustrator(tiny_collection, text=spaces.COLLECTION)


def asked(illustrator, *queries, **how):
    answers, refusals = illustrator.ask(list(queries), Options(**how))
    return answers, refusals


def first(answer):
    return answer.choices[0].id if answer.choices else None


def test_a_headline_gets_its_pictures_and_says_why(illustrator):
    (answer,), refusals = asked(illustrator, Query(id="1", text="一张红色的图片"), k=2)
    assert {choice.id for choice in answer.choices} == {"red-0", "red-1"} and refusals == []
    best = next(choice for choice in answer.choices if choice.id == "red-0")
    assert {reason.name for reason in best.reasons} == {"text", "through", "cross"}
    assert best.shared == ("一张红色的图片",) and best.picture.endswith("red-0.png")


def test_a_picture_gets_a_text(illustrator, tiny_pictures):
    (answer,), _ = asked(illustrator, Query(id="1", picture=tiny_pictures / "cyan-1.png"), k=1)
    assert "cyan" in answer.choices[0].text


def test_a_draft_picture_helps_and_is_not_offered_again(illustrator, tiny_pictures):
    draft = tiny_pictures / "blue-0.png"
    # vectors that are made elsewhere come without the hashes of files
    from tuwen.files import content_hash

    illustrator._hashes[content_hash(draft.read_bytes())] = illustrator.library.ids.index("blue-0")
    (answer,), _ = asked(illustrator, Query(id="1", text="blue", picture=draft), k=3)
    assert first(answer) == "blue-1"
    assert "blue-0" not in [choice.id for choice in answer.choices]
    assert "image" in {reason.name for reason in answer.choices[0].reasons}


def test_the_text_of_the_very_picture_comes_first(illustrator, tiny_pictures):
    from tuwen.files import content_hash

    asked_with = tiny_pictures / "green-0.png"
    illustrator._hashes[content_hash(asked_with.read_bytes())] = illustrator.library.ids.index("red-0")
    (answer,), _ = asked(illustrator, Query(id="1", picture=asked_with), k=2)
    assert answer.choices[0].itself and answer.choices[0].id == "red-0"


def test_a_class_is_kept_to(illustrator):
    (answer,), _ = asked(illustrator, Query(id="1", text="red", label="blue"))
    assert {choice.label for choice in answer.choices} == {"blue"} and answer.label == "blue"


def test_a_class_is_guessed_from_the_librarys_own(illustrator):
    (answer,), _ = asked(illustrator, Query(id="1", text="a yellow picture with a grey dot"), guess=True)
    assert answer.label == "yellow" and answer.label_probability > 1 / 8
    assert {choice.label for choice in answer.choices} == {"yellow"}


def test_the_paper_keeps_what_is_near_both_ways(illustrator, tiny_pictures):
    query = Query(id="1", text="a red picture with a grey dot", picture=tiny_pictures / "red-1.png")
    (answer,), _ = asked(illustrator, query, mode="paper", reach=2)
    assert [choice.id for choice in answer.choices] == ["red-0"]
    assert answer.weights == {} and all(reason.share == 0 for reason in answer.choices[0].reasons)


def test_the_paper_says_when_the_lists_do_not_meet(illustrator, tiny_pictures):
    query = Query(id="1", text="a red picture with a grey dot", picture=tiny_pictures / "cyan-1.png")
    (answer,), _ = asked(illustrator, query, mode="paper", reach=1)
    assert answer.choices == () and answer.fits is False


def test_the_paper_goes_by_triples_when_there_are_any(tiny_collection, tiny_pictures):
    from tuwen.triples.base import Triple
    from tuwen.triples.given import Called

    def cut(text):
        parts = text.split(" ", 2)
        return [Triple(*parts)] if len(parts) == 3 else []

    extractor = Called(lambda texts: [cut(text) for text in texts])
    made = Illustrator(tiny_collection, text=spaces.COLLECTION, triples=extractor)
    query = Query(id="1", text="a red picture", picture=tiny_pictures / "red-1.png")
    (answer,), _ = asked(made, query, mode="paper", reach=3)
    assert first(answer) == "red-0"
    (fused,), _ = asked(made, query)
    assert "triples" in {reason.name for reason in fused.choices[0].reasons}
    (without,), _ = asked(made, Query(id="2", text="red"))
    assert "triples" not in {reason.name for reason in without.choices[0].reasons}
    assert "triples" in {reason.name for reason in answer.choices[0].reasons}


def test_the_paper_needs_texts_and_pictures(tiny_collection):
    made = Illustrator(tiny_collection, text=spaces.NONE)
    with pytest.raises(InputError, match="needs both"):
        asked(made, Query(id="1", text="red"), mode="paper")
    with pytest.raises(InputError, match="triples"):
        from tuwen.triples.given import Called

        Illustrator(tiny_collection, text=spaces.NONE, triples=Called(lambda texts: [[] for _ in texts]))


def test_a_left_out_item_is_neither_an_answer_nor_a_help(illustrator):
    query = Query(id="1", text="a red picture with a grey dot", leave_out="red-0")
    (answer,), _ = asked(illustrator, query, k=16)
    assert "red-0" not in [choice.id for choice in answer.choices]


def test_what_was_used_lately_is_marked_until_it_is_long_ago(illustrator):
    how = {"used": {"red-0": date(2026, 5, 1)}, "today": date(2026, 5, 20), "k": 2}
    query = Query(id="1", text="a red picture with a grey dot")

    def days(**more):
        (answer,), _ = asked(illustrator, query, **how, **more)
        return {choice.id: choice.used for choice in answer.choices}

    assert days()["red-0"] == date(2026, 5, 1)
    assert days(lately=timedelta(days=18))["red-0"] is None
    assert "red-0" not in days(skip_used=True)


def test_a_picture_that_an_earlier_headline_has_first_is_marked(illustrator):
    (one, other), _ = asked(illustrator, Query(id="a", text="red"), Query(id="b", text="红"), k=1)
    assert first(one) == first(other)
    assert (one.choices[0].first_for, other.choices[0].first_for) == ("", "a")


def test_a_filter_and_a_weight_of_nothing(illustrator):
    (answer,), _ = asked(
        illustrator, Query(id="1", text="red"), where="number = 1", weights={"text": 0.0}, k=1
    )
    assert first(answer) == "red-1"
    assert "text" not in {reason.name for reason in answer.choices[0].reasons}


def test_weights_learned_from_the_library_are_used_and_kept(tiny_collection, monkeypatch):
    monkeypatch.setattr(weighing, "FEWEST", 8)
    made = Illustrator(tiny_collection, text=spaces.COLLECTION)
    learned = made.learned()
    assert learned.queries == 8
    (answer,), _ = asked(made, Query(id="1", text="red"))
    assert answer.weights == learned.weights | {"text": learned.weights["through"]}
    (answer,), _ = asked(made, Query(id="1", text="red"), weights={"text": 2.0})
    assert answer.weights == learned.weights | {"text": 2.0}
    monkeypatch.setattr(weighing, "learn_weights", None)  # what is kept is not learned again
    assert Illustrator(tiny_collection, text=spaces.COLLECTION).learned() == learned
    shutil.rmtree(tiny_collection.path / "illustrate")
    with pytest.raises(TypeError):
        Illustrator(tiny_collection, text=spaces.COLLECTION).learned()


@pytest.mark.parametrize("fusing", ["learned", "reciprocal-rank", "weighted"])
def test_every_way_to_fuse_finds_the_colour(illustrator, fusing):
    (answer,), _ = asked(illustrator, Query(id="1", text="a cyan picture"), fusing=fusing, k=1)
    assert first(answer).startswith("cyan")


def test_bad_questions_are_listed_and_the_others_answered(illustrator, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no")
    answers, refusals = asked(
        illustrator, Query(id="a", text=""), Query(id="b", picture=bad), Query(id="c", text="red")
    )
    assert [answer.query.id for answer in answers] == ["c"]
    assert refusals[0].code == "empty" and len(refusals) == 2


def test_nothing_that_may_be_chosen_is_no_fitting_picture(illustrator):
    (answer,), _ = asked(illustrator, Query(id="1", text="red"), where="number = 7")
    assert answer.choices == () and answer.fits is False


def test_a_library_with_classes_says_when_nothing_fits(tiny_collection, paired, monkeypatch):
    made = Illustrator(tiny_collection, text=spaces.COLLECTION)
    made.library = paired
    fit = made.fits()
    assert fit is not None and fit.by_class
    found = fit.judge(paired, {"text": -paired.vectors["text"].mean(axis=0)}, np.empty(0, dtype=np.int64))
    assert found.probability < 0.5
