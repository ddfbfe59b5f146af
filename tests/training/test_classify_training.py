"""From labelled texts or pictures to a classifier; stopped, gone on with, and given bad input."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from tiny_training import IMAGE, PLAN, TEXT, write_pairs
from tuwen import classes, encoders
from tuwen.classes import TextClassifier
from tuwen.errors import InputError
from tuwen.files import read_arrays
from tuwen.report import plots
from tuwen.training import classify_training
from tuwen.training.classify import Classify
from tuwen.training.classify_training import train_classifier

QUICK = replace(PLAN, epochs=6, batch_size=8, learning_rate=1e-2)


def write_titles(folder, count=60, name="titles.csv"):
    """Titles whose class stands in one word, in both languages."""
    rows = [("title", "class")]
    words = {"sport": ("football match", "球队"), "money": ("stock market", "股市")}
    for number in range(count):
        label = ("sport", "money")[number % 2]
        english, chinese = words[label]
        rows.append((f"{english} day {number}" if number % 4 < 2 else f"{chinese}新闻{number}", label))
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny text classifier."""
    folder = tmp_path_factory.mktemp("trained")
    titles = write_titles(folder)
    return titles, train_classifier(titles, folder / "out", text_encoder=TEXT, held_out=0.3, plan=QUICK)


def test_the_classes_are_learned(trained):
    _, done = trained
    assert done.classes == ["money", "sport"] and (done.items, done.held_out) == (42, 18)
    assert done.figures["accuracy"] == 1 and done.figures["chance"] == 0.5


def test_the_folder_opens_as_a_classifier_of_texts(trained):
    _, done = trained
    found = classes.load(done.folder)
    assert isinstance(found, TextClassifier)
    assert found.predict(["a football match", "股市大涨", ""])[:2] == ["sport", "money"]
    names = {path.name for path in done.folder.iterdir()}
    assert names >= {"classes.json", "state.npz", "text", "run.json", "report.md"}
    assert "checkpoint" not in names and ("curves.png" in names) == plots.available()


def test_what_is_opened_gives_what_was_trained(trained, monkeypatch, tmp_path):
    titles, _ = trained
    seen = []
    write = classify_training._keep

    def keep(folder, task, about, found):
        seen.append((task.probabilities(), task))
        write(folder, task, about, found)

    monkeypatch.setattr(classify_training, "_keep", keep)
    texts = {}
    monkeypatch.setattr(
        classify_training, "_within", lambda rest, held, refusals: texts.update(held=held) or held
    )
    done = train_classifier(titles, tmp_path / "out", text_encoder=TEXT, plan=replace(QUICK, epochs=1))
    found = classes.load(done.folder).probabilities(texts["held"].items)
    np.testing.assert_allclose(found, seen[0][0], atol=1e-5)


def test_the_text_network_is_an_encoder_of_its_own(trained):
    _, done = trained
    assert encoders.load(f"{done.folder / 'text'},device=cpu").encode(["球队"], "text").shape == (1, 16)


def test_a_classifier_is_kept_elsewhere_with_its_network(trained, tmp_path):
    _, done = trained
    found = classes.load(done.folder)
    found.save(tmp_path / "copy")
    again = classes.load(tmp_path / "copy")
    assert (again.probabilities(["球队"]) == found.probabilities(["球队"])).all()


def test_pictures_give_a_classifier_of_the_vectors_of_their_encoder(tmp_path):
    pairs = write_pairs(tmp_path, 18)
    done = train_classifier(
        pairs, tmp_path / "out", image_encoder=IMAGE, size=32, held_out=0.3, plan=replace(QUICK, epochs=8)
    )
    assert done.takes == "pictures" and done.classes == ["blue", "green", "red"]
    encoder = encoders.load(f"{done.folder / 'image'},device=cpu")
    found = classes.load(done.folder)
    files = [tmp_path / f"{number}.png" for number in range(18)]
    right = [("red", "green", "blue")[number % 3] for number in range(18)]
    assert found.takes == "vectors"
    agree = np.mean(np.array(found.predict(encoder.encode(files, "image"))) == right)
    assert agree > 0.6 and done.figures["accuracy"] > 0.6  # a third by chance; sums differ with threads


def test_a_training_that_was_stopped_ends_as_one_that_was_not(trained, tmp_path, monkeypatch):
    titles, _ = trained
    plan = replace(QUICK, epochs=3)
    whole = train_classifier(titles, tmp_path / "whole", text_encoder=TEXT, plan=plan)
    step, done = Classify.step, []

    def stopping(self, *given):
        done.append(1)
        if len(done) == 10:
            raise KeyboardInterrupt
        return step(self, *given)

    monkeypatch.setattr(Classify, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        train_classifier(titles, tmp_path / "part", text_encoder=TEXT, plan=plan)
    monkeypatch.setattr(Classify, "step", step)
    with pytest.raises(InputError, match="--resume goes on"):
        train_classifier(titles, tmp_path / "part", text_encoder=TEXT, plan=plan)
    part = train_classifier(titles, tmp_path / "part", text_encoder=TEXT, plan=plan, resume=True)
    one, other = (read_arrays(run.folder / "state.npz")["weights_"] for run in (whole, part))
    np.testing.assert_array_equal(one, other)
    assert not (part.folder / "checkpoint").exists()


def test_items_of_a_validation_file_that_cannot_be_measured_are_listed(trained, tmp_path):
    titles, _ = trained
    more = tmp_path / "more.csv"
    rows = "title,class\n球队夺冠,sport\n股市,money\nfootball match day 0,sport\nrain,weather\n"
    more.write_text(rows, encoding="utf-8")
    done = train_classifier(
        titles, tmp_path / "out", text_encoder=TEXT, validation=more, plan=replace(QUICK, epochs=1)
    )
    assert (done.items, done.held_out) == (60, 2)
    assert [refusal.item for refusal in done.refusals] == ["football match day 0", "rain"]


def test_without_anything_held_out_the_last_epoch_is_kept(tmp_path):
    titles = write_titles(tmp_path, 8)
    done = train_classifier(
        titles, tmp_path / "out", text_encoder=TEXT, held_out=0.0, plan=replace(QUICK, epochs=2)
    )
    assert done.figures is None and done.course.best_epoch == 2
    assert any("nothing was held out" in note for note in done.notes)


@pytest.mark.parametrize(("given", "said"), [
    ({"text_encoder": TEXT, "image_encoder": IMAGE}, "texts or pictures"),
    ({"text_encoder": TEXT, "held_out": 1.0}, "held_out is 1.0"),
    ({"text_encoder": TEXT, "dropout": 1.0}, "dropout is 1.0"),
    ({"text_encoder": TEXT, "size": 32}, "size is of pictures"),
])  # fmt: skip
def test_what_cannot_work_is_said_at_once(trained, tmp_path, given, said):
    titles, _ = trained
    with pytest.raises(InputError, match=said):
        train_classifier(titles, tmp_path / "out", **given)


def test_a_folder_of_something_else_is_left_alone(trained, tmp_path):
    titles, _ = trained
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="holds something else"):
        train_classifier(titles, tmp_path, text_encoder=TEXT)
