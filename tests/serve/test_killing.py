"""kill -9 while items are added: the service starts again and nothing acknowledged is lost."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

import tuwen
from serving import picture
from tiny import TinyEncoder
from tuwen.collection import Collection
from tuwen.errors import ServiceError

WORKER = Path(__file__).parents[1] / "serve_worker.py"
SENDERS, RECORDS = 3, 5  # clients at a time; records of each request

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")


@contextmanager
def serving(path):
    """A server in a process of its own; gives the process and its address."""
    process = subprocess.Popen(
        [sys.executable, WORKER, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), process.stderr.read()
        reader = threading.Thread(target=process.stdout.read)
        reader.start()
        yield process, url
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        process.stderr.close()


def send(url, number, acknowledged, enough):
    """Add records until the server is gone; note what it has acknowledged."""
    with tuwen.Client(url, "tiny") as client:
        for turn in range(10_000):
            name = f"{number}-{turn}"
            records = [{"texts": [{"id": f"{name}-{n}", "text": f"red {name} {n}"}]} for n in range(RECORDS)]
            pixels = picture((number, turn % 256, 9))
            records[0]["images"] = [{"id": name, "name": "a.png", "data": pixels}]
            try:
                client.add(records, wait=0)
            except ServiceError:
                return
            acknowledged.append((name, pixels))
            if len(acknowledged) >= 8:
                enough.set()


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path):
    path, acknowledged, enough = tmp_path / "tiny", [], threading.Event()
    with serving(path) as (process, url):
        senders = [
            threading.Thread(target=send, args=(url, number, acknowledged, enough))
            for number in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        assert enough.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        for sender in senders:
            sender.join()

    with serving(path) as (process, url):
        with tuwen.Client(url, "tiny") as client:
            client.add([{"texts": ["the last"]}], wait=60)  # after all that was left
            for name, pixels in acknowledged:
                assert client.picture(name) == pixels
                for n in range(RECORDS):
                    assert client.get("text", f"{name}-{n}").text == f"red {name} {n}"
            texts = [item.id for item in client.items("text")]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM  # after it has finished

    assert len(texts) == len(set(texts))
    collection = Collection.open(path, encoder=TinyEncoder())
    assert collection.verify() == []
    assert not list((path / "uploads" / "jobs").glob("*.json"))


def test_a_stop_finishes_what_was_accepted(tmp_path):
    path = tmp_path / "tiny"
    with serving(path) as (process, url):
        with tuwen.Client(url, "tiny") as client:
            for turn in range(5):
                client.add([{"texts": [f"red {turn} {n}" for n in range(20)]}], wait=0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM  # after it has finished
    assert Collection.open(path, encoder=TinyEncoder()).count("text") == 100
