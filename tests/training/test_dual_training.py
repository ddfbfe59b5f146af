"""From pairs to a folder that indexes and answers; stopped, gone on with, and given bad input."""

import math
from dataclasses import replace

import numpy as np
import pytest

import tuwen
from tiny_training import IMAGE, PLAN, TEXT, write_pairs
from tuwen import methods
from tuwen.collection import Collection
from tuwen.data import open_source
from tuwen.errors import InputError
from tuwen.files import read_json
from tuwen.ingest import ingest
from tuwen.learned import Learned
from tuwen.training import dual_training
from tuwen.training.dual import Dual
from tuwen.training.dual_training import train_dual

SMALL = {"image_encoder": IMAGE, "text_encoder": TEXT, "size": 32, "plan": PLAN, "width": 16}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training on twelve pictures of which none is held out but six further ones validate."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "more").mkdir()
    pairs, more = write_pairs(folder, 12), write_pairs(folder / "more", 6)
    done = train_dual(pairs, folder / "out", validation=more, **SMALL)
    return pairs, done


def test_what_was_trained_indexes_and_answers_at_once(trained, tmp_path):
    pairs, done = trained
    collection = Collection.create(tmp_path / "collection", method=done.folder)
    ingest(collection, open_source(pairs))
    assert (collection.count("image"), collection.count("text")) == (12, 24)
    assert len(tuwen.open(tmp_path / "collection").search("红色的图", k=5)) == 5


def test_the_folder_holds_the_method_its_encoders_and_the_report(trained):
    _, done = trained
    names = {path.name for path in done.folder.iterdir()}
    assert names >= {"method.json", "state.npz", "encoders.json", "image", "text", "run.json", "report.md"}
    assert "checkpoint" not in names
    assert (done.folder / "text" / "tokenizer.json").is_file()
    method = methods.load(done.folder)
    assert method.bits == 16
    assert len(method.curve_["loss"]) == PLAN.epochs
    run = read_json(done.folder / "run.json")
    assert run["plan"]["seed"] == PLAN.seed
    assert run["machine"]["tuwen"] == tuwen.__version__
    assert run["course"]["step"] == done.course.step == 3 * PLAN.epochs


def test_the_report_has_both_directions_pairs_classes_and_chance(trained):
    _, done = trained
    assert {(row["direction"], row["true"], row["scores"]) for row in done.evaluation.rows} == {
        (direction, true, scores)
        for direction in ("text to image", "image to text")
        for true in ("pair", "class")
        for scores in ("trained", "chance")
    }
    text = (done.folder / "report.md").read_text(encoding="utf-8")
    assert "| text to image | class | trained |" in text
    assert "a second" in text
    assert done.evaluation.per_second > 0


def test_a_training_that_was_stopped_goes_on_to_the_same_result(trained, tmp_path, monkeypatch):
    pairs, done = trained
    arguments = {**SMALL, "validation": pairs.parent / "more" / "pairs.csv"}
    plain, seen = Dual.loss, []

    def breaks(self, batch, progress):
        seen.append(progress)
        if len(seen) == 5:
            raise RuntimeError("power cut")
        return plain(self, batch, progress)

    monkeypatch.setattr(Dual, "loss", breaks)
    with pytest.raises(RuntimeError, match="power cut"):
        train_dual(pairs, tmp_path / "out", **arguments)
    with pytest.raises(InputError, match="--resume goes on with it"):
        train_dual(pairs, tmp_path / "out", **arguments)
    with pytest.raises(InputError, match="width 16, but 24 is asked for"):
        train_dual(pairs, tmp_path / "out", resume=True, **{**arguments, "width": 24})
    with pytest.raises(InputError, match="image resnet18,width=4, but resnet34,width=4 is asked for"):
        train_dual(pairs, tmp_path / "out", resume=True, **{**arguments, "image_encoder": "resnet34,width=4"})
    train_dual(pairs, tmp_path / "out", resume=True, **arguments)
    assert Learned.open(tmp_path / "out").fingerprint == Learned.open(done.folder).fingerprint


def test_a_loss_that_is_no_number_keeps_the_last_good_state_and_is_told(tmp_path, monkeypatch):
    plain, seen = Dual.loss, []

    def breaks(self, batch, progress):
        seen.append(progress)
        return plain(self, batch, progress) * (math.nan if len(seen) == 5 else 1)

    monkeypatch.setattr(Dual, "loss", breaks)
    done = train_dual(write_pairs(tmp_path), tmp_path / "out", **SMALL)
    assert done.notes[0] == "training ended early: the loss is nan at step 5 of 6"
    assert done.course.best_epoch == 1
    assert np.isfinite(Learned.open(done.folder).encode_texts(["red"])).all()


def test_a_training_that_ranks_by_chance_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(dual_training.Evaluation, "guesses", True)
    pairs = write_pairs(tmp_path, 12)
    done = train_dual(pairs, tmp_path / "out", validation=pairs, **SMALL | {"plan": replace(PLAN, epochs=1)})
    assert "no better than guessing; lower --rate" in " ".join(done.notes)


def test_bad_pictures_and_long_texts_are_told_and_the_rest_goes_on(tmp_path):
    pairs = write_pairs(tmp_path, 12, extra=[("1.png", "red " * 60, "red")])
    (tmp_path / "3.png").write_bytes(b"\x89PNG but no more")
    (tmp_path / "4.png").unlink()
    done = train_dual(pairs, tmp_path / "out", **SMALL)
    assert done.pictures == 10
    assert sorted(refusal.item.rpartition("/")[2] for refusal in done.refusals) == ["3.png", "4.png"]
    assert any("1 texts were longer than the 16 tokens" in note for note in done.notes)
    assert any("nothing was held out" in note for note in done.notes)
    assert done.evaluation is None


def test_a_class_of_one_item_is_no_trouble(tmp_path):
    pairs = write_pairs(tmp_path, 24)
    pairs.write_text(pairs.read_text("utf-8").replace(",red\n", ",alone\n", 1), "utf-8")
    done = train_dual(pairs, tmp_path / "out", **{**SMALL, "held_out": 0.3})
    assert done.pictures == 24 - 7
    assert all(0 <= row["map"] <= 1 for row in done.evaluation.rows)


def test_a_result_is_replaced_and_anything_else_is_left_alone(trained, tmp_path):
    _, done = trained
    dual_training.check_free(done.folder, resume=False)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        dual_training.check_free(tmp_path, resume=False)
    with pytest.raises(InputError, match="no training that was stopped"):
        dual_training.check_free(tmp_path / "new", resume=True)


def test_pictures_of_which_one_can_be_decoded_are_too_few(tmp_path):
    pairs = write_pairs(tmp_path, 2)
    (tmp_path / "0.png").write_bytes(b"")
    with pytest.raises(InputError, match="1 of 2 pictures can be decoded"):
        train_dual(pairs, tmp_path / "out", **SMALL)


def test_several_processes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match="several processes train together with --encoder only"):
        train_dual("none.csv", tmp_path / "out")
