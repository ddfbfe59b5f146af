"""One thread writes: what was accepted is not lost, what is half done is not seen."""

import json
import threading

import pytest

from serving import picture
from tuwen.errors import Locked
from tuwen.serve import jobs, writing
from tuwen.serve.problems import Problem
from tuwen.serve.writing import Writer


def record(text, **more):
    texts = [{"id": None, "text": text}]
    return {"entity": None, "label": None, "metadata": {}, "texts": texts, "images": []} | more


def image(data, identifier=None, name="a.png"):
    return {"id": identifier, "name": name, "data": data}


@pytest.fixture
def writer(tiny_collection):
    """A writer that has not begun."""
    return Writer(tiny_collection, "tiny")


def test_what_was_accepted_is_written_at_the_next_start(writer, tiny_collection):
    job = writer.add([record("red words", images=[image(picture((9, 9, 9)), "dark")])], [])
    other = Writer(tiny_collection, "tiny")  # as after a crash: the first never began
    other.start()
    other.close()
    assert tiny_collection.get("image", "dark").entity == "dark"
    assert other.job(job.id).state == "done"
    assert jobs.left(tiny_collection, "tiny") == []


def test_a_job_done_twice_changes_nothing(writer, tiny_collection):
    job = writer.add([record("red words", images=[image(picture((9, 9, 9)))])], [])
    (file,) = jobs.journal(tiny_collection).glob("*.json")
    kept = file.read_bytes()
    writer.start()
    writer.close()
    file.write_bytes(kept)  # killed after the tables were written and before the note was taken away
    again = Writer(tiny_collection, "tiny")
    again.start()
    again.close()
    assert again.job(job.id).refused == []
    assert (tiny_collection.count("image"), tiny_collection.count("text")) == (17, 17)


def test_jobs_that_wait_are_written_together(writer, tiny_collection):
    made = [writer.add([record(f"red {number}")], []) for number in range(5)]
    before = tiny_collection.store.view.head.sequence
    writer.start()
    writer.close()
    assert {job.state for job in made} == {"done"}
    assert tiny_collection.store.view.head.sequence == before + 1


def test_jobs_about_one_item_are_written_one_after_the_other(writer, tiny_collection):
    for words in ("red", "red", "blue"):
        writer.add([record("", texts=[{"id": "note", "text": words}])], [])
    writer.start()
    writer.close()
    assert [job.refused for job in writer.listed()] == [[], [], []]
    assert tiny_collection.get("text", "note").text == "blue"


def test_each_job_has_its_own_refusals(writer):
    good = writer.add([record("red")], [])
    bad = writer.add(
        [record("  "), record("blue")], [{"item": "x.png", "code": "truncated", "reason": "cut"}]
    )
    writer.start()
    writer.close()
    assert good.refused == []
    assert [(line["item"], line["code"]) for line in bad.refused] == [
        ("x.png", "truncated"),
        ("record 0", "empty-row"),
    ]
    assert "/" not in bad.refused[1]["reason"]


def test_one_job_that_fails_does_not_spoil_the_others(writer, monkeypatch, tiny_collection):
    store = writing.Writer._store

    def failing(self, together):
        if any(
            text["text"] == "poison" for job in together for each in job.records for text in each["texts"]
        ):
            raise OSError(f"{tiny_collection.path} is full")
        store(self, together)

    monkeypatch.setattr(writing.Writer, "_store", failing)
    made = [writer.add([record(text)], []) for text in ("red", "poison", "blue")]
    writer.start()
    writer.close()
    assert [job.state for job in made] == ["done", "failed", "done"]
    assert made[1].error == "a fault of the server"
    assert [job.id for job in jobs.left(tiny_collection, "tiny")] == [made[1].id]


def test_a_stop_finishes_what_waits_and_takes_no_more(writer):
    made = [writer.add([record(f"red {number}")], []) for number in range(3)]
    writer.start()
    writer.close()
    assert all(job.state == "done" for job in made)
    assert not writer.alive
    with pytest.raises(Problem, match="stopping"):
        writer.add([record("late")], [])


def test_too_many_changes_are_told_to_come_again(writer, monkeypatch):
    monkeypatch.setattr(writing, "WAITING", 1)
    writer.add([record("red")], [])
    with pytest.raises(Problem, match="too many changes") as raised:
        writer.call(lambda: None)
    assert raised.value.status_code == 503


def test_searches_see_all_of_a_commit_or_nothing(writer, tiny_collection):
    """A reader that looks all the time meets whole jobs only."""
    seen, over = set(), threading.Event()

    def look():
        while not over.is_set():
            seen.add(tiny_collection.store.view.count("texts") - 16)

    reader = threading.Thread(target=look)
    writer.start()
    reader.start()
    for turn in range(3):
        writer.wait(writer.add([record(f"red {turn} {number}") for number in range(50)], []), 30)
    over.set()
    reader.join()
    writer.close()
    assert seen <= {0, 50, 100, 150} and 150 in seen


def test_a_picture_that_another_job_waits_for_stays(writer, tiny_collection):
    writer.add([record("a", images=[image(picture((9, 9, 9)), "one")])], [])
    writer.start()
    writer.wait(writer.listed()[0], 30)
    gate = threading.Event()
    writer.call(gate.wait)
    gone = writer.call(lambda: writer.delete("image", ["one"]))
    waiting = writer.add([record("b", images=[image(picture((9, 9, 9)), "two")])], [])
    gate.set()
    assert gone.result(30) == 1
    writer.wait(waiting, 30)
    writer.close()
    assert waiting.state == "done" and waiting.refused == []
    assert tiny_collection.get("image", "two").path


def test_only_one_server_takes_changes_of_a_collection(writer, tiny_collection):
    writer.start()
    with pytest.raises(Locked, match="--read-only"):
        Writer(tiny_collection, "tiny").start()
    writer.close()
    after = Writer(tiny_collection, "tiny")
    after.start()
    after.close()


def test_refusals_of_the_ledger_find_their_job(tiny_collection):
    images = [{"id": "a", "name": "a.png", "path": "/x/uploads/aa/aa.png"}]
    job = jobs.Job(collection="tiny", id="j", records=[record("red"), record("blue", images=images)])
    inside, beside = jobs.uploads_of(tiny_collection), tiny_collection.path
    jobs.add_refusals(
        tiny_collection,
        [job],
        [
            {"item": f"{beside}/j:0", "code": "featureless", "reason": "the text 'red' says nothing"},
            {"item": f"{inside}/j:1", "code": "empty-row", "reason": "j:1: the text is empty"},
            {"item": "/x/uploads/aa/aa.png", "code": "featureless", "reason": "/x/uploads/aa/aa.png is flat"},
            {"item": f"{inside}/other:0", "code": "empty-row", "reason": "another's"},
        ],
    )
    assert [(line["item"], line["reason"]) for line in job.refused] == [
        ("record 0", "the text 'red' says nothing"),
        ("a.png", "a.png is flat"),
        ("record 1", "the text is empty"),
    ]


def test_much_that_is_new_makes_the_indexes_ready(writer, tiny_collection, monkeypatch):
    made = []
    monkeypatch.setattr(writing, "FEW", 3)
    monkeypatch.setattr(type(tiny_collection), "finish", lambda self: made.append(self.count("text")))
    writer.start()
    for number in range(4):
        writer.wait(writer.add([record(f"red {number}")], []), 30)
        done = writer.call(lambda: None)
        done.result(30)
    writer.close()
    assert made == [19]  # after three of the four


def test_only_so_many_ended_jobs_are_told_of(writer, monkeypatch):
    monkeypatch.setattr(jobs, "KEPT", 2)
    writer.start()
    for number in range(5):
        writer.wait(writer.add([record(f"red {number}")], []), 30)
    writer.close()
    assert len(writer.listed()) == 3  # two that ended before the last was accepted, and the last


def test_the_journal_is_plain_json(writer, tiny_collection):
    job = writer.add([record("red", images=[image(picture(), "x", "海.png")])], [])
    (file,) = jobs.journal(tiny_collection).glob("*.json")
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept["id"] == job.id and kept["records"][0]["images"][0]["name"] == "海.png"
